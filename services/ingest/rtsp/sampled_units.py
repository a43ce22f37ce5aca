"""Which access units are decoded for a sample: the newest keyframe, or, where those are too rare, all up to the newest.

unknown ──► keyframes ◄──► all

From connecting to the second keyframe all units are kept, so that a camera with rare keyframes loses no sample while it
is found out. Then only keyframes are, until one is overdue; the way back is open once several came in time.
Times are in seconds of the monotonic clock. Nothing here does I/O.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.ingest.rtsp.access_units import AccessUnit

RARE_PERIODS = 1.25
"""Keyframes are rare if there are more sampling periods between two: a camera's 1 s is allowed to be some more."""
_GOOD_IN_A_ROW = 3
"""So many keyframes in time lead back to keyframes alone: one more may be a scene that has changed."""
_UNIT_BYTES = 200
"""What Python spends on a unit besides its data."""

Mode = Literal["unknown", "keyframes", "all"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to decode for a sample; the picture is the last one's. ``restart``: the first one is a keyframe."""

    units: tuple[AccessUnit, ...]
    restart: bool
    chained: bool


class SampledUnits:
    """Keeps what the next sample may need.

    Args:
        period_seconds: Between two samples.
        clock_rate: Ticks of RTP's timestamps a second.
        most_bytes: Of units that are kept; beyond it the next keyframe is waited for.
    """

    def __init__(self, period_seconds: float, clock_rate: int, most_bytes: int) -> None:
        self.mode: Mode = "unknown"
        self.keyframe_seconds = 0.0
        self.frames_per_second = 0.0
        self._rare_seconds = RARE_PERIODS * period_seconds
        self._clock_rate = clock_rate
        self._most_bytes = most_bytes
        self._keyframe: AccessUnit | None = None
        self._given = True
        self._chain: list[AccessUnit] = []
        self._chain_bytes = 0
        self._chain_holds = False
        self._restart = True
        self._pictures = 0
        self._good = 0

    @property
    def lacks_keyframe(self) -> bool:
        """Tell whether pictures have come, but no keyframe."""
        return self._keyframe is None and self._pictures > 0

    def take(self, unit: AccessUnit) -> None:
        """Keep a unit, in the order in which they come."""
        self._pictures += 1
        if unit.keyframe:
            self._measure(unit)
            self._keyframe, self._given = unit, False
            self._chain, self._chain_bytes, self._chain_holds, self._restart = [], 0, True, True
            self._pictures = 0
        elif not unit.follows:
            self.break_chain()
        if self.mode != "keyframes" and self._chain_holds:
            self._chain.append(unit)
            self._chain_bytes += len(unit.data) + _UNIT_BYTES
            if self._chain_bytes > self._most_bytes:
                self.break_chain()

    def break_chain(self) -> None:
        """Have nothing decoded that builds on what came before, up to the next keyframe."""
        self._chain, self._chain_bytes, self._chain_holds = [], 0, False

    def wanted(self, earliest: float, now: float) -> Wanted | None:
        """Give what to decode for a picture that came at ``earliest`` or later and was not given; None: there is none.

        ``now`` tells whether a keyframe is overdue.
        """
        if self.mode != "all":
            if self._keyframe is not None and not self._given and self._keyframe.arrived >= earliest:
                self._given = True
                return Wanted((self._keyframe,), True, False)
            if self.mode == "keyframes" or not self._overdue(now):
                return None
            self.mode = "all"
        if not self._chain or self._chain[-1].arrived < earliest:
            return None
        wanted = Wanted(tuple(self._chain), self._restart, True)
        self._chain, self._chain_bytes, self._restart, self._given = [], 0, False, True
        return wanted

    def end_sample(self, now: float) -> None:
        """Note that a sample's time is over without a picture: that is where keyframes that have become rare show."""
        if self.mode == "keyframes" and self._overdue(now):
            self.mode, self._good = "all", 0
            self.break_chain()

    def _overdue(self, now: float) -> bool:
        return self._keyframe is not None and now - self._keyframe.arrived > self._rare_seconds

    def _measure(self, unit: AccessUnit) -> None:
        before = self._keyframe
        if before is None or before.holes != unit.holes:
            return  # between two with a loss there may have been another
        seconds = ((unit.timestamp - before.timestamp) & 0xFFFFFFFF) / self._clock_rate
        if not 0 < seconds < 3600:  # a clock that was set anew, or stands still
            seconds = unit.arrived - before.arrived
        self.keyframe_seconds = seconds
        if self.mode != "keyframes" and seconds > 0:
            self.frames_per_second = self._pictures / seconds
        rare = seconds > self._rare_seconds
        self._good = 0 if rare else self._good + 1
        if rare:
            self.mode = "all"
        elif self.mode == "unknown" or self._good >= _GOOD_IN_A_ROW:
            self.mode = "keyframes"
