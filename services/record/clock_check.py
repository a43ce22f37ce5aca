"""Whether this host's clock may be right, before anything is deleted or signed by it: neither can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from schemas.codec import ContractError
from schemas.recordings import day_of
from schemas.times import DAY_MS
from services.record.chain_lines import parse_line
from services.record.object_keys import CHAINS, GROWN, chain_prefix, segment_number
from services.runtime.errors import RetryableError
from services.runtime.object_store import ObjectStore, StoredObject

_MOST_AHEAD_MS: Final = DAY_MS
_DAYS: Final = 2


def check_clock(store: ObjectStore, now: int) -> None:
    """Compare the clock with when the store took its last entry, and with what that entry says of it.

    A bucket says when by a clock of its own, a folder by this host's; the entry by one that Kafka's confirmed. Of a
    camera that should send, each stretch without a frame is an entry too; so where there are none for a day, nothing
    records, and what is kept too long then is kept until something does.

    Raises:
        RetryableError: The clock is more than a day ahead of the earlier of the two; or the store is away.
    """
    grown = sorted(_grown(store, day_of(now)), key=lambda one: one.written_ms, reverse=True)
    newest = 0 if grown else now
    for one in grown:
        if one.written_ms <= newest:
            break
        newest = max(newest, min(one.written_ms, _said_ms(store, one.key)))
    if now > newest + _MOST_AHEAD_MS:
        told = datetime.fromtimestamp(newest / 1000, UTC)
        raise RetryableError(
            f"nothing has been recorded since {told:%Y-%m-%d %H:%M} UTC, or this host's clock is ahead: nothing is "
            "signed or deleted until something is recorded; to delete without that, `tilik evidence retention "
            "--clock-is-right`"
        )


def _grown(store: ObjectStore, today: str) -> Iterator[StoredObject]:
    """Give the segments of the newest chains, and the marks of the newest growth."""
    for kind in (CHAINS, GROWN):
        for day in [day for day in store.folders(kind) if day <= today][-_DAYS:]:
            yield from store.list(f"{kind}/{day}")


def _said_ms(store: ObjectStore, key: str) -> int:
    """Give when the last entry of a segment, or of the chain that a mark is of, says it was made; 0: nobody knows."""
    kind, *_, day, camera_id = key.split("/")
    if kind == GROWN:
        segments = [one.key for one in store.list(chain_prefix(camera_id, day)) if segment_number(one.key) is not None]
        key = segments[-1] if segments else ""
    last = ((store.get(key) if key else None) or b"").rstrip(b"\n").rsplit(b"\n", 1)[-1]
    try:
        return parse_line(last).entry.at_ms
    except ContractError:
        return 0
