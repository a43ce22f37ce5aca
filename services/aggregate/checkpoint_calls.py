"""Calls into librdkafka that may have to be made again, and a watch over those that never come back."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from confluent_kafka import KafkaException

from services.runtime.errors import EXIT_RESTART
from services.runtime.logging import get_logger

log = get_logger(__name__)

T = TypeVar("T")

HANGING_AFTER_SECONDS = 60.0
"""Calls with a time-out of 10 s have been seen to never return after a broker's restart; six times that is no wait."""

_RETRY_PAUSE_SECONDS = 0.2


class KafkaCalls:
    """Make blocking calls of librdkafka, from any thread.

    Args:
        hanging_after_seconds: How long one call may take before it counts as hanging.
        clock: Monotonic seconds.
        pause: Waits so many seconds.
    """

    def __init__(
        self,
        hanging_after_seconds: float = HANGING_AFTER_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._hanging_after_seconds = hanging_after_seconds
        self._clock = clock
        self._pause = pause
        self._entered: dict[int, float] = {}

    def call(self, make: Callable[[], T], retry_seconds: float = 60.0) -> T:
        """Give what ``make`` gives; a retriable error means that the same call is to be made again.

        Raises:
            KafkaException: The error is not retriable, or ``retry_seconds`` have passed.
        """
        started, thread = self._clock(), threading.get_ident()
        try:
            while True:
                self._entered[thread] = self._clock()
                try:
                    return make()
                except KafkaException as error:
                    if not error.args[0].retriable() or self._clock() - started > retry_seconds:
                        raise
                    self._pause(_RETRY_PAUSE_SECONDS)
        finally:
            self._entered.pop(thread, None)

    @property
    def hanging(self) -> bool:
        """Tell whether a call has not come back for too long."""
        now = self._clock()
        return any(now - entered > self._hanging_after_seconds for entered in tuple(self._entered.values()))


def watch(calls: KafkaCalls, stopping: threading.Event) -> threading.Thread:
    """End the process with code 70 once a call hangs: its thread can't be stopped in any other way."""

    def look() -> None:
        while not stopping.wait(5.0):
            if calls.hanging:
                log.error("checkpoint.call_hangs", exit_code=EXIT_RESTART)
                os._exit(EXIT_RESTART)

    thread = threading.Thread(target=look, name="kafka-watchdog", daemon=True)
    thread.start()
    return thread
