"""Kafka clients as Tilik uses them: each function is one role, its settings with the reason beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from services.runtime.errors import ConfigurationError, FatalError, RetryableError
from services.runtime.settings import KafkaSettings

Headers = Sequence[tuple[str, bytes | None]]

ClientT = TypeVar("ClientT", Producer, Consumer)


class ConsumedRecord(NamedTuple):
    """One record as it was read. ``timestamp_ms`` is Kafka's, since the epoch."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes
    headers: Headers

    @classmethod
    def from_message(cls, message: Message) -> ConsumedRecord:
        """Take over a message that carries no error."""
        return cls(
            topic=message.topic() or "",
            partition=message.partition() or 0,
            offset=message.offset() or 0,
            timestamp_ms=message.timestamp()[1],
            key=message.key(),
            value=message.value() or b"",
            headers=cast("Headers", message.headers() or ()),  # of what was read always a list of pairs
        )


@dataclass(frozen=True, slots=True)
class OutgoingRecord:
    """One record to be written. Its partition follows from the key, unless ``partition`` says it."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int | None = None


def _client(kind: Callable[[dict[str, Any]], ClientT], config: dict[str, Any]) -> ClientT:
    """Make a client.

    Raises:
        ConfigurationError: librdkafka does not accept a setting; the text is its own.
    """
    try:
        return kind(config)
    except KafkaException as error:
        raise ConfigurationError(f"Kafka client: {error.args[0]}") from error


def _producer_config(settings: KafkaSettings) -> dict[str, Any]:
    # murmur2 is what Java's and Faust's clients hash with: topics keyed by camera are co-partitioned only if all do.
    return {**settings.client_config(), "partitioner": "murmur2_random"}


def events_producer(settings: KafkaSettings, delivery_timeout_seconds: float = 30.0) -> Producer:
    """Give a producer whose events must not be lost: idempotent, all replicas, zstd.

    It is not transactional on purpose: transactions would leave holes in the offsets of ``camera-events``, and the
    aggregate tells a lost event by a hole.
    """
    return _client(
        Producer,
        {
            **_producer_config(settings),
            "enable.idempotence": True,
            "acks": "all",
            "compression.type": "zstd",
            "linger.ms": 5,
            "delivery.timeout.ms": int(delivery_timeout_seconds * 1000),
            "queue.buffering.max.kbytes": 65_536,
        },
    )


def frames_producer(settings: KafkaSettings, delivery_timeout_seconds: float = 5.0) -> Producer:
    """Give a producer for JPEG frames: one replica's word is enough, and what is late is not worth sending.

    JPEG does not compress, so compression is off. A frame that Kafka has not acknowledged in time fails, and ingest
    counts it as missed.
    """
    return _client(
        Producer,
        {
            **_producer_config(settings),
            "acks": 1,
            "compression.type": "none",
            "linger.ms": 5,
            "batch.size": 1_000_000,
            "message.max.bytes": 1_000_000,
            "delivery.timeout.ms": int(delivery_timeout_seconds * 1000),
            "queue.buffering.max.kbytes": 262_144,
        },
    )


def frames_consumer(settings: KafkaSettings, group: str) -> Consumer:
    """Give a consumer of frames in a group that the broker balances (KIP-848).

    The queue is kept short: what a consumer has fetched ahead only grows stale. A new group starts at the earliest
    frame, so that every frame that was captured has an outcome.
    """
    return _client(
        Consumer,
        {
            **settings.client_config(),
            "group.id": group,
            "group.protocol": "consumer",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "queued.min.messages": 64,
            "queued.max.messages.kbytes": 32_768,
            "fetch.wait.max.ms": 50,
            "fetch.queue.backoff.ms": 2,  # so short a queue is soon empty: at 10 the fetch ran at half its rate
        },
    )


def subscription_consumer(settings: KafkaSettings, group: str, session_timeout_seconds: float) -> Consumer:
    """Give a consumer of a group that goes on where it stood, one record after the other, committed records only.

    The classic protocol, because there the session time-out is the client's to choose: so long is nothing delivered
    after a member has died. Where a new group starts is for whoever assigns.
    """
    return _client(
        Consumer,
        {
            **settings.client_config(),
            "group.id": group,
            "group.protocol": "classic",
            "session.timeout.ms": int(session_timeout_seconds * 1000),
            "heartbeat.interval.ms": 1_000,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "queued.min.messages": 100,
            "queued.max.messages.kbytes": 8_192,
            "fetch.wait.max.ms": 100,
        },
    )


def whole_topic_consumer(settings: KafkaSettings, name: str) -> Consumer:
    """Give a consumer that belongs to no group and reads a topic from its beginning, committed records only."""
    return _client(
        Consumer,
        {
            **settings.client_config(),
            "group.id": name,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 50,
        },
    )


def records_at_consumer(settings: KafkaSettings, name: str) -> Consumer:
    """Give a consumer that belongs to no group and jumps: what it fetches ahead is mostly not wanted."""
    return _client(
        Consumer,
        {
            **settings.client_config(),
            "group.id": name,
            "enable.auto.commit": False,
            "auto.offset.reset": "error",  # an offset that is gone is told, not replaced by another
            "enable.partition.eof": True,
            "fetch.message.max.bytes": 262_144,  # a few frames; a larger one comes all the same
            "queued.min.messages": 1,
            "queued.max.messages.kbytes": 2_048,
            "fetch.wait.max.ms": 10,
            "fetch.queue.backoff.ms": 2,
        },
    )


def ownership_consumer(
    settings: KafkaSettings, group: str, session_timeout_seconds: float, group_instance_id: str = ""
) -> Consumer:
    """Give a consumer whose group hands out the partitions of a topic, so that each has exactly one owner.

    The classic protocol, because there the session time-out is the client's to choose; cooperative-sticky, because a
    rebalance then takes away only what moves. Nothing is ever committed: who gets a partition reads it from its start.
    With a ``group_instance_id`` the member is static: closing does not leave the group, and who comes back under the id
    within the session time-out has its partitions at once. ADR 10.
    """
    return _client(
        Consumer,
        {
            **settings.client_config(),
            **({"group.instance.id": group_instance_id} if group_instance_id else {}),
            "group.id": group,
            "group.protocol": "classic",
            "partition.assignment.strategy": "cooperative-sticky",
            "session.timeout.ms": int(session_timeout_seconds * 1000),
            # A member learns of a rebalance by its heartbeat, and a partition moves in two rounds of them.
            "heartbeat.interval.ms": 1_000,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 50,
            "topic.metadata.refresh.interval.ms": 10_000,
        },
    )


def assign_whole_topic(consumer: Consumer, topic: str) -> list[int]:
    """Assign every partition of ``topic`` from its beginning, and give their numbers.

    Raises:
        RetryableError: The brokers can't be reached, or the topic is not there yet.
    """
    try:
        metadata = consumer.list_topics(topic, timeout=10).topics[topic]
    except KafkaException as error:
        raise translated(error) from error
    if metadata.error is not None or not metadata.partitions:
        raise RetryableError(f"topic {topic} is not there: {metadata.error}")
    partitions = sorted(metadata.partitions)
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    return partitions


_NEVER_ACCEPTED = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD, KafkaError._INVALID_ARG})
"""Refusals of a record itself: the same record is refused again, however often it is sent."""


def translated(error: KafkaException) -> RetryableError | FatalError:
    """Give the error of ours that says how to react to one of librdkafka's."""
    cause = error.args[0]
    if isinstance(cause, KafkaError) and (cause.fatal() or cause.code() in _NEVER_ACCEPTED):
        return FatalError(f"Kafka client: {cause.str()}")
    return RetryableError(f"Kafka: {cause}")
