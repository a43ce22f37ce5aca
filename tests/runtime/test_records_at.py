"""Records by coordinates, against a real Kafka."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from confluent_kafka import Message, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # re-exported without __all__

from schemas.topics import FRAMES
from services.runtime.errors import RetryableError
from services.runtime.kafka import frames_producer
from services.runtime.records_at import READ_THROUGH_RECORDS, RecordsAt
from services.runtime.settings import KafkaSettings

pytestmark = pytest.mark.integration

PARTITION = 3
OWN_TOPIC = "records-at-deleted"


def written(
    kafka: KafkaSettings, values: list[bytes], topic: str = FRAMES.name, partition: int = PARTITION
) -> list[int]:
    offsets: list[int] = []
    producer = frames_producer(kafka)

    def told(error: object, message: Message) -> None:
        assert error is None
        offsets.append(message.offset() or 0)

    for value in values:
        producer.produce(topic, value, b"records-at", partition=partition, on_delivery=told)
    producer.flush(30)
    return offsets


@pytest.fixture
def records(kafka: KafkaSettings) -> Iterator[RecordsAt]:
    reader = RecordsAt(kafka, "test-records-at")
    yield reader
    reader.close()


def test_each_record_is_the_one_that_was_written_there(kafka: KafkaSettings, records: RecordsAt) -> None:
    values = [bytes([n]) * (1 + 40_000 * n) for n in range(12)]
    offsets = written(kafka, values)
    for n in (7, 0, 11, 3):
        record = records.read(FRAMES.name, PARTITION, offsets[n])
        assert record is not None
        assert (record.offset, record.partition, record.value) == (offsets[n], PARTITION, values[n])


def test_several_are_read_in_one_go_over_gaps_of_any_size(kafka: KafkaSettings, records: RecordsAt) -> None:
    offsets = written(kafka, [str(n).encode() for n in range(4 * READ_THROUGH_RECORDS)])
    wanted = [offsets[n] for n in (0, 1, 4, 3 * READ_THROUGH_RECORDS, 4 * READ_THROUGH_RECORDS - 1)]
    found = records.read_many(FRAMES.name, PARTITION, [*wanted[::-1], wanted[0]])
    assert {offset: int(record.value) for offset, record in found.items()} == {o: offsets.index(o) for o in wanted}


def test_what_kafka_does_not_hold_is_none(kafka: KafkaSettings, records: RecordsAt) -> None:
    admin = AdminClient(kafka.client_config())
    admin.create_topics([NewTopic(OWN_TOPIC, 1, 1)])[OWN_TOPIC].result(20)
    written(kafka, [b"old", b"old", b"kept"], OWN_TOPIC, 0)
    start = TopicPartition(OWN_TOPIC, 0, 2)
    admin.delete_records([start])[start].result(60)
    assert [records.read(OWN_TOPIC, 0, offset) for offset in (0, 3, 1_000_000)] == [None, None, None]
    assert list(records.read_many(OWN_TOPIC, 0, range(5))) == [2]


def test_threads_do_not_get_each_others_records(kafka: KafkaSettings, records: RecordsAt) -> None:
    offsets = written(kafka, [str(n).encode() for n in range(30)])
    barrier = threading.Barrier(5)

    def read(start: int) -> list[bytes]:
        barrier.wait()
        found = [records.read(FRAMES.name, PARTITION, offset) for offset in offsets[start::5]]
        return [record.value for record in found if record is not None]

    with ThreadPoolExecutor(5) as threads:
        assert list(threads.map(read, range(5))) == [[str(n).encode() for n in range(s, 30, 5)] for s in range(5)]


def test_a_kafka_that_is_away_is_told_in_time() -> None:
    reader = RecordsAt(KafkaSettings(bootstrap_servers="127.0.0.1:1"), "test-records-at-away")
    started = time.monotonic()
    with pytest.raises(RetryableError, match="could not be read in time"):
        reader.read(FRAMES.name, 0, 0, timeout_seconds=0.3)
    assert time.monotonic() - started < 20  # not for ever
    reader.close()
