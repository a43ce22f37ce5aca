"""What Kafka's client does not take, and what is said of it."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from schemas.topics import FRAMES
from services.ingest.deliveries import Deliveries
from services.runtime.errors import FatalError
from services.runtime.kafka import OutgoingRecord

RECORD = OutgoingRecord(FRAMES.name, b"cam", b"jpeg", ())


class RefusingProducer:
    """Refuses every record by the same error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def produce(self, *_: object, **__: object) -> None:
        raise self.error

    def poll(self, seconds: float) -> int:
        return 0

    def flush(self, seconds: float) -> int:
        return 0


def not_sent(error: Exception) -> tuple[str | None, bool]:
    """Why a frame was not sent, and whether the producers can go on."""
    producer = cast("Producer", RefusingProducer(error))
    loop = asyncio.new_event_loop()
    deliveries = Deliveries(producer, producer, loop)
    try:
        return deliveries.send_frame(RECORD, lambda _: pytest.fail("no report follows")), not is_fatal(deliveries)
    finally:
        deliveries.close(0)
        loop.close()


def is_fatal(deliveries: Deliveries) -> bool:
    try:
        deliveries.check()
    except FatalError:
        return True
    return False


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (BufferError(), ("backpressure", True)),
        (KafkaException(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)), ("unusable", True)),
        (KafkaException(KafkaError(KafkaError._UNKNOWN_TOPIC)), ("unacknowledged", True)),
        (KafkaException(KafkaError(KafkaError._FATAL, "out of order", fatal=True)), ("unacknowledged", False)),
    ],
)
def test_what_the_client_refuses_is_not_taken_for_a_full_queue(error: Exception, why: tuple[str, bool]) -> None:
    assert not_sent(error) == why
