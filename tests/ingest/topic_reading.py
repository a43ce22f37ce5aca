"""Read what ingest wrote, from a real broker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from schemas.camera_events import CAMERA_EVENT_CODEC, CameraStatus
from schemas.frames import FrameHeaders
from schemas.topics import CAMERA_EVENTS, FRAMES
from services.runtime.kafka import ConsumedRecord, assign_whole_topic, whole_topic_consumer
from services.runtime.settings import KafkaSettings

Epoch = tuple[str, int]
"""(camera id, owner epoch)"""


def read_all(kafka: KafkaSettings, topic: str) -> Iterator[ConsumedRecord]:
    consumer = whole_topic_consumer(kafka, "tests")
    open_partitions = len(assign_whole_topic(consumer, topic))
    while open_partitions:
        message = consumer.poll(5.0)
        assert message is not None
        if message.error() is not None:
            open_partitions -= 1
        else:
            yield ConsumedRecord.from_message(message)
    consumer.close()


def frames_by_epoch(kafka: KafkaSettings) -> dict[Epoch, list[tuple[ConsumedRecord, FrameHeaders]]]:
    found: dict[Epoch, list[tuple[ConsumedRecord, FrameHeaders]]] = defaultdict(list)
    for record in read_all(kafka, FRAMES.name):
        headers = FrameHeaders.from_kafka(record.headers)
        found[(record.key or b"").decode(), headers.owner_epoch].append((record, headers))
    return found


def statuses_by_epoch(kafka: KafkaSettings) -> dict[Epoch, list[CameraStatus]]:
    found: dict[Epoch, list[CameraStatus]] = defaultdict(list)
    for record in read_all(kafka, CAMERA_EVENTS.name):
        event = CAMERA_EVENT_CODEC.decode(record.value)
        assert isinstance(event, CameraStatus)
        found[event.camera_id, event.owner_epoch].append(event)
    return found
