"""Judge by arrivals alone whether frames came as they should: the same for whatever delivers them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LATE_PERIODS = 0.5
"""A frame that comes so much later than a period after the one before is late."""
_LOST_PERIODS = 0.75
"""So much later, a frame is taken for lost, until two come close together. More than half, because a stream's beat may
move by half a period when its keyframes come just when they would be too old for an instant."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A frame of camera number ``camera`` was there at ``at_seconds``, on any one clock."""

    camera: int
    at_seconds: float
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Continuity:
    """Of a time window: how many frames came, how many of them late, and how many did not come."""

    delivered: int
    late: int
    lost: int
    bytes: int

    def __add__(self, other: Continuity) -> Continuity:
        return Continuity(
            self.delivered + other.delivered, self.late + other.late, self.lost + other.lost, self.bytes + other.bytes
        )


def continuity(
    arrivals: Iterable[Arrival], cameras: int, window: tuple[float, float], period_seconds: float
) -> Continuity:
    """Judge all cameras together; one of which nothing came has lost everything.

    Args:
        arrivals: In any order; those before and after the window help to judge its edges.
        cameras: How many there are, numbered from 0.
        window: Start and end, on the arrivals' clock.
        period_seconds: How often a camera's frame is due.
    """
    by_camera: list[list[Arrival]] = [[] for _ in range(cameras)]
    for arrival in arrivals:
        by_camera[arrival.camera].append(arrival)
    judged = Continuity(0, 0, 0, 0)
    for of_one in by_camera:
        judged += _of_one(sorted(of_one, key=lambda arrival: arrival.at_seconds), window, period_seconds)
    return judged


def _of_one(arrivals: Sequence[Arrival], window: tuple[float, float], period: float) -> Continuity:
    """Hold each frame of a camera against the one before."""
    start, end = window
    within = [arrival for arrival in arrivals if start <= arrival.at_seconds < end]
    before, late, lost = _before(arrivals, start, period), 0, 0
    for arrival in within:
        behind = (arrival.at_seconds - before) / period - 1.0
        before = arrival.at_seconds
        if behind < -LATE_PERIODS and lost:  # one that was taken for lost has come after all
            late, lost = late + 1, lost - 1
            continue
        missed = max(0, math.floor(behind + 1.0 - _LOST_PERIODS))
        lost += missed
        late += behind - missed > LATE_PERIODS
    lost += max(0, math.floor((end - before) / period - 1.0 + _LOST_PERIODS))
    return Continuity(len(within), late, lost, sum(arrival.size_bytes for arrival in within))


def _before(arrivals: Sequence[Arrival], start: float, period: float) -> float:
    """Give when the last frame before the window came, or must have come."""
    last = max((arrival.at_seconds for arrival in arrivals if arrival.at_seconds < start), default=start - 2 * period)
    first = min((arrival.at_seconds for arrival in arrivals if arrival.at_seconds >= start), default=start)
    if start - last < 2 * period:
        return last
    return first - period if first - start < period else start - period
