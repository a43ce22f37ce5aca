"""Times in which something was wrong with a camera's picture: what it showed then stays hidden, also after they ended.

Frames of a quarantine are withdrawn as its verdicts come, and minutes are marked so in the record's index. That mark
may be missing, of a minute whose row came later, or was made anew: so the incident itself is asked for too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from services.portal.questions import Questions

_KEEP_SECONDS: Final = 15.0

_TROUBLES: Final = """SELECT toUnixTimestamp64Milli(started_at) AS from_ms,
    toUnixTimestamp64Milli(if(phase = 'open', toDateTime64('2200-01-01', 3, 'UTC'), ended_at)) AS until_ms, quarantined
FROM episodes_reviewed
WHERE camera_id = {camera_id:String} AND episode_type = 'camera_incident'"""


class Trouble(Struct, frozen=True):
    """An incident of a camera, in ms since 1970, its ends included. ``quarantined``: until a person released it."""

    from_ms: int
    until_ms: int
    quarantined: bool


async def troubles_of(ask: Questions, camera_id: str) -> list[Trouble]:
    """Give the incidents of a camera; of one that goes on the end is far away.

    Raises:
        RetryableError: ClickHouse does not answer.
    """
    return await ask.query_as(Trouble, _TROUBLES, {"camera_id": camera_id}, keep_seconds=_KEEP_SECONDS)


def is_in_trouble(troubles: Iterable[Trouble], first_ms: int, last_ms: int) -> bool:
    """Tell whether a time, its ends included, lies in one of these, or reaches into it."""
    return any(trouble.from_ms <= last_ms and first_ms <= trouble.until_ms for trouble in troubles)
