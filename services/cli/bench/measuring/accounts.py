"""What became of every sampling instant of a run, from the workers' statuses, held against time and against Kafka."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from confluent_kafka import TopicPartition

from schemas.camera_events import CAMERA_EVENT_CODEC, CameraStatus
from schemas.topics import CAMERA_EVENTS, FRAMES
from services.runtime.errors import RetryableError
from services.runtime.kafka import assign_whole_topic, whole_topic_consumer
from services.runtime.settings import KafkaSettings

_POLL_SECONDS = 5.0
_OFFSETS_SECONDS = 10.0
_EDGE_INSTANTS = 1
"""An epoch begins and ends between two instants: by the clock their number is known to within one."""


@dataclass(frozen=True, slots=True)
class Account:
    """A run: every epoch of every camera together.

    Args:
        captured: Frames that Kafka has acknowledged, by the statuses.
        missed: Instants without a frame, by reason.
        by_clock: Instants that there must have been, from the statuses' own times.
        unaccounted: Instants that the clock says more or less than the statuses, beyond one an epoch.
        epochs: How many epochs there were: one a camera, where nothing failed.
        unfinished: Epochs without a last status, whose counters may have gone on.
        by_partition: ``captured`` by the partition in which these frames lie.
    """

    captured: int
    missed: dict[str, int]
    by_clock: int
    unaccounted: int
    epochs: int
    unfinished: int
    by_partition: dict[int, int] = field(default_factory=dict)


class PlacedStatus(NamedTuple):
    """A status, and the partition in which it lies: the one in which the frames of its camera lie as well."""

    partition: int
    status: CameraStatus


def account_of(statuses: Iterable[PlacedStatus], period_ms: float) -> Account:
    """Sum up the last status of each epoch; ``statuses`` in the order in which Kafka has them."""
    first: dict[tuple[str, int], CameraStatus] = {}
    last: dict[tuple[str, int], CameraStatus] = {}
    partitions: dict[str, int] = {}
    for partition, status in statuses:
        first.setdefault((status.camera_id, status.owner_epoch), status)
        last[status.camera_id, status.owner_epoch] = status
        partitions[status.camera_id] = partition
    missed: Counter[str] = Counter()
    captured: Counter[int] = Counter()
    by_clock, unaccounted = 0, 0
    for key, end in last.items():
        captured[partitions[end.camera_id]] += end.counters.captured
        counted = end.counters.captured + sum(end.counters.missed.values())
        instants = round((end.at_ms - first[key].at_ms) / period_ms)
        by_clock += instants
        unaccounted += max(0, abs(instants - counted) - _EDGE_INSTANTS)
        missed.update({str(reason): count for reason, count in end.counters.missed.items()})
    return Account(
        captured=captured.total(),
        missed=dict(missed),
        by_clock=by_clock,
        unaccounted=unaccounted,
        epochs=len(last),
        unfinished=sum(end.state != "stopped" for end in last.values()),
        by_partition=dict(captured),
    )


def read_statuses(kafka: KafkaSettings) -> list[PlacedStatus]:
    """Read every status that Kafka holds, those of a camera in order.

    Raises:
        RetryableError: The broker can't be reached.
    """
    consumer = whole_topic_consumer(kafka, "bench")
    unread = len(assign_whole_topic(consumer, CAMERA_EVENTS.name))
    statuses = []
    try:
        while unread:
            message = consumer.poll(_POLL_SECONDS)
            if message is None:
                raise RetryableError(f"Kafka gave nothing for {_POLL_SECONDS:g} s")
            if message.error() is not None:
                unread -= 1  # the end of a partition
                continue
            event = CAMERA_EVENT_CODEC.decode(message.value() or b"")
            if isinstance(event, CameraStatus):
                statuses.append(PlacedStatus(message.partition() or 0, event))
    finally:
        consumer.close()
    return statuses


def frames_ever(kafka: KafkaSettings) -> dict[int, int]:
    """Give how many frames Kafka has ever taken, by partition, by its end offsets: retention does not lower them.

    Raises:
        RetryableError: The broker can't be reached.
    """
    consumer = whole_topic_consumer(kafka, "bench")
    try:
        ends = {
            partition: consumer.get_watermark_offsets(TopicPartition(FRAMES.name, partition), timeout=_OFFSETS_SECONDS)
            for partition in assign_whole_topic(consumer, FRAMES.name)
        }
    finally:
        consumer.close()
    if None in ends.values():
        raise RetryableError("Kafka did not tell its end offsets")
    return {partition: high for partition, (_, high) in ends.items()}


def frames_unaccounted(by_statuses: Mapping[int, int], in_kafka: Mapping[int, int]) -> int:
    """Give by how many frames statuses and Kafka differ, partition by partition: one's excess hides no other's lack."""
    partitions = by_statuses.keys() | in_kafka.keys()
    return sum(abs(by_statuses.get(partition, 0) - in_kafka.get(partition, 0)) for partition in partitions)
