"""Where a subscription's group begins on partitions on which it has no offset yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from schemas.topics import EPISODES

_KAFKA_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where to read on.

    Attributes:
        places: Of the partitions that were assigned.
        unsaved: Offsets that the group does not have yet. They must be committed before anything is read, or a change
            before the first commit would be lost with the process.
        is_new: Whether the group had no offset at all.
    """

    places: list[TopicPartition]
    unsaved: list[TopicPartition]
    is_new: bool


def beginning_of(consumer: Consumer, assigned: Iterable[int]) -> Beginning:
    """Give where a group goes on, or begins. Blocks; asks Kafka for all partitions of the topic.

    A group without any offset begins now: nobody wants to hear of last month's cases. It does so on all partitions at
    once, whoever they are assigned to, or the next member would take the group for an old one. Where a group stands on
    some partitions, the others were added since: their first change is for it too.

    Raises:
        KafkaException: Kafka did not answer.
    """
    mine = set(assigned)
    known = consumer.list_topics(EPISODES.name, timeout=_KAFKA_SECONDS).topics[EPISODES.name].partitions
    everywhere = [TopicPartition(EPISODES.name, partition) for partition in sorted(mine | set(known))]
    places = consumer.committed(everywhere, timeout=_KAFKA_SECONDS)
    fresh = [place for place in places if place.offset < 0]
    is_new = len(fresh) == len(places)
    unsaved = fresh if is_new else [place for place in fresh if place.partition in mine]
    for place in unsaved:
        marks = consumer.get_watermark_offsets(place, timeout=_KAFKA_SECONDS)
        if marks is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        place.offset = marks[1 if is_new else 0]
    return Beginning([place for place in places if place.partition in mine], unsaved, is_new)
