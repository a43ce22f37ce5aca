"""Judge by arrivals alone whether frames came as they should: the same for whatever delivers them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LATE_PERIODS = 0.5
"""A frame that comes later than that is late: a consumer that looks once a period would miss it."""


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
    """Hold a camera's frames against a beat that the last one before the window has set, else the first one in it."""
    start, end = window
    within = [arrival for arrival in arrivals if start <= arrival.at_seconds < end]
    due, late, lost = _first_beat(arrivals, start, period), 0, 0
    for arrival in within:
        behind = (arrival.at_seconds - due) / period
        if behind < -LATE_PERIODS and lost:  # one that was taken for lost has come after all
            late, lost = late + 1, lost - 1
            continue
        missed = max(0, _rounded(behind))
        lost += missed
        due += (missed + 1) * period
    lost += max(0, _rounded((end - due) / period))
    return Continuity(len(within), late, lost, sum(arrival.size_bytes for arrival in within))


def _first_beat(arrivals: Sequence[Arrival], start: float, period: float) -> float:
    """Give when the window's first frame is due."""
    last = max((arrival.at_seconds for arrival in arrivals if arrival.at_seconds < start), default=start - 2 * period)
    first = min((arrival.at_seconds for arrival in arrivals if arrival.at_seconds >= start), default=start)
    if start - last < 2 * period:
        return last + period
    return first if first - start < period else start


def _rounded(periods: float) -> int:
    return math.floor(periods + LATE_PERIODS)
