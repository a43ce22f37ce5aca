"""Where groups stand in Kafka's topics. Each question is asked by a client of its own, which joins nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, KafkaException, TopicPartition

from services.runtime.kafka import translated
from services.runtime.settings import KafkaSettings

_TIMEOUT_SECONDS = 10.0


def unread_records(kafka: KafkaSettings, topic: str, group: str) -> int:
    """Give how many records of ``topic`` the group has yet to commit: end offsets less committed ones. Blocks.

    Raises:
        RetryableError: Kafka is away.
    """
    with _asking(kafka, group) as consumer:
        unread = 0
        for place in _committed(consumer, topic):
            low, high = consumer.get_watermark_offsets(place, timeout=_TIMEOUT_SECONDS)
            unread += high - max(low, place.offset)  # where a group has committed nothing, its offset is negative
    return unread


def end_offsets(kafka: KafkaSettings, topic: str) -> dict[int, int]:
    """Give the end offset of each partition. Blocks.

    Raises:
        RetryableError: Kafka is away.
    """
    with _asking(kafka, "tilik-demo") as consumer:
        return {
            place.partition: consumer.get_watermark_offsets(place, timeout=_TIMEOUT_SECONDS)[1]
            for place in _places(consumer, topic)
        }


def has_passed(kafka: KafkaSettings, topic: str, group: str, ends: dict[int, int]) -> bool:
    """Tell whether the group has committed all that lies below ``ends``. Blocks.

    Raises:
        RetryableError: Kafka is away.
    """
    with _asking(kafka, group) as consumer:
        return all(max(0, place.offset) >= ends[place.partition] for place in _committed(consumer, topic))


def _committed(consumer: Consumer, topic: str) -> list[TopicPartition]:
    return consumer.committed(_places(consumer, topic), timeout=_TIMEOUT_SECONDS)


def _places(consumer: Consumer, topic: str) -> list[TopicPartition]:
    partitions = consumer.list_topics(topic, timeout=_TIMEOUT_SECONDS).topics[topic].partitions
    return [TopicPartition(topic, number) for number in partitions]


@contextmanager
def _asking(kafka: KafkaSettings, group: str) -> Iterator[Consumer]:
    consumer = Consumer({**kafka.client_config(), "group.id": group, "enable.auto.commit": False})
    try:
        yield consumer
    except KafkaException as error:
        raise translated(error) from error
    finally:
        consumer.close()
