"""Legal holds: what a person has said must stay, as objects in the store."""

from __future__ import annotations

from schemas.recordings import HOLD_ENDED_CODEC, LEGAL_HOLD_CODEC, HoldEnded, LegalHold
from services.record.object_keys import HOLDS, ended_hold_key, hold_key
from services.runtime.clock import now_ms
from services.runtime.object_store import ObjectStore


def place_hold(store: ObjectStore, hold: LegalHold) -> None:
    """Let nothing of an episode be deleted from now on; a later hold of the same one takes the place of the former.

    Raises:
        RetryableError: It is not known to be placed.
    """
    store.put(hold_key(hold.camera_id, hold.episode_id), LEGAL_HOLD_CODEC.encode(hold))


def end_hold(store: ObjectStore, camera_id: str, episode_id: str, by: str, why: str) -> LegalHold | None:
    """Let the usual times count again for an episode; give the hold that was ended, None where there was none.

    It is kept with who ended it, and why.

    Raises:
        RetryableError: It may still be there.
        ContractError: What lies there is no hold: place it anew, then end it. Or nobody, or no reason, is named.
    """
    data = store.get(hold_key(camera_id, episode_id))
    if data is None:
        return None
    ended = HoldEnded(hold=LEGAL_HOLD_CODEC.decode(data), ended_by=by, reason=why, ended_at_ms=now_ms())
    kept = HOLD_ENDED_CODEC.encode(ended)
    HOLD_ENDED_CODEC.decode(kept)
    store.put(ended_hold_key(camera_id, episode_id, ended.ended_at_ms), kept)
    store.delete(hold_key(camera_id, episode_id))
    return ended.hold


def holds_of(store: ObjectStore, camera_id: str) -> list[LegalHold]:
    """Give the holds at a camera.

    Raises:
        RetryableError: The store is away.
        ContractError: One can't be read: then nobody knows what must stay, and nothing may be deleted.
    """
    found = (store.get(listed.key) for listed in store.list(f"{HOLDS}/{camera_id}"))
    return [LEGAL_HOLD_CODEC.decode(data) for data in found if data is not None]
