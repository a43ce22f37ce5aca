"""Sampling instants: a fixed grid for each camera, without drift, spread so that cameras don't fire at once."""

from __future__ import annotations

import hashlib
import math


def spread_ratio(camera_id: str) -> float:
    """Give a camera's place within the sampling period, in [0, 1): even over many cameras, the same at every start."""
    digest = hashlib.blake2b(camera_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


class SampleClock:
    """The grid of one camera: instants ``origin + n * period``, each of which is taken or skipped exactly once.

    Args:
        camera_id: Says where on the grid the camera lies.
        period_seconds: Time between two instants.
        now: Seconds of the clock that all times here are on; the first instant is the first one from then on.
    """

    def __init__(self, camera_id: str, period_seconds: float, now: float) -> None:
        self.period_seconds = period_seconds
        self._phase = spread_ratio(camera_id) * period_seconds
        self._index = math.ceil((now - self._phase) / period_seconds)

    @property
    def due(self) -> float:
        """Give the next instant that was neither taken nor skipped."""
        return self._phase + self._index * self.period_seconds

    def take(self) -> float:
        """Take the next instant and give it."""
        due = self.due
        self._index += 1
        return due

    def skip_past(self, now: float) -> int:
        """Skip every instant whose own period is over at ``now``; give how many."""
        return self._skip_to(math.floor((now - self._phase) / self.period_seconds))

    def end(self, now: float) -> int:
        """Skip every instant that has come before ``now``, as the last that is asked of this clock; give how many.

        A clock that begins at the same ``now`` begins right behind them: no instant is counted twice, or by nobody.
        """
        return self._skip_to(math.ceil((now - self._phase) / self.period_seconds))

    def _skip_to(self, index: int) -> int:
        skipped = max(0, index - self._index)
        self._index += skipped
        return skipped
