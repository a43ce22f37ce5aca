"""Produce from the event loop; delivery reports come back into it. One thread polls the producers of the worker."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Literal

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from services.runtime.errors import FatalError
from services.runtime.kafka import OutgoingRecord
from services.runtime.logging import get_logger

log = get_logger(__name__)

Report = Callable[[str | None], None]
"""Called in the event loop: None where Kafka has the record, else why not."""

NotSent = Literal["backpressure", "unacknowledged", "unusable"]
"""Why Kafka's client took nothing: its queue is full; it refuses every record, as in a fatal state or where there is no
such topic; the record is too large for Kafka."""


class Deliveries:
    """The worker's two producers.

    Args:
        frames: Producer of frames.
        events: Producer of camera events.
        loop: Where reports are called.
    """

    def __init__(self, frames: Producer, events: Producer, loop: asyncio.AbstractEventLoop) -> None:
        self._frames = frames
        self._events = events
        self._loop = loop
        self._fatal: str | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="deliveries", daemon=True)
        self._thread.start()

    def send_frame(self, record: OutgoingRecord, report: Report) -> NotSent | None:
        """Hand a frame to Kafka's client; not None: why nothing was sent, and then no report follows."""
        return self._send(self._frames, record, report)

    def send_event(self, record: OutgoingRecord, report: Report) -> NotSent | None:
        """Hand an event to Kafka's client; answers as for frames."""
        return self._send(self._events, record, report)

    def check(self) -> None:
        """Look whether the producers can go on.

        Raises:
            FatalError: One can't.
        """
        if self._fatal is not None:
            raise FatalError(f"Kafka producer: {self._fatal}")

    def close(self, timeout_seconds: float) -> None:
        """Wait for what is under way, at most so long; then stop. The event loop must still run."""
        left = self._frames.flush(timeout_seconds) + self._events.flush(timeout_seconds)
        if left:
            log.warning("deliveries.left", records=left)
        self._closing.set()
        self._thread.join()

    def _send(self, producer: Producer, record: OutgoingRecord, report: Report) -> NotSent | None:
        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None and error.fatal():
                self._fatal = error.str()
            self._loop.call_soon_threadsafe(report, None if error is None else error.str())

        try:
            producer.produce(
                record.topic, record.value, record.key, headers=list(record.headers), on_delivery=delivered
            )
        except BufferError:
            return "backpressure"
        except KafkaException as error:
            return self._refused(record, error.args[0])
        return None

    def _refused(self, record: OutgoingRecord, error: KafkaError) -> NotSent:
        """Tell of a record that the client itself refuses; a fatal state shows in the next check."""
        key = (record.key or b"").decode(errors="replace")
        log.error("deliveries.refused", topic=record.topic, camera=key, error=error.str(), bytes=len(record.value))
        if error.fatal():
            self._fatal = error.str()
        return "unusable" if error.code() == KafkaError.MSG_SIZE_TOO_LARGE else "unacknowledged"

    def _poll(self) -> None:
        while not self._closing.is_set():
            self._frames.poll(0.05)
            self._events.poll(0)
