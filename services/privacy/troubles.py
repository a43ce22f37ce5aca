"""Times in which something was wrong with a camera's picture: what it showed then stays hidden, also after they ended.

The one rule for it: the portal goes by it, the export of evidence, and who makes the record's index again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

TROUBLES: Final = """SELECT toUnixTimestamp64Milli(started_at) AS from_ms,
    toUnixTimestamp64Milli(if(phase = 'open', toDateTime64('2200-01-01', 3, 'UTC'), ended_at)) AS until_ms, quarantined
FROM episodes_reviewed
WHERE camera_id = {camera_id:String} AND episode_type = 'camera_incident'"""
"""Asks ClickHouse for the ``Trouble`` of a camera; of an incident that goes on the end is far away."""


class Trouble(Struct, frozen=True):
    """An incident of a camera, in ms since 1970, its ends included. ``quarantined``: until a person released it."""

    from_ms: int
    until_ms: int
    quarantined: bool


def is_in_trouble(troubles: Iterable[Trouble], first_ms: int, last_ms: int) -> bool:
    """Tell whether a time, its ends included, lies in one of these, or reaches into it."""
    return any(trouble.from_ms <= last_ms and first_ms <= trouble.until_ms for trouble in troubles)
