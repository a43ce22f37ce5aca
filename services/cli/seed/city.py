"""The simulated city: what it is told, its clock and the weather, and which cameras are in trouble when it ends.

The rest is made in ClickHouse (``plan.py``, ``minutes.py``, ...), by functions of (seed, camera, day): the same
parameters give the same city, and two cities that end on different days agree about the days that they share, but for
what is about their ends.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from services.cli.seed.cameras import SeedCamera

MINUTE, HOUR, DAY = 60, 3600, 86_400
JAKARTA: Final = 7 * HOUR
"""Seconds that Asia/Jakarta is ahead of UTC, all year."""
_RAIN_A_DAY: Final = 0.3
_RAIN_BEFORE_END: Final = 150 * MINUTE
_SPRING_TIDE_DAYS: Final = 15


class Rain(NamedTuple):
    """Something that brings water: a rain, or a spring tide, which reaches the coast alone."""

    start_s: int
    strength: float
    is_tide: bool


class Trouble(NamedTuple):
    """Cameras by number: what is going on with them when the city ends.

    Attributes:
        blind: They went blind some minutes or hours before.
        unseen: So did they, and they have a water zone, which nobody sees therefore.
        lost: They have been blind for 40 hours.
    """

    blind: tuple[int, ...]
    unseen: tuple[int, ...]
    lost: tuple[int, ...]
    held: tuple[int, ...]
    unowned: tuple[int, ...]
    unattended: tuple[int, ...]
    parked: tuple[int, ...]


@dataclass(frozen=True)
class City:
    """What is made.

    Attributes:
        days: Days before ``until_s``.
        until_s: Until when episodes are told, s since 1970, a full minute.
        ahead_s: How long minutes go on after that, full minutes.
        raw_hours: Hours of frames with detections and outcomes, the last ones.
        ruleset: The one that is current.
    """

    cameras: Sequence[SeedCamera]
    days: int
    until_s: int
    ruleset: str
    seed: int = 1
    ahead_s: int = 0
    raw_hours: int = 0

    @property
    def from_s(self) -> int:
        """Give when it begins, s since 1970."""
        return self.until_s - self.days * DAY

    @property
    def end_s(self) -> int:
        """Give when its minutes end, s since 1970."""
        return self.until_s + self.ahead_s

    @property
    def epochs_s(self) -> tuple[int, int, int]:
        """Give when the ownerships of cameras begin: at first, at a roll-out, and before the raw hours; full hours."""
        last = self.until_s // HOUR * HOUR - max(self.raw_hours, 1) * HOUR
        return (self.from_s // HOUR * HOUR, (self.from_s + last) // 2 // HOUR * HOUR, last)

    @property
    def local_days(self) -> tuple[int, int]:
        """Give the first day and the one after the last, Asia/Jakarta, in days since 1970."""
        return (self.from_s + JAKARTA) // DAY, (self.until_s + JAKARTA) // DAY + 1

    @cached_property
    def rains(self) -> tuple[Rain, ...]:
        """Give the rains and spring tides in order; a heavy rain falls 150 minutes before the end."""
        last = Rain(self.until_s - _RAIN_BEFORE_END, 0.95, False)
        rains = [rain for day in range(*self.local_days) for rain in self._rains_of(day)]
        return (*sorted(rain for rain in rains if rain.start_s < last.start_s - 20 * HOUR), last)

    def _rains_of(self, day: int) -> Iterator[Rain]:
        chance = random.Random(self.seed * 1_000_003 + day)  # noqa: S311  (to be repeatable, not secret)
        midnight = day * DAY - JAKARTA
        if day % _SPRING_TIDE_DAYS < 2:
            yield Rain(midnight + chance.randrange(4 * HOUR, 6 * HOUR), round(chance.uniform(0.35, 0.6), 3), True)
        if chance.random() < _RAIN_A_DAY:
            yield Rain(midnight + chance.randrange(12 * HOUR, 19 * HOUR), round(chance.uniform(0.3, 1.0), 3), False)

    @cached_property
    def trouble(self) -> Trouble:
        """Give which cameras are in trouble at the end; each is in one trouble at most, and none of them floods."""
        chance = random.Random(self.seed)  # noqa: S311
        streets = [c.number for c in self.cameras if c.kind == "street" and not c.water_zone and not c.parking_zone]
        counters = [c.number for c in self.cameras if c.opens == "office"]
        kerbs = [c.number for c in self.cameras if c.parking_zone and not c.rush_only and not c.water_zone]
        waters = [c.number for c in self.cameras if c.water_zone and not c.parking_zone]
        few, some = max(1, len(self.cameras) // 300), max(1, len(self.cameras) // 110)
        drawn = chance.sample(streets, min(len(streets), 3 * few + some))
        return Trouble(
            blind=tuple(drawn[:some]),
            lost=tuple(drawn[some : some + few]),
            held=tuple(drawn[some + few : some + 2 * few]),
            unowned=tuple(drawn[some + 2 * few :]),
            unattended=tuple(chance.sample(counters, min(len(counters), some))),
            parked=tuple(chance.sample(kerbs, min(len(kerbs), some))),
            unseen=tuple(chance.sample(waters, min(len(waters), few))),
        )
