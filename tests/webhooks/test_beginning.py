from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from confluent_kafka import OFFSET_INVALID, Consumer, TopicPartition

from schemas.topics import EPISODES
from services.webhooks.beginning import Beginning, beginning_of


class Offsets:
    """What Kafka would answer: of each partition what the group has committed; each holds the records 10 to 19."""

    def __init__(self, committed: dict[int, int], partitions: int = 3) -> None:
        self._committed, self._partitions = committed, partitions

    def list_topics(self, topic: str, timeout: float) -> Any:
        return SimpleNamespace(topics={topic: SimpleNamespace(partitions=dict.fromkeys(range(self._partitions)))})

    def committed(self, places: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        for place in places:
            place.offset = self._committed.get(place.partition, OFFSET_INVALID)
        return places

    def get_watermark_offsets(self, place: TopicPartition, timeout: float) -> tuple[int, int]:
        return 10, 20


def begin(committed: dict[int, int], assigned: tuple[int, ...]) -> Beginning:
    return beginning_of(cast("Consumer", Offsets(committed)), assigned)


def offsets(places: list[TopicPartition]) -> dict[int, int]:
    assert {place.topic for place in places} <= {EPISODES.name}
    return {place.partition: place.offset for place in places}


def test_a_new_group_begins_now_on_every_partition_whoever_has_it() -> None:
    found = begin({}, (1,))
    assert (offsets(found.places), offsets(found.unsaved), found.is_new) == ({1: 20}, {0: 20, 1: 20, 2: 20}, True)


def test_the_next_member_of_a_new_group_goes_on_where_the_first_one_began() -> None:
    found = begin({0: 20, 1: 20, 2: 20}, (0, 2))
    assert (offsets(found.places), offsets(found.unsaved), found.is_new) == ({0: 20, 2: 20}, {}, False)


def test_a_partition_that_was_added_later_begins_with_its_first_change() -> None:
    found = begin({0: 15}, (0, 1))
    assert (offsets(found.places), offsets(found.unsaved), found.is_new) == ({0: 15, 1: 10}, {1: 10}, False)


def test_a_partition_that_is_newer_than_what_is_known_of_the_topic_is_begun_too() -> None:
    assert offsets(begin({0: 15, 1: 15, 2: 15}, (3,)).places) == {3: 10}
