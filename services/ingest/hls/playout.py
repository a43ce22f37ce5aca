"""When a live stream's pictures are shown: in real time, a bounded while behind the edge. Pure: times are given to it.

A segment comes when its last picture was taken, seconds after its first: sampled as it comes, a camera would give
nothing for seconds and then all at once. So the stream is played one and a half target durations and half a second
behind its edge.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from services.ingest.hls.timeline import PlacedSegment
from services.ingest.jpeg_header import UnusablePictureError
from services.ingest.source import Picture

_DELAY_TARGETS = 1.5
"""One segment's length, which is played while the next one is made, and half of one: how late a changed playlist is
noticed, as it is asked for in that rhythm."""
_MARGIN_SECONDS = 0.5
"""For what a download and decoding take, and how much that differs."""
_MOST_TARGETS = 3.0
"""Farther behind the edge than RFC 8216 (6.3.3) has players begin, and twice the margin, a stream is skipped ahead."""
_EPSILON_SECONDS = 1e-3


@dataclass(frozen=True, slots=True)
class Instants:
    """The sampling grid: ``first`` + n * ``period``, in the event loop's seconds."""

    first: float
    period: float

    def within(self, start: float, end: float) -> list[float]:
        """Give the instants in [start, end)."""
        number = math.ceil((start - self.first) / self.period - 1e-6)
        last = math.ceil((end - self.first) / self.period - 1e-6)
        return [self.first + n * self.period for n in range(number, last)]


class Playout:
    """Says which instants fall into a segment, and keeps their pictures until they are due."""

    def __init__(self, instants: Instants) -> None:
        self._instants = instants
        self._shift: float | None = None
        self._shown: deque[tuple[float, Picture | UnusablePictureError]] = deque()

    @property
    def empty(self) -> bool:
        """Tell whether no picture waits."""
        return not self._shown

    def wanted(self, placed: list[PlacedSegment], edge: float, target: float, now: float) -> list[PlacedSegment]:
        """Give the new segments that are worth fetching: none before the point where playing begins or skips to,
        and none into which no instant falls."""
        start = edge - _delay(target)
        if self._shift is None or edge - (now - self._shift) > _most_delay(target):
            return [one for one in placed if one.end > start and not one.segment.gap]
        shift = self._shift
        return [one for one in placed if not one.segment.gap and self._falls_in(one, shift, now)]

    def admit(self, placed: PlacedSegment, edge: float, target: float, now: float) -> list[float]:
        """Place a segment that has come, and give its sampling instants as positions in it, in seconds.

        Where it came after its first picture was due, playing waits for it from now on, so that the next one may be as
        late; where playing has fallen too far behind the edge, it skips ahead.
        """
        start = max(placed.start, edge - _delay(target))
        if self._shift is None or now - self._shift > placed.start:
            self._shift = now - start
            self._shown.clear()
        elif edge - (now - self._shift) > _most_delay(target):
            skipped = (start - (now - self._shift)) // self._instants.period * self._instants.period
            self._shift -= max(0.0, skipped)  # whole periods: what waits stays on the grid
        shift = self._shift
        return [max(0.0, instant - shift - placed.start) for instant in self._due(placed, shift, now)]

    def add(self, placed: PlacedSegment, position: float, picture: Picture | UnusablePictureError) -> None:
        """Keep what is shown at the instant ``position`` seconds into a segment."""
        self._shown.append((placed.start + position, picture))

    def take(self, due: float) -> Picture | UnusablePictureError | None:
        """Give the newest thing to show at ``due``, less than a period old, once; older ones are dropped.

        Those on the grid are shown to the very instant; samples beside it get what is shown then.
        """
        found: Picture | UnusablePictureError | None = None
        shift = self._shift or 0.0
        while self._shown and self._shown[0][0] + shift <= due + _EPSILON_SECONDS:
            media, picture = self._shown.popleft()
            if media + shift > due - self._instants.period + _EPSILON_SECONDS:
                found = picture
        return found

    def _falls_in(self, placed: PlacedSegment, shift: float, now: float) -> bool:
        # One that is late already will be waited for: it is played from its start, wherever that is on the grid.
        return now - shift > placed.start or bool(self._due(placed, shift, now))

    def _due(self, placed: PlacedSegment, shift: float, now: float) -> list[float]:
        instants = self._instants.within(placed.start + shift, placed.end + shift)
        return [instant for instant in instants if instant + self._instants.period > now]


def _delay(target: float) -> float:
    return _DELAY_TARGETS * target + _MARGIN_SECONDS


def _most_delay(target: float) -> float:
    return _MOST_TARGETS * target + 2 * _MARGIN_SECONDS
