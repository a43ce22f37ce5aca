"""The loop while partitions come and go, on a consumer that plays a script; on a real broker: tests/pipeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from services.runtime.errors import FatalError
from services.runtime.health import Health
from services.runtime.kafka import ConsumedRecord, OutgoingRecord
from services.runtime.loop import LoopSettings, run_loop
from services.runtime.metrics import LOOP_METRICS, Metrics
from services.runtime.service import Service

TOPIC = "letters"

Place = tuple[int, int]
"""(partition, offset)"""


@dataclass(frozen=True)
class ReadMessage:
    """What the loop asks of a message."""

    place: Place
    fault: KafkaError | None = None

    def error(self) -> KafkaError | None:
        return self.fault

    def topic(self) -> str:
        return TOPIC

    def partition(self) -> int:
        return self.place[0]

    def offset(self) -> int:
        return self.place[1]

    def timestamp(self) -> tuple[int, int]:
        return (1, 0)

    def key(self) -> bytes:
        return b"cam-1"

    def value(self) -> bytes:
        return b""

    def headers(self) -> None:
        return None


@dataclass(frozen=True)
class Poll:
    """One poll: partitions that are taken and given while it lasts, in that order, and what it brings."""

    places: Sequence[Place] = ()
    revoked: Sequence[int] = ()
    assigned: Sequence[int] = ()
    fault: KafkaError | None = None


@dataclass
class ScriptedConsumer:
    """Plays its polls, then tells the service to stop."""

    polls: list[Poll]
    service: Service = field(default_factory=lambda: Service(Health(), Metrics(LOOP_METRICS)))
    commits: list[dict[int, int]] = field(default_factory=list)
    commit_fault: KafkaError | None = None
    closed: bool = False
    _callbacks: dict[str, Callable[[Consumer, list[TopicPartition]], None]] = field(default_factory=dict)

    def subscribe(self, topics: list[str], **callbacks: Callable[[Consumer, list[TopicPartition]], None]) -> None:
        assert topics == [TOPIC]
        self._callbacks = callbacks

    def consume(self, most: int, timeout: float) -> list[Message]:
        if not self.polls:
            self.service.stopping.set()
            return []
        poll = self.polls.pop(0)
        for name, partitions in (("on_revoke", poll.revoked), ("on_assign", poll.assigned)):
            if partitions:
                self._callbacks[name](self.consumer, [TopicPartition(TOPIC, number) for number in partitions])
        messages = [ReadMessage(place) for place in poll.places]
        if poll.fault is not None:
            messages.append(ReadMessage((0, 0), poll.fault))
        return [cast("Message", message) for message in messages]

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> list[TopicPartition]:
        assert not asynchronous
        if self.commit_fault is not None:
            raise KafkaException(self.commit_fault)
        self.commits.append({place.partition: place.offset for place in offsets})
        return offsets

    def close(self) -> None:
        self.closed = True

    @property
    def consumer(self) -> Consumer:
        return cast("Consumer", self)

    def play(self) -> list[Place]:
        """Run the loop on the script, and give what was processed."""
        processed: list[Place] = []

        def process(records: Sequence[ConsumedRecord]) -> list[OutgoingRecord]:
            processed.extend((record.partition, record.offset) for record in records)
            return []

        no_producer = cast("Producer", None)  # nothing follows from these records
        run_loop(LoopSettings(TOPIC), self.consumer, no_producer, process, self.service)
        return processed


def test_of_each_partition_one_past_its_last_record_is_committed() -> None:
    script = ScriptedConsumer([Poll([(0, 5), (1, 70), (0, 6)], assigned=[0, 1]), Poll([(1, 71)])])
    assert script.play() == [(0, 5), (1, 70), (0, 6), (1, 71)]
    assert script.commits == [{0: 7, 1: 71}, {1: 72}]
    assert script.closed


def test_records_of_a_partition_that_was_taken_away_in_the_same_poll_are_left_to_its_new_owner() -> None:
    script = ScriptedConsumer([Poll(assigned=[0, 1]), Poll([(0, 5), (1, 70)], revoked=[1])])
    assert script.play() == [(0, 5)]
    assert script.commits == [{0: 6}], "a commit for the other would set its new owner back"


def test_nothing_is_committed_where_all_was_taken_away() -> None:
    script = ScriptedConsumer([Poll([(0, 5)], assigned=[0], revoked=[]), Poll([(0, 6)], revoked=[0])])
    assert script.play() == [(0, 5)]
    assert script.commits == [{0: 6}]


def test_records_of_a_partition_that_came_back_in_the_same_poll_are_not_lost() -> None:
    script = ScriptedConsumer([Poll(assigned=[0]), Poll([(0, 5)], revoked=[0], assigned=[0]), Poll([(0, 6)])])
    assert script.play() == [(0, 5), (0, 6)]
    assert script.commits == [{0: 6}, {0: 7}]


def test_a_partition_taken_away_earlier_and_given_again_is_processed() -> None:
    script = ScriptedConsumer([Poll(assigned=[0]), Poll(revoked=[0]), Poll([(0, 9)], assigned=[0])])
    assert script.play() == [(0, 9)]


def test_the_service_is_ready_once_it_has_partitions() -> None:
    script = ScriptedConsumer([])
    script.play()
    assert script.service.health.missing == ["partitions"]
    script = ScriptedConsumer([Poll(assigned=[0])])
    script.play()
    assert script.service.health.missing == []


def test_a_commit_that_failed_costs_no_more_than_doing_the_batch_again() -> None:
    script = ScriptedConsumer([Poll([(0, 5)], assigned=[0]), Poll([(0, 6)])])
    script.commit_fault = KafkaError(KafkaError.UNKNOWN_MEMBER_ID)
    assert script.play() == [(0, 5), (0, 6)]


def test_an_error_of_a_poll_is_passed_over_and_a_fatal_one_ends_the_loop() -> None:
    passing = Poll([(0, 5)], assigned=[0], fault=KafkaError(KafkaError._ALL_BROKERS_DOWN))
    assert ScriptedConsumer([passing, Poll([(0, 6)])]).play() == [(0, 5), (0, 6)]
    fatal = ScriptedConsumer([Poll(fault=KafkaError(KafkaError._FENCED, "fenced", True)), Poll([(0, 6)])])
    with pytest.raises(FatalError):
        fatal.play()
    assert fatal.closed
