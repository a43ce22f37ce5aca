"""What is missing from a camera's record, and why. Pure.

A gap is noted for whole minutes before the one that is stored, for the minute itself where nothing of it may be shown,
and for the stretches within it that may not.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Final

from schemas.recordings import GapNoted, GapReason, day_of
from schemas.times import DAY_MS, MINUTE_MS
from services.record.minutes import ClosedMinute

LONGEST_GAP_MS = 8 * DAY_MS
"""A camera that comes back after longer begins anew: nobody looks for its minutes, and a clock may have been wrong."""
MOST_GAPS_A_MINUTE = 6
"""Stretches of a minute that are told apart; what lies between later ones is told as one."""
CAME_LATE: Final = "came after the minute was stored"
"""Detail of a gap that is said of a minute whose row is in the index by then, which it leaves as it is."""


def gap_before(covered_until_ms: int, minute_ms: int, reason: GapReason) -> list[GapNoted]:
    """Give the gaps, one a day, from where the record ends until a minute; none where nothing is known before it.

    Nothing is known (0) is longer ago than the longest gap, too.
    """
    if not 0 < minute_ms - covered_until_ms <= LONGEST_GAP_MS:
        return []
    return list(_by_day(covered_until_ms, minute_ms, reason))


def gaps_within(closed: ClosedMinute, spoilt: Container[int] = ()) -> list[GapNoted]:
    """Give the stretches of a minute that hold frames of which none may be shown; all of it where that is so of all.

    Nor can those be shown whose offsets are in ``spoilt``: they are no pictures.

    A stretch runs from its first frame until the next one that may be shown, or for another reason not, or until the
    minute's end.
    """
    end_ms = closed.minute_ms + MINUTE_MS
    bounds: list[tuple[int, GapReason | None]] = []
    for frame in closed.frames:
        reason: GapReason | None = "failed" if frame.offset in spoilt else closed.withheld.get(frame.offset)
        if not bounds or bounds[-1][1] != reason:
            bounds.append((frame.captured_at_ms, reason))
    if bounds and not closed.shown:
        bounds[0] = (closed.minute_ms, bounds[0][1])
    ends = [*(start for start, _ in bounds[1:]), end_ms]
    gaps = [
        GapNoted(from_ms=start, until_ms=end, reason=reason)
        for (start, reason), end in zip(bounds, ends, strict=True)
        if reason is not None and end > start
    ]
    kept, rest = gaps[: MOST_GAPS_A_MINUTE - 1], gaps[MOST_GAPS_A_MINUTE - 1 :]
    if rest:
        kept.append(GapNoted(from_ms=rest[0].from_ms, until_ms=rest[-1].until_ms, reason=rest[0].reason))
    return kept


def missing_within(closed: ClosedMinute) -> list[GapNoted]:
    """Give the stretches of a minute whose frames were lost, or not recorded."""
    return [GapNoted(from_ms=one.from_ms, until_ms=one.until_ms, reason=one.reason) for one in closed.missing]


def late_before(closed: ClosedMinute) -> list[GapNoted]:
    """Give the stretches of former minutes whose frames came after those were closed."""
    return [
        GapNoted(from_ms=one.from_ms, until_ms=one.until_ms, reason=one.reason, detail=CAME_LATE) for one in closed.late
    ]


def _by_day(from_ms: int, until_ms: int, reason: GapReason) -> Iterator[GapNoted]:
    """Cut a stretch where the city's day ends: each day has a chain of its own."""
    start_ms = from_ms
    for at_ms in range(from_ms + MINUTE_MS, until_ms, MINUTE_MS):
        if day_of(at_ms) != day_of(start_ms):
            yield GapNoted(from_ms=start_ms, until_ms=at_ms, reason=reason)
            start_ms = at_ms
    yield GapNoted(from_ms=start_ms, until_ms=until_ms, reason=reason)
