"""How much time a camera's frames observe: the clock that every timer of the rules runs on."""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec import Struct

from services.aggregate.view import CameraView

MINUTE_MS: Final = 60_000
EXPECTED_SECONDS: Final = 60.0
"""What should be observed of a minute."""

NO_DATA_MS: Final = 30 * MINUTE_MS
"""So long without a frame, and an open episode ends as ``no_data``."""


class Step(NamedTuple):
    """The way from a camera's previous judged frame to the one that is being judged.

    ``from_ms`` and ``at_ms`` are their capture times, equal for the first frame. ``observed_ms`` is what the previous
    one observed, ``clock_ms`` the sum of all that up to now. ``reset`` tells that the gap was so long that runs start
    over, ``no_data`` that it even ends what is open.
    """

    from_ms: int
    at_ms: int
    observed_ms: int
    clock_ms: int
    reset: bool
    no_data: bool

    def clock_at(self, instant_ms: int) -> int:
        """Give what the clock showed at an instant of this step; before it, what it showed at its start."""
        since_start = min(max(instant_ms - self.from_ms, 0), self.observed_ms)
        return self.clock_ms - self.observed_ms + since_start

    def minutes(self) -> list[tuple[int, int]]:
        """Give the observed time as (minute since 1970, milliseconds in it)."""
        start, end = self.from_ms, self.from_ms + self.observed_ms
        if start // MINUTE_MS == (end - 1) // MINUTE_MS:
            return [(start // MINUTE_MS, end - start)]
        shares = []
        while start < end:
            minute = start // MINUTE_MS
            until = min(end, (minute + 1) * MINUTE_MS)
            shares.append((minute, until - start))
            start = until
        return shares


class Observation(Struct, array_like=True):
    """What is known of the previous judged frame. ``clock_ms`` sums what frames have observed since the first one."""

    at_ms: int = -1
    observes_most_ms: int = 0
    reset_gap_ms: int = 0
    clock_ms: int = 0

    def advance(self, at_ms: int, view: CameraView) -> Step:
        """Go on to the frame taken at ``at_ms`` and judged under ``view``."""
        if self.at_ms < 0:
            step = Step(at_ms, at_ms, 0, 0, False, False)
        else:
            gap = at_ms - self.at_ms
            observed = min(gap, self.observes_most_ms)
            self.clock_ms += observed
            no_data = gap >= NO_DATA_MS
            step = Step(self.at_ms, at_ms, observed, self.clock_ms, no_data or gap > self.reset_gap_ms, no_data)
        self.at_ms = at_ms
        self.observes_most_ms, self.reset_gap_ms = view.observes_most_ms, view.reset_gap_ms
        return step


class Mark(Struct, frozen=True, array_like=True):
    """An instant, and what the clock of observed time showed at it."""

    at_ms: int
    clock_ms: int
