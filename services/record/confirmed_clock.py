"""This host's clock, as far as Kafka's confirms it: one that jumps neither ends a minute early nor deletes early.

Kafka writes into each frame when it took it. Counted on from there by a clock that never jumps, that is a time which
has come for certain; where frames waited in Kafka it is behind by as long.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from services.runtime.clock import Clock, now_ms


class ConfirmedClock:
    """See the file's head. A ``Clock`` to decide by; safe to use from several threads.

    Args:
        clock: This host's.
        seconds: Gives monotonic seconds.
    """

    def __init__(self, clock: Clock = now_ms, seconds: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seconds = seconds
        self._kafka_ahead_ms = -math.inf

    def take(self, appended_at_ms: int) -> None:
        """Take it that Kafka took a frame at this time, ms since 1970."""
        self._kafka_ahead_ms = max(self._kafka_ahead_ms, appended_at_ms - self._seconds() * 1000)

    @property
    def is_confirmed(self) -> bool:
        """Tell whether a frame was seen, by which the time is told."""
        return self._kafka_ahead_ms > -math.inf

    def __call__(self) -> int:
        """Give the time, ms since 1970: the earlier one of the two; before the first frame this host's alone."""
        return min(self._clock(), self.of_kafka())

    def of_kafka(self) -> int:
        """Give Kafka's time, ms since 1970, to date entries by; before the first frame this host's.

        By a clock that is behind they would seem older than they are, and be deleted too early once it is right.
        """
        return int(self._kafka_ahead_ms + self._seconds() * 1000) if self.is_confirmed else self._clock()
