"""The loop on a real broker: what is committed, and when."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # re-exported without __all__

from services.runtime.errors import FatalError, RetryableError
from services.runtime.health import Health
from services.runtime.kafka import ConsumedRecord, OutgoingRecord, events_producer, frames_consumer
from services.runtime.loop import LoopSettings, deliver, run_loop
from services.runtime.metrics import LOOP_METRICS, Metrics
from services.runtime.service import Service
from services.runtime.settings import KafkaSettings

pytestmark = pytest.mark.integration


class Line:
    """A source and a target topic of one partition each, and a group that works from one to the other."""

    def __init__(self, kafka: KafkaSettings, records: int) -> None:
        self.kafka = kafka
        self.source, self.target, self.group = (
            f"test-{kind}-{uuid.uuid4().hex[:8]}" for kind in ("in", "out", "group")
        )
        admin = AdminClient(kafka.client_config())
        for future in admin.create_topics([NewTopic(self.source, 1), NewTopic(self.target, 1)]).values():
            future.result(timeout=20)
        self.producer = events_producer(kafka)
        deliver(self.producer, [OutgoingRecord(self.source, b"k", b"%d" % n) for n in range(records)], 20)
        self.service = Service(Health(), Metrics(LOOP_METRICS))

    def run(
        self,
        process: Callable[[Sequence[ConsumedRecord]], Sequence[OutgoingRecord]],
        most_records: Callable[[], int] | None = None,
    ) -> None:
        """Run the loop until ``process`` sets ``stopping``, at most 30 s."""
        guard = threading.Timer(30, self.service.stopping.set)
        guard.start()
        settings = LoopSettings(topic=self.source, batch_records=4, backoff_first_seconds=0.01)
        try:
            consumer = frames_consumer(self.kafka, self.group)
            run_loop(settings, consumer, self.producer, process, self.service, most_records)
        finally:
            guard.cancel()

    def committed(self) -> int:
        """Give the group's offset; -1001 where there is none."""
        consumer = Consumer({**self.kafka.client_config(), "group.id": self.group})
        try:
            return int(consumer.committed([TopicPartition(self.source, 0)], timeout=10)[0].offset)
        finally:
            consumer.close()

    def results(self) -> list[bytes]:
        """Give all that lies in the target topic."""
        consumer = Consumer(
            {
                **self.kafka.client_config(),
                "group.id": "x",
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
            }
        )
        consumer.list_topics(self.target, timeout=10)
        consumer.assign([TopicPartition(self.target, 0, 0)])
        values: list[bytes] = []
        try:
            while (message := consumer.poll(10)) is not None and message.error() is None:
                values.append(message.value() or b"")
        finally:
            consumer.close()
        return values


def test_every_record_is_processed_and_committed_once_its_results_are_there(kafka: KafkaSettings) -> None:
    line = Line(kafka, records=10)
    seen: list[bytes] = []

    def process(records: Sequence[ConsumedRecord]) -> list[OutgoingRecord]:
        seen.extend(record.value for record in records)
        if len(seen) == 10:
            line.service.stopping.set()
        return [OutgoingRecord(line.target, b"k", b"done " + record.value) for record in records]

    line.run(process)

    assert seen == [b"%d" % n for n in range(10)]
    assert line.results() == [b"done %d" % n for n in range(10)]
    assert line.committed() == 10
    assert line.service.health.missing == []


def test_no_more_records_are_taken_than_are_asked_for(kafka: KafkaSettings) -> None:
    line = Line(kafka, records=10)
    batches: list[int] = []

    def process(records: Sequence[ConsumedRecord]) -> list[OutgoingRecord]:
        batches.append(len(records))
        if sum(batches) == 10:
            line.service.stopping.set()
        return []

    line.run(process, lambda: 2)

    assert max(batches) <= 2
    assert line.committed() == 10


def test_same_records_come_again_after_a_retryable_error(kafka: KafkaSettings) -> None:
    line = Line(kafka, records=3)
    batches: list[list[bytes]] = []

    def process(records: Sequence[ConsumedRecord]) -> list[OutgoingRecord]:
        batches.append([record.value for record in records])
        if len(batches) < 3:
            raise RetryableError("away")
        if records[-1].value == b"2":
            line.service.stopping.set()
        return []

    line.run(process)

    assert batches[0] == batches[1] == batches[2]
    assert line.committed() == 3


def test_nothing_is_committed_when_told_to_stop_while_something_is_away(kafka: KafkaSettings) -> None:
    line = Line(kafka, records=3)

    def process(records: Sequence[ConsumedRecord]) -> list[OutgoingRecord]:
        line.service.stopping.set()
        raise RetryableError("away")

    line.run(process)

    assert line.committed() < 0


def test_nothing_is_committed_when_a_result_was_not_acknowledged(kafka: KafkaSettings) -> None:
    line = Line(kafka, records=3)
    line.producer = events_producer(kafka, delivery_timeout_seconds=2)

    def process(records: Sequence[ConsumedRecord]) -> list[OutgoingRecord]:
        line.service.stopping.set()
        return [OutgoingRecord("topic-that-is-nowhere", b"k", b"v")]

    line.run(process)

    assert line.committed() < 0


def test_what_ends_the_process_leaves_the_loop(kafka: KafkaSettings) -> None:
    line = Line(kafka, records=1)

    def process(records: Sequence[ConsumedRecord]) -> list[OutgoingRecord]:
        raise FatalError("no way on")

    with pytest.raises(FatalError, match="no way on"):
        line.run(process)

    assert line.committed() < 0
