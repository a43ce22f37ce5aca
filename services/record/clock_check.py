"""Whether this host's clock may be right, before anything is deleted or signed by it: neither can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from schemas.recordings import day_of
from services.record.object_keys import CHAINS, GROWN
from services.runtime.errors import RetryableError
from services.runtime.object_store import ObjectStore

_MOST_AHEAD_MS: Final = 86_400_000
_DAYS: Final = 2


def check_clock(store: ObjectStore, now: int) -> None:
    """Compare the clock with when the store says that it last took an entry. A bucket says so by a clock of its own.

    Of a camera that should send, each stretch without a frame is an entry too; so where there are none for a day,
    nothing records, and what is kept too long then is kept until something does.

    Raises:
        RetryableError: The clock is more than a day ahead of it; or the store is away.
    """
    newest = max(_written_ms(store, day_of(now)), default=now)
    if now > newest + _MOST_AHEAD_MS:
        told = datetime.fromtimestamp(newest / 1000, UTC)
        raise RetryableError(
            f"nothing has been recorded since {told:%Y-%m-%d %H:%M} UTC, or this host's clock is ahead: nothing is "
            "signed or deleted until something is recorded; to delete without that, `tilik evidence retention`"
        )


def _written_ms(store: ObjectStore, today: str) -> Iterator[int]:
    """Give when segments of the newest chains, and marks of the newest growth, were written."""
    for kind in (CHAINS, GROWN):
        for day in [day for day in store.folders(kind) if day <= today][-_DAYS:]:
            yield from (one.written_ms for one in store.list(f"{kind}/{day}"))
