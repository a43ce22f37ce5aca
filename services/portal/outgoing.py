"""What people decide on the portal goes to Kafka, beside the camera's frames."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from confluent_kafka import Producer

from schemas.camera_events import Decision
from services.runtime.decision_events import decision_record
from services.runtime.errors import RetryableError
from services.runtime.kafka import OutgoingRecord, events_producer
from services.runtime.loop import deliver
from services.runtime.settings import KafkaSettings

_SEND_SECONDS = 15.0
_MOST_WAITING = 16


class Outgoing:
    """The producer of one process, made when it is first needed. Each call returns once Kafka has acknowledged.

    It sends on a thread of its own: no reading that is slow keeps a decision waiting. Used from one event loop.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer: Producer | None = None
        self._sending = ThreadPoolExecutor(1, thread_name_prefix="outgoing")
        self._waiting = 0

    async def decide(self, *decisions: Decision) -> None:
        """Write decisions among their cameras' events.

        Raises:
            ConfigurationError: One breaks the contract: a reason that is too long.
            RetryableError: Kafka did not acknowledge in time, it may have them all the same; or too many wait already.
        """
        records = [decision_record(decision) for decision in decisions]
        if self._waiting >= _MOST_WAITING:
            raise RetryableError("too many decisions wait for Kafka already")
        self._waiting += 1
        sending = asyncio.get_running_loop().run_in_executor(self._sending, self._deliver, records)
        sending.add_done_callback(self._sent)
        await asyncio.shield(sending)  # who leaves has decided all the same

    def close(self) -> None:
        """Send no more; what has not begun is given up."""
        self._sending.shutdown(wait=False, cancel_futures=True)

    def _sent(self, sending: asyncio.Future[None]) -> None:
        self._waiting -= 1
        if not sending.cancelled():
            sending.exception()  # also where nobody waits any more

    def _deliver(self, records: Sequence[OutgoingRecord]) -> None:
        if self._producer is None:
            self._producer = events_producer(self._settings, delivery_timeout_seconds=_SEND_SECONDS)
        deliver(self._producer, records, _SEND_SECONDS + 1)
