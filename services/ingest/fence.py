"""The fence: an owner that may have lost its cameras without knowing publishes nothing.

Kafka gives a worker's cameras to another one when it has been silent for the session time-out. A worker that was
stopped for longer (SIGSTOP, a paused machine) still believes that it owns them when it wakes. So every publish first
asks this clock whether the worker has turned its loop within the time-out. Once shut, a fence stays shut: the worker
must join anew.

The broker counts from the last heartbeat that it heard, the fence from the last poll, which may be later. So the fence
shuts earlier than the broker gives cameras away.
"""

from __future__ import annotations

import time
from collections.abc import Callable

MARGIN_SECONDS = 2.0
"""So much earlier: two heartbeats (``runtime.kafka.ownership_consumer``), one of which may just have been due."""


def boot_seconds() -> float:
    """Give seconds since boot, those in which the machine was suspended included (``CLOCK_BOOTTIME``)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Fence:
    """Open while the worker's loop turns. Any thread may ask.

    Args:
        session_timeout_seconds: Of the group; more than ``MARGIN_SECONDS``.
        clock: Seconds that go on while the process is stopped.
    """

    def __init__(self, session_timeout_seconds: float, clock: Callable[[], float] = boot_seconds) -> None:
        self._timeout_seconds = session_timeout_seconds - MARGIN_SECONDS
        self._clock = clock
        self._touched = clock()
        self._shut = False

    def touch(self) -> bool:
        """Say that the worker has just polled; False: too late, the fence is shut."""
        if not self.open:
            return False
        self._touched = self._clock()
        return True

    @property
    def open(self) -> bool:
        """Tell whether publishing is safe now."""
        if self._clock() - self._touched >= self._timeout_seconds:
            self._shut = True
        return not self._shut
