"""The newest frame of a camera in Kafka: as ingest captured it, private zones burnt, nobody made unrecognisable yet."""

from __future__ import annotations

import time
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from schemas.codec import ContractError
from schemas.frames import FrameHeaders
from schemas.topics import FRAMES
from services.runtime.errors import FatalError, RetryableError
from services.runtime.kafka import ConsumedRecord, assign_whole_topic, translated, whole_topic_consumer
from services.runtime.murmur2 import partition_of
from services.runtime.settings import KafkaSettings

_FIRST_RECORDS = 64
"""A partition holds some 25 cameras in a city: the newest frame of one that is well lies among its last 64 records."""
_MOST_RECORDS = 1024
"""Of 60 KB each they are 60 MB, about what Kafka's client holds at most."""
_CALL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame as it lies in Kafka."""

    jpeg: bytes
    headers: FrameHeaders


def newest_frame(kafka: KafkaSettings, camera_id: str, timeout_seconds: float) -> Frame | None:
    """Give the newest frame of a camera; None: Kafka, which keeps frames for ten minutes, has none. Blocks.

    Read is only the partition that the camera's key belongs to, from its end back.

    Raises:
        RetryableError: Kafka is away, or looking took longer than ``timeout_seconds``.
        FatalError: The frame says of itself what this program does not understand.
    """
    key, deadline = camera_id.encode(), time.monotonic() + timeout_seconds
    consumer = whole_topic_consumer(kafka, "tilik-picture")
    try:
        partition = partition_of(key, len(assign_whole_topic(consumer, FRAMES.name)))
        record = _newest(consumer, partition, key, deadline)
    except KafkaException as error:
        raise translated(error) from error
    finally:
        consumer.close()
    return _frame(record) if record is not None else None


def _newest(consumer: Consumer, partition: int, key: bytes, deadline: float) -> ConsumedRecord | None:
    """Look through ever larger pieces, each of which ends where the one before began."""
    low, end = consumer.get_watermark_offsets(TopicPartition(FRAMES.name, partition), timeout=_CALL_SECONDS)
    records = _FIRST_RECORDS
    while end > low:
        start = max(low, end - records)
        found = _last_of(consumer, TopicPartition(FRAMES.name, partition, start), end, key, deadline)
        if found is not None:
            return found
        end, records = start, min(2 * records, _MOST_RECORDS)
    return None


def _last_of(consumer: Consumer, start: TopicPartition, end: int, key: bytes, deadline: float) -> ConsumedRecord | None:
    """Give the last record with ``key`` from ``start`` on and before offset ``end``."""
    consumer.assign([start])
    found = None
    while time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is None:
            continue
        error, offset = message.error(), message.offset() or 0
        if error is not None and error.code() != KafkaError._PARTITION_EOF:
            raise translated(KafkaException(error))
        if error is not None or offset >= end:  # old records may have been deleted since
            return found
        if message.key() == key:
            found = ConsumedRecord.from_message(message)
        if offset == end - 1:
            return found
    raise RetryableError(f"partition {start.partition} of {FRAMES.name} could not be looked through in time")


def _frame(record: ConsumedRecord) -> Frame:
    try:
        return Frame(record.value, FrameHeaders.from_kafka(record.headers))
    except ContractError as error:
        raise FatalError(f"the newest frame, at offset {record.offset}, can't be understood: {error}") from error
