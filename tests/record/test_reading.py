"""What the recorder believes of Kafka: where it stands in it, and whether it has taken all that is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from schemas.topics import EPISODES, FRAMES
from services.record.confirmed_clock import ConfirmedClock
from services.record.metrics import RECORD_METRICS
from services.record.owned_partition import OwnedPartition
from services.record.reading import Reading
from services.record.settings import RecordSettings
from services.runtime.camera_registry import CameraRegistry
from services.runtime.health import Health
from services.runtime.kafka import frames_consumer
from services.runtime.metrics import Metrics
from services.runtime.service import Service
from services.runtime.settings import KafkaSettings
from services.runtime.store_settings import StoreSettings
from tests.record.recorded_city import City, make_camera, publish

pytestmark = pytest.mark.integration

CAMERA = "record-reading-1"
OFF_THEN = "record-reading-2"
GROUP = "record-reading"
_MUCH = 2 << 20
_PATIENCE_SECONDS = 60.0


@pytest.fixture
def reading(kafka: KafkaSettings, tmp_path: Path) -> Iterator[Reading]:
    """A group that has taken no episodes yet, and pauses when it holds more than 1 MiB.

    It begins after all frames that there are: those that other tests have left take much memory.
    """
    begin_after_all_frames(kafka)
    settings = RecordSettings(kafka=kafka, store=StoreSettings(url=str(tmp_path)), group=GROUP)
    service = Service(Health(), Metrics(RECORD_METRICS))
    publish(kafka, [make_camera(CAMERA)])
    registry = CameraRegistry(kafka, GROUP)
    registry.wait_until_current(20)
    reading = Reading(settings.model_copy(update={"memory_mib": 1}), service, registry, ConfirmedClock())
    yield reading
    reading.close()
    registry.close()


def begin_after_all_frames(kafka: KafkaSettings) -> None:
    consumer: Consumer = frames_consumer(kafka, GROUP)
    try:
        partitions = consumer.list_topics(FRAMES.name, timeout=20).topics[FRAMES.name].partitions
        places = [TopicPartition(FRAMES.name, each, end_of(kafka, each)) for each in partitions]
        consumer.commit(offsets=places, asynchronous=False)
    finally:
        consumer.close()


def poll_until(reading: Reading, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        reading.poll()


def test_what_came_during_a_pause_is_not_taken_for_nothing_and_a_new_group_says_where_it_began(
    reading: Reading, kafka: KafkaSettings
) -> None:
    city = City(kafka, [CAMERA])
    poll_until(reading, lambda: bool(reading.owned))
    assert committed(kafka, EPISODES.name, list(reading.owned)) == {owned.next_episode for owned in all_of(reading)}

    city.play(0, 5)
    poll_until(reading, lambda: any(owned.minutes.held_bytes for owned in all_of(reading)))
    owned = next(owned for owned in all_of(reading) if owned.minutes.held_bytes)
    assert not any(owned.caught_up for owned in all_of(reading) if not owned.followed)
    poll_until(reading, lambda: owned.caught_up)
    poll_until(reading, lambda: reading.has_all_frames(owned))
    owned.minutes.held_bytes += _MUCH
    reading.keep_within_memory(lambda: True)
    assert not reading.has_all_frames(owned)
    for _ in range(10):
        reading.poll()  # what was being fetched has come, empty
    city.play(5, 10)
    reading.keep_within_memory(lambda: False)
    assert not reading.has_all_frames(owned)
    poll_until(reading, lambda: reading.has_all_frames(owned))
    assert owned.next_frame == end_of(kafka, owned.partition)

    owned.minutes.held_bytes -= _MUCH
    reading.keep_within_memory(lambda: True)
    owned.minutes.held_bytes += _MUCH
    reading.keep_within_memory(lambda: True)
    assert not reading.has_all_frames(owned), "more room was lent, and is given back"

    owned.minutes.held_bytes -= _MUCH
    reading.keep_within_memory(lambda: False)
    poll_until(reading, lambda: reading.has_all_frames(owned))
    for is_busy in (lambda: True, lambda: False):
        reading.keep_within_memory(is_busy, index_is_full=True)
        assert not reading.has_all_frames(owned), "as many rows wait for ClickHouse as may"
    reading.keep_within_memory(lambda: False)
    poll_until(reading, lambda: reading.has_all_frames(owned))


def test_what_was_captured_while_nothing_was_to_be_recorded_stays_unrecorded(
    reading: Reading, kafka: KafkaSettings
) -> None:
    publish(kafka, [make_camera(OFF_THEN, record=False), make_camera(OFF_THEN, revision=2)])
    poll_until(reading, lambda: bool(reading.owned))
    City(kafka, [OFF_THEN]).play(0, 3)  # under revision 1
    owned = reading.owned_of(OFF_THEN)
    assert owned is not None
    poll_until(reading, lambda: owned.next_frame == end_of(kafka, owned.partition))
    camera = reading.camera(OFF_THEN)
    assert camera is not None
    assert camera.record
    assert owned.minutes.is_idle(OFF_THEN, 0)


def all_of(reading: Reading) -> list[OwnedPartition]:
    return list(reading.owned.values())


def committed(kafka: KafkaSettings, topic: str, partitions: list[int]) -> set[int]:
    consumer: Consumer = frames_consumer(kafka, GROUP)
    try:
        places = consumer.committed([TopicPartition(topic, partition) for partition in partitions], timeout=20)
        return {place.offset for place in places}
    finally:
        consumer.close()


def end_of(kafka: KafkaSettings, partition: int) -> int:
    consumer: Consumer = frames_consumer(kafka, GROUP)
    try:
        marks = consumer.get_watermark_offsets(TopicPartition(FRAMES.name, partition), timeout=20)
        assert marks is not None
        return int(marks[1])
    finally:
        consumer.close()
