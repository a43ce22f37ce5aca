"""What a water zone's cells look like when it is dry, and how much of the zone is under water beyond that.

    grid of a frame ─► the zone's cells ─┬─► less the dry baseline ─► ratio of the frame ─► median of 60 s: r(t)
                                         └─► mean of late ─► once a minute, unless frozen ─► baseline

Results don't depend on the machine: what is done to each cell is one IEEE operation after the other, and the only sum
is exact (see ``_ratio_16``).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from functools import lru_cache
from typing import Final

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from schemas.cameras import FloodRule
from services.aggregate.view import WaterZone

Levels = NDArray[np.float32]
"""float32 [cells of the zone], in levels of the grid: 0 to 255."""

FULL: Final = 65_535
"""A ratio of 1 as a whole number: steps far finer than the grid's own, and a trailing window that stays small."""

LATE_MS: Final = 60_000
"""Time constant of the mean of late, in observed time; also how often it moves the baseline. A minute evens out
passers-by and ripples; moving it each frame would lose steps below what 32 bits hold."""

_LEVELS_A_RATIO: Final = FULL / 255
_TIME_SHIFT: Final = 16


class WaterBaseline(Struct, array_like=True):
    """The dry baseline of one zone, and the ratios of the trailing window.

    ``baseline`` and ``late`` are float32, a cell after the other, in levels of the grid; empty: all 0, and none yet.
    ``due_ms`` is the observed time for which the baseline has not moved yet. ``approved``: the next frame is the dry
    reference. ``window`` holds a number a frame: its capture time times 65,536, plus its ratio times ``FULL``.
    ``ratios`` are those ratios, sorted.
    """

    baseline: bytes = b""
    late: bytes = b""
    due_ms: int = 0
    approved: bool = False
    window: list[int] = field(default_factory=list)
    ratios: list[int] = field(default_factory=list)

    def start_over(self) -> None:
        """Forget what was seen before a gap. The baseline stays."""
        self.late = b""
        self.window, self.ratios = [], []

    def count_again(self) -> None:
        """Sort ``ratios``, which older states lack, from the window."""
        self.ratios = sorted(frame & FULL for frame in self.window)

    def approve(self) -> None:
        """Take the mean of late as dry, or where there is none the next frame."""
        if self.late:
            self.baseline = self.late
            self.window, self.ratios, self.due_ms = [], [], 0
        else:
            self.approved = True

    def take(self, water: bytes, zone: WaterZone, at_ms: int, observed_ms: int, rule: FloodRule) -> float:
        """Give r at a frame, 0 to 1.

        Args:
            water: The grid, a byte a cell.
            zone: Which cells count.
            at_ms: When the frame was taken.
            observed_ms: Observed time since the frame before.
            rule: Gives the window of the median.
        """
        levels = np.frombuffer(water, np.uint8)[cells_of(zone)].astype(np.float32)
        self._follow(levels, observed_ms)
        if self.approved:
            self.approved = False
            self.approve()
        ratio_16 = _ratio_16(levels, np.frombuffer(self.baseline, np.float32) if self.baseline else None)
        oldest = ((at_ms - round(rule.median_seconds * 1000)) << _TIME_SHIFT) + FULL
        window, ratios = self.window, self.ratios
        gone = 0
        while gone < len(window) and window[gone] <= oldest:
            del ratios[bisect_left(ratios, window[gone] & FULL)]
            gone += 1
        del window[:gone]
        window.append((at_ms << _TIME_SHIFT) + ratio_16)
        insort(ratios, ratio_16)
        return _median(ratios)

    def learn(self, observed_ms: int, rule: FloodRule) -> None:
        """Let ``observed_ms`` of dry observation move the baseline towards the mean of late, once a minute."""
        self.due_ms += observed_ms
        if self.due_ms < LATE_MS or not self.late:
            return
        late = np.frombuffer(self.late, np.float32)
        before = np.frombuffer(self.baseline, np.float32) if self.baseline else np.zeros_like(late)
        share = np.float32(self.due_ms / (rule.baseline_hours * 3_600_000 + self.due_ms))
        self.baseline = (before + (late - before) * share).tobytes()
        self.due_ms = 0

    def _follow(self, levels: Levels, observed_ms: int) -> None:
        if self.late:
            before = np.frombuffer(self.late, np.float32)
            levels = before + (levels - before) * np.float32(observed_ms / (LATE_MS + observed_ms))
        self.late = levels.tobytes()


@lru_cache(maxsize=8_192)
def cells_of(zone: WaterZone) -> NDArray[np.intp]:
    """Give the zone's cells as an array that indexes the grid."""
    return np.array(zone.cells, np.intp)


def _ratio_16(levels: Levels, baseline: Levels | None) -> int:
    """Give the mean over cells of what is above the baseline, 0 to ``FULL``.

    The sum is exact, so its order does not matter: each term is a multiple of 2^-24 below 256, as levels are whole
    numbers, and doubles hold the sum of 576 of these.
    """
    above = levels if baseline is None else np.maximum(levels, baseline) - baseline
    return round(float(np.add.reduce(above, dtype=np.float64)) * _LEVELS_A_RATIO / len(levels))


def _median(ratios: list[int]) -> float:
    middle = len(ratios) // 2
    twice = 2 * ratios[middle] if len(ratios) % 2 else ratios[middle - 1] + ratios[middle]
    return twice / (2 * FULL)
