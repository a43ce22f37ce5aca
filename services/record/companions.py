"""What is read beside a partition's frames: its camera events, its scene verdicts, its episodes.

Frames are what the group shares out; whoever owns a partition of them reads the partition of the same number of the
other topics, without a group. Verdicts are given once the events that they speak of have been: both topics carry their
senders' times, and a verdict is made after its events.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from schemas.camera_events import CAMERA_EVENT_CODEC, CameraEvent
from schemas.codec import ContractError
from schemas.episodes import EPISODE_CODEC, Episode
from schemas.topics import CAMERA_EVENTS, EPISODES, FRAMES, SCENE_VERDICTS
from schemas.verdicts import SCENE_VERDICTS_CODEC, SceneVerdicts
from services.runtime.errors import FatalError
from services.runtime.kafka import translated, whole_topic_consumer
from services.runtime.logging import get_logger
from services.runtime.settings import KafkaSettings

log = get_logger(__name__)

NAMED_MS = int(FRAMES.settings["retention.ms"]) + int(FRAMES.settings["segment.ms"])
"""So long before the first frame another may lie that an episode names: Kafka deletes whole segments."""
LOOK_BACK_MS = NAMED_MS + 90_000
"""Events and verdicts are read from so long before the first frame: neighbours of those, and clocks that differ."""
MOST_EPISODES = 2_000
"""Messages of episodes that are remembered, for a person may confirm them: days of a partition's."""
_MOST_MESSAGES = 500
_KAFKA_SECONDS = 20.0


class Told(NamedTuple):
    """One message of a companion topic, and the partition and offset from which it came."""

    partition: int
    offset: int
    value: CameraEvent | SceneVerdicts | Episode


@dataclass(slots=True)
class _Feed:
    """Events of a partition, how far they have been read, and the verdicts that wait for that.

    ``ends_seen`` are the topics of which all has been read that was there once.
    """

    events_at_ms: int = 0
    events_ended: bool = False
    ends_seen: set[str] = field(default_factory=set)
    verdicts: deque[tuple[int, Told]] = field(default_factory=deque)


class Companions:
    """See the file's head. For one thread.

    Args:
        settings: The Kafka cluster.
        name: Name of the reader, for the broker's logs.
    """

    def __init__(self, settings: KafkaSettings, name: str) -> None:
        self._consumer: Consumer = whole_topic_consumer(settings, f"{name}-companions")
        self._feeds: dict[int, _Feed] = {}
        self._assigned: dict[int, list[TopicPartition]] = {}

    def follow_episodes(self, partition: int, offset: int) -> None:
        """Read a partition's episodes from an offset on, and some that were before it."""
        self._assign(partition, [TopicPartition(EPISODES.name, partition, max(0, offset - MOST_EPISODES))])

    def follow_events(self, partition: int, from_ms: int) -> None:
        """Read a partition's events and verdicts, those that frames since ``from_ms`` may need. Blocks.

        Raises:
            RetryableError: Kafka did not answer.
        """
        names = (CAMERA_EVENTS.name, SCENE_VERDICTS.name)
        try:
            ends = [self._end_of(name, partition) for name in names]
            since = [TopicPartition(name, partition, from_ms - LOOK_BACK_MS) for name in names]
            places = self._consumer.offsets_for_times(since, timeout=_KAFKA_SECONDS)
        except KafkaException as error:
            raise translated(error) from error
        for place, end in zip(places, ends, strict=True):
            if place.offset < 0:  # nothing so new was there yet: what has come meanwhile must not be passed over
                place.offset = end
        self._feeds[partition] = _Feed()
        self._assign(partition, places)

    def has_caught_up(self, partition: int) -> bool:
        """Tell whether all events and verdicts were given that were there when the partition was begun with."""
        feed = self._feeds.get(partition)
        return feed is not None and feed.ends_seen >= {CAMERA_EVENTS.name, SCENE_VERDICTS.name}

    def leave(self, partition: int) -> None:
        """Read nothing more of a partition."""
        self._feeds.pop(partition, None)
        if places := self._assigned.pop(partition, []):
            self._consumer.incremental_unassign(places)

    def poll(self) -> Iterator[Told]:
        """Give what has come since. Does not wait.

        Raises:
            FatalError: Kafka's client can't go on.
        """
        for message in self._consumer.consume(_MOST_MESSAGES, 0.0):
            if message.partition() in self._assigned and (told := self._taken(message)) is not None:
                yield told
        for partition in list(self._feeds):
            yield from self._due_verdicts(partition)

    def close(self) -> None:
        """Stop reading."""
        self._consumer.close()

    def _end_of(self, topic: str, partition: int) -> int:
        marks = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=_KAFKA_SECONDS)
        if marks is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        return int(marks[1])

    def _assign(self, partition: int, places: list[TopicPartition]) -> None:
        self._consumer.incremental_assign(places)
        self._assigned.setdefault(partition, []).extend(places)

    def _taken(self, message: Message) -> Told | None:
        """Give an event or an episode; a verdict is put by."""
        topic, partition, offset = message.topic(), message.partition() or 0, message.offset() or 0
        feed = self._feeds.get(partition, _Feed())
        if (error := message.error()) is not None:
            self._take_error(error, feed, topic or "")
            return None
        at_ms, data = message.timestamp()[1], message.value() or b""
        try:
            if topic == EPISODES.name:
                return Told(partition, offset, EPISODE_CODEC.decode(data))
            if topic == SCENE_VERDICTS.name:
                feed.verdicts.append((at_ms, Told(partition, offset, SCENE_VERDICTS_CODEC.decode(data))))
                return None
            feed.events_at_ms, feed.events_ended = max(feed.events_at_ms, at_ms), False
            return Told(partition, offset, CAMERA_EVENT_CODEC.decode(data))
        except ContractError as fault:
            log.warning("record.unreadable", topic=topic, partition=partition, offset=offset, error=str(fault))
            return None

    def _take_error(self, error: KafkaError, feed: _Feed, topic: str) -> None:
        if error.fatal():
            raise FatalError(f"Kafka consumer: {error.str()}")
        if error.code() == KafkaError._PARTITION_EOF:
            feed.ends_seen.add(topic)
            feed.events_ended = feed.events_ended or topic == CAMERA_EVENTS.name
        else:
            log.warning("record.poll_error", topic=topic, error=error.str())

    def _due_verdicts(self, partition: int) -> Iterator[Told]:
        feed = self._feeds[partition]
        while feed.verdicts and (feed.events_ended or feed.verdicts[0][0] <= feed.events_at_ms):
            yield feed.verdicts.popleft()[1]
