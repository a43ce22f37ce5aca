"""What people decide on the portal goes to Kafka: decisions beside the camera's frames, entries to the registry."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

from confluent_kafka import Producer

from schemas.camera_events import Decision
from schemas.cameras import Camera
from services.runtime.decision_events import decision_record
from services.runtime.kafka import OutgoingRecord, events_producer
from services.runtime.loop import deliver
from services.runtime.registry_publishing import publish
from services.runtime.settings import KafkaSettings

_SEND_SECONDS = 15.0


class Outgoing:
    """The producer of one process, made when it is first needed. Each call returns once Kafka has acknowledged."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer: Producer | None = None
        self._sending = threading.Lock()

    async def decide(self, *decisions: Decision) -> None:
        """Write decisions among their cameras' events.

        Raises:
            ConfigurationError: One breaks the contract: a reason that is too long.
            RetryableError: Kafka did not acknowledge in time; it may have them all the same.
        """
        await asyncio.to_thread(self._deliver, [decision_record(decision) for decision in decisions])

    async def register(self, *cameras: Camera) -> None:
        """Write new revisions to the registry, and see that they rule.

        Raises:
            OvertakenError: Somebody else was first with a revision of the same number.
            RetryableError: Kafka did not acknowledge in time; it may have them all the same.
        """
        await asyncio.to_thread(publish, self._settings, cameras, self._deliver)

    def _deliver(self, records: Sequence[OutgoingRecord]) -> None:
        with self._sending:
            if self._producer is None:
                self._producer = events_producer(self._settings, delivery_timeout_seconds=_SEND_SECONDS)
            deliver(self._producer, records, _SEND_SECONDS + 1)
