"""How much time a camera's frames observe: the clock that every timer of the rules runs on."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from schemas.times import NO_DATA_MS
from services.aggregate.view import CameraView

MINUTE_MS: Final = 60_000
EXPECTED_SECONDS: Final = 60.0
"""What should be observed of a minute."""


class Step(Struct, frozen=True, gc=False):
    """The way from a camera's previous judged frame to the one that is being judged.

    ``from_ms`` and ``at_ms`` are their capture times, equal for the first frame. ``observed_ms`` is what the previous
    one observed, ``clock_ms`` the sum of all that up to now. ``reset`` tells that the gap was so long that runs start
    over, ``no_data`` that it even ends what is open. ``minutes`` is the observed time as (minute since 1970,
    milliseconds in it).
    """

    from_ms: int
    at_ms: int
    observed_ms: int
    clock_ms: int
    reset: bool
    no_data: bool
    minutes: tuple[tuple[int, int], ...]

    def clock_at(self, instant_ms: int) -> int:
        """Give what the clock showed at an instant of this step; before it, what it showed at its start."""
        since_start = min(max(instant_ms - self.from_ms, 0), self.observed_ms)
        return self.clock_ms - self.observed_ms + since_start


class Observation(Struct, array_like=True):
    """What is known of the previous judged frame. ``clock_ms`` sums what frames have observed since the first one."""

    at_ms: int = -1
    observes_most_ms: int = 0
    reset_gap_ms: int = 0
    clock_ms: int = 0

    def advance(self, at_ms: int, view: CameraView) -> Step:
        """Go on to the frame taken at ``at_ms`` and judged under ``view``."""
        from_ms = self.at_ms
        if from_ms < 0:
            step = Step(at_ms, at_ms, 0, 0, False, False, ())
        else:
            gap = at_ms - from_ms
            observed = gap if gap < self.observes_most_ms else self.observes_most_ms
            clock_ms = self.clock_ms = self.clock_ms + observed
            no_data = gap >= NO_DATA_MS
            reset = no_data or gap > self.reset_gap_ms
            step = Step(from_ms, at_ms, observed, clock_ms, reset, no_data, by_minute(from_ms, from_ms + observed))
        self.at_ms = at_ms
        self.observes_most_ms, self.reset_gap_ms = view.observes_most_ms, view.reset_gap_ms
        return step


def by_minute(start_ms: int, end_ms: int) -> tuple[tuple[int, int], ...]:
    """Give the time from ``start_ms`` to ``end_ms`` as (minute since 1970, milliseconds in it), in order."""
    minute, start_in_minute_ms = divmod(start_ms, MINUTE_MS)
    if 0 < start_in_minute_ms + end_ms - start_ms <= MINUTE_MS:  # nearly always
        return ((minute, end_ms - start_ms),)
    shares = []
    while start_ms < end_ms:
        minute = start_ms // MINUTE_MS
        until = min(end_ms, (minute + 1) * MINUTE_MS)
        shares.append((minute, until - start_ms))
        start_ms = until
    return tuple(shares)


class Mark(Struct, frozen=True, array_like=True, gc=False):
    """An instant, and what the clock of observed time showed at it."""

    at_ms: int
    clock_ms: int
