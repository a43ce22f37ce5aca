"""Take partitions over: fence their former owners, then read what these left in the state topic."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from schemas.topics import AGGREGATE_STATE, CAMERA_EVENTS
from services.aggregate.checkpoint_calls import KafkaCalls
from services.aggregate.checkpoint_transaction import fence
from services.runtime.errors import RetryableError
from services.runtime.kafka import translated, whole_topic_consumer
from services.runtime.settings import KafkaSettings

POSITION_KEY = b"__position"
"""Key of the marker. No camera's id looks like it."""

_READ_SECONDS = 120.0
_CALL_SECONDS = 10.0


class Position(msgspec.Struct, frozen=True, array_like=True):
    """The marker of a partition: every event before ``next_offset`` is in the state, no other is."""

    next_offset: int


@dataclass
class LoadedPartition:
    """What was found of one partition. ``blobs`` are the cameras' states by their id.

    ``first_offset`` and ``end_offset`` bound the events that Kafka still has; ``group_offset`` is the hint at which
    the consumer group starts to read, -1 where there is none.
    """

    partition: int
    producer: Producer
    next_offset: int = 0
    blobs: dict[str, bytes] = field(default_factory=dict)
    first_offset: int = 0
    end_offset: int = 0
    group_offset: int = -1

    @property
    def lost_events(self) -> int:
        """Give how many events retention removed before they were read."""
        return max(0, self.first_offset - self.next_offset)


def load_partitions(
    settings: KafkaSettings, group: str, partitions: Sequence[int], calls: KafkaCalls
) -> list[LoadedPartition]:
    """Fence first, then read: what is read after the fence is the last word of the former owner. Blocks.

    Raises:
        RetryableError: Kafka is away, or the state could not be read in time; or the state is ahead of the events, as
            for a moment after a broker's fail-over, or for ever where their topic was made anew and the state was not.
    """
    if not partitions:
        return []
    with ThreadPoolExecutor(len(partitions), "fence") as pool:
        producers = pool.map(lambda number: fence(settings, group, number, calls), partitions)
        loaded = {
            number: LoadedPartition(number, producer) for number, producer in zip(partitions, producers, strict=True)
        }
    reader = whole_topic_consumer(settings, group)  # by the group's name, so that it may ask for its offsets
    try:
        _read_bounds(reader, loaded)
        _read_state(reader, loaded)
    except KafkaException as error:
        raise translated(error) from error
    finally:
        reader.close()
    for found in loaded.values():
        if found.next_offset > found.end_offset:
            raise RetryableError(
                f"the state of partition {found.partition} has seen {CAMERA_EVENTS.name} up to offset "
                f"{found.next_offset}, but the topic ends at {found.end_offset}; if it was made anew, make "
                f"{AGGREGATE_STATE.name} anew as well"
            )
    return list(loaded.values())


def _read_bounds(reader: Consumer, loaded: dict[int, LoadedPartition]) -> None:
    places = [TopicPartition(CAMERA_EVENTS.name, number) for number in loaded]
    for place in reader.committed(places, timeout=_CALL_SECONDS):
        loaded[place.partition].group_offset = max(-1, place.offset)
    for place in places:
        first, end = reader.get_watermark_offsets(place, timeout=_CALL_SECONDS)
        loaded[place.partition].first_offset, loaded[place.partition].end_offset = first, end


def _read_state(reader: Consumer, loaded: dict[int, LoadedPartition]) -> None:
    reader.list_topics(AGGREGATE_STATE.name, timeout=_CALL_SECONDS)  # or assign() waits a second for the metadata
    reader.assign([TopicPartition(AGGREGATE_STATE.name, number, 0) for number in loaded])
    unread, deadline = set(loaded), time.monotonic() + _READ_SECONDS
    while unread:
        if time.monotonic() > deadline:
            raise RetryableError(f"the state of partitions {sorted(unread)} could not be read in {_READ_SECONDS:g} s")
        for message in reader.consume(2000, 0.05):  # waits the whole time for 2000, so the time is short
            error, number = message.error(), message.partition() or 0
            if error is None:
                _take(loaded[number], message.key() or b"", message.value())
            elif error.code() == KafkaError._PARTITION_EOF:
                unread.discard(number)
            else:
                raise KafkaException(error)


def _take(found: LoadedPartition, key: bytes, value: bytes | None) -> None:
    if key == POSITION_KEY:
        found.next_offset = msgspec.msgpack.decode(value or b"", type=Position).next_offset
    elif value is None:
        found.blobs.pop(key.decode(), None)
    else:
        found.blobs[key.decode()] = value
