"""What is read beside a partition's frames, and since when."""

from __future__ import annotations

import time
from contextlib import closing

import pytest
from confluent_kafka import KafkaError, Message

from schemas.camera_events import CAMERA_EVENT_CODEC, FrameCoordinates, FrameDetections
from schemas.topics import CAMERA_EVENTS, FRAMES
from services.record.companions import Companions
from services.runtime.clock import now_ms
from services.runtime.kafka import events_producer
from services.runtime.settings import KafkaSettings
from tests.record.recorded_city import detections_at

pytestmark = pytest.mark.integration

CAMERA = "record-companions-1"
_PATIENCE_SECONDS = 60.0


def test_events_of_frames_that_an_episode_may_name_are_read_though_they_came_long_before_the_first_frame(
    kafka: KafkaSettings,
) -> None:
    now = now_ms()
    partition = send(kafka, [now - 600_000, now])
    times: list[int] = []
    with closing(Companions(kafka, "test")) as companions:
        companions.follow_events(partition, now)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while now not in times:
            assert time.monotonic() < deadline
            events = [told.value for told in companions.poll() if isinstance(told.value, FrameDetections)]
            times += [event.captured_at_ms for event in events if event.camera_id == CAMERA]
    assert times == [now - 600_000, now]


def send(kafka: KafkaSettings, times: list[int]) -> int:
    """Send an event of a frame of each of these times, as if it had come then, and give their partition."""
    producer, partitions = events_producer(kafka), set[int]()

    def acknowledged(error: KafkaError | None, message: Message) -> None:
        assert error is None, error
        partitions.add(message.partition() or 0)

    for number, at_ms in enumerate(times):
        event = detections_at(CAMERA, number, at_ms, FrameCoordinates(FRAMES.name, 0, number, at_ms))
        data = CAMERA_EVENT_CODEC.encode(event)
        producer.produce(CAMERA_EVENTS.name, data, CAMERA.encode(), timestamp=at_ms, on_delivery=acknowledged)
    producer.flush(20)
    (partition,) = partitions
    return partition
