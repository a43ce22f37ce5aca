"""Legal holds: what a person has said must stay, as objects in the store."""

from __future__ import annotations

from schemas.recordings import LEGAL_HOLD_CODEC, LegalHold
from services.record.object_keys import HOLDS, hold_key
from services.runtime.object_store import ObjectStore


def place_hold(store: ObjectStore, hold: LegalHold) -> None:
    """Let nothing of an episode be deleted from now on; a later hold of the same one takes the place of the former.

    Raises:
        RetryableError: It is not known to be placed.
    """
    store.put(hold_key(hold.camera_id, hold.episode_id), LEGAL_HOLD_CODEC.encode(hold))


def end_hold(store: ObjectStore, camera_id: str, episode_id: str) -> LegalHold | None:
    """Let the usual times count again for an episode; give the hold that was ended, None where there was none.

    Raises:
        RetryableError: It may still be there.
        ContractError: What lies there is no hold.
    """
    data = store.get(hold_key(camera_id, episode_id))
    if data is None:
        return None
    store.delete(hold_key(camera_id, episode_id))
    return LEGAL_HOLD_CODEC.decode(data)


def holds_of(store: ObjectStore, camera_id: str) -> list[LegalHold]:
    """Give the holds at a camera.

    Raises:
        RetryableError: The store is away.
        ContractError: One can't be read: then nobody knows what must stay, and nothing may be deleted.
    """
    found = (store.get(listed.key) for listed in store.list(f"{HOLDS}/{camera_id}"))
    return [LEGAL_HOLD_CODEC.decode(data) for data in found if data is not None]
