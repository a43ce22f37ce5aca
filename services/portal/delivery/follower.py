"""Follow what may be shown: ``camera-events`` and ``scene-verdicts`` of every camera, from ten minutes back.

A verdict waits until the events that it speaks of have been read: both topics have the same partitions, and Kafka's
times say how far each has been read. Whether a withdrawal would be known is a question to the registry too, which is
read elsewhere: Kafka is asked here where it ends.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicPartition

from schemas.camera_events import CAMERA_EVENT_CODEC, CameraEvent
from schemas.codec import ContractError
from schemas.topics import CAMERA_EVENTS, CAMERAS, SCENE_VERDICTS
from schemas.verdicts import SCENE_VERDICTS_CODEC, SceneVerdicts
from services.portal.delivery.shown import Shown
from services.privacy.showable import ShowableFrame
from services.runtime.camera_registry import CameraRegistry
from services.runtime.clock import Clock, now_ms
from services.runtime.errors import FatalError, RetryableError
from services.runtime.kafka import translated, whole_topic_consumer
from services.runtime.logging import get_logger
from services.runtime.metrics import Metrics
from services.runtime.settings import KafkaSettings

log = get_logger(__name__)

_BATCH_RECORDS = 500
_WAIT_SECONDS = 0.1
_CALL_SECONDS = 10.0
_ASK_SECONDS = 2.0
"""Nothing is read meanwhile. Short enough for some tries until a partition's silence counts."""
_PAUSE_SECONDS = 1.0
_QUIET_SECONDS = 10.0
"""Kafka tells of a partition's end once. One that has told nothing for so long is asked whether there is more."""

Released = Callable[[Sequence[ShowableFrame]], None]
"""Is given what may be shown from now on, on the follower's thread; must not block."""


_Place = tuple[str, int]
"""Topic and partition."""


@dataclass(slots=True)
class _Read:
    """How far a partition of a topic has been read.

    Attributes:
        known_at: Monotonic seconds: what Kafka had of it then has all been read.
        offset: Of the record to come.
        to_end: Whether its end was reached once. Not waited for where somebody else reads: there its end is asked for.
        asked_at: When its leader was last asked for its end, which was ``asked_offset``.
    """

    known_at: float
    offset: int = 0
    to_end: bool = False
    asked_at: float = -math.inf
    asked_offset: int = 0

    def goes_on(self, offset: int, *, is_end: bool) -> None:
        """Take what the client says: a record before ``offset``, or that nothing comes there yet."""
        self.offset = offset
        if is_end:
            self.known_at, self.to_end, self.asked_offset = time.monotonic(), True, offset
        elif offset >= self.asked_offset:
            self.known_at = max(self.known_at, self.asked_at)

    def answered(self, asked_at: float, offset: int) -> None:
        """Take what its leader says: where it ended when it was asked."""
        self.asked_at, self.asked_offset = asked_at, offset
        if self.offset >= offset:
            self.known_at = asked_at

    def is_to_be_asked(self, now: float) -> bool:
        """Tell whether its end has not been heard of for long; one that was told is read up to first."""
        return now - self.known_at > _QUIET_SECONDS and self.offset >= self.asked_offset


@dataclass(slots=True)
class _Partition:
    """How far the events of a partition have been read, by Kafka's time, and the verdicts that wait for more."""

    events_read_ms: int = 0
    events_at_end: bool = False
    waiting: deque[tuple[int, SceneVerdicts]] = field(default_factory=deque)

    def due(self) -> list[SceneVerdicts]:
        """Take the verdicts whose events have been read."""
        taken = []
        while self.waiting and (self.events_at_end or self.waiting[0][0] <= self.events_read_ms):
            taken.append(self.waiting.popleft()[1])
        return taken


class Follower:
    """A thread that reads both topics and feeds ``shown`` until it is closed.

    Args:
        kafka: The Kafka cluster.
        name: Name of the reader, for the broker's logs.
        shown: What is fed.
        registry: Says how far the registry, which somebody else reads, has been read.
        metrics: Counts records.
        released: Told of frames that may be shown; not of those from before it had caught up once.
        clock: The wall clock.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        name: str,
        shown: Shown,
        registry: CameraRegistry,
        metrics: Metrics,
        *,
        clock: Clock = now_ms,
    ) -> None:
        self.failure: FatalError | None = None
        self.beat_at = time.monotonic()
        self.caught_up = threading.Event()
        self.released: Released = lambda frames: None
        self._consumer = whole_topic_consumer(kafka, f"{name}-shown")
        self._shown = shown
        self._registry = registry
        self._metrics = metrics
        self._clock = clock
        self._partitions: dict[int, _Partition] = {}
        self._read: dict[_Place, _Read] = {}
        self._ask_at = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="follower", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def close(self) -> None:
        """Stop reading."""
        self._stopping.set()
        self._thread.join()

    def _follow(self) -> None:
        try:
            while not self._stopping.is_set() and not self._assign():
                self._stopping.wait(_PAUSE_SECONDS)
            while not self._stopping.is_set():
                self._turn()
        except FatalError as error:
            self.failure = error
        except Exception as error:  # a thread that dies unnoticed would let the portal stand still for ever
            log.exception("follower.failed")
            self.failure = FatalError(f"following what may be shown failed: {error!r}")
        finally:
            self._consumer.close()

    def _assign(self) -> bool:
        self.beat_at = time.monotonic()
        registered = self._registry.positions()
        try:
            if not registered:
                raise RetryableError("the camera registry is not read yet")
            self._consumer.assign(_starts(self._consumer, self._clock() - self._shown.keep_ms))
        except RetryableError as error:
            log.warning("follower.waiting", error=str(error))
            return False
        places = self._consumer.assignment()
        self._partitions = {place.partition: _Partition() for place in places}
        self._read = {(place.topic, place.partition): _Read(time.monotonic()) for place in places}
        self._read |= {(CAMERAS.name, partition): _Read(-math.inf, to_end=True) for partition in registered}
        return True

    def _turn(self) -> None:
        self.beat_at = time.monotonic()
        messages = self._consumer.consume(_BATCH_RECORDS, _WAIT_SECONDS)
        events = [event for message in messages if (event := self._taken(message)) is not None]
        verdicts = [each for partition in self._partitions.values() for each in partition.due()]
        if events or verdicts:
            self._give(events, verdicts)
        if not self.caught_up.is_set() and all(read.to_end for read in self._read.values()):
            self.caught_up.set()
        self._listen()

    def _give(self, events: Sequence[CameraEvent], verdicts: Sequence[SceneVerdicts]) -> None:
        released = self._shown.take(events, verdicts)
        if released and self.caught_up.is_set():
            now = self._clock()
            for frame in released:
                self._metrics.observe("tilik_portal_showable_delay_seconds", (now - frame.frame.appended_at_ms) / 1000)
            self.released(released)
        self._metrics.count("tilik_portal_showable_total", len(released))

    def _listen(self) -> None:
        """Tell ``shown`` since when there may be something that has not been read, of whichever partition."""
        for partition, offset in self._registry.positions().items():
            self._read[CAMERAS.name, partition].goes_on(offset, is_end=False)
        now = time.monotonic()
        quiet = [place for place, read in self._read.items() if read.is_to_be_asked(now)]
        if quiet and now >= self._ask_at:
            self._ask(quiet)
            self._ask_at = time.monotonic() + _PAUSE_SECONDS
        if self.caught_up.is_set():
            self._shown.heard(time.monotonic() - min(read.known_at for read in self._read.values()))

    def _ask(self, quiet: Sequence[_Place]) -> None:
        asked_at = time.monotonic()
        places = [TopicPartition(topic, partition, OFFSET_END) for topic, partition in quiet]
        try:
            ends = self._consumer.offsets_for_times(places, timeout=_ASK_SECONDS)
        except KafkaException as error:
            log.warning("follower.unheard", error=str(error))
            return
        for end in ends:
            if end.error is None and end.offset >= 0:
                self._read[end.topic, end.partition].answered(asked_at, end.offset)

    def _taken(self, message: Message) -> CameraEvent | None:
        """Take one message; what is an event is given back."""
        error = message.error()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:
            if error.fatal():
                raise translated(KafkaException(error))
            log.warning("follower.poll_error", error=error.str())
            return None
        is_end = error is not None
        read = self._read[message.topic() or "", message.partition() or 0]
        read.goes_on((message.offset() or 0) + (not is_end), is_end=is_end)
        partition = self._partitions[message.partition() or 0]
        is_event = message.topic() == CAMERA_EVENTS.name
        if is_end:
            partition.events_at_end = partition.events_at_end or is_event
            return None
        at_ms, value = message.timestamp()[1], message.value() or b""
        event: CameraEvent | None = None
        try:
            if is_event:
                partition.events_read_ms, partition.events_at_end = max(partition.events_read_ms, at_ms), False
                event = CAMERA_EVENT_CODEC.decode(value)
            else:
                partition.waiting.append((at_ms, SCENE_VERDICTS_CODEC.decode(value)))
        except ContractError as fault:
            log.error("follower.invalid", topic=message.topic(), offset=message.offset(), error=str(fault))
            self._metrics.count("tilik_portal_followed_total", topic=message.topic() or "", outcome="invalid")
            return None
        self._metrics.count("tilik_portal_followed_total", topic=message.topic() or "", outcome="read")
        return event


def _starts(consumer: Consumer, from_ms: int) -> list[TopicPartition]:
    """Give each partition of both topics at its first record since ``from_ms``, or at its end.

    Raises:
        RetryableError: Kafka is away, or a topic is not there yet.
        FatalError: Kafka's client can't go on.
    """
    places = []
    try:
        for topic in (CAMERA_EVENTS.name, SCENE_VERDICTS.name):
            metadata = consumer.list_topics(topic, timeout=_CALL_SECONDS).topics[topic]
            if metadata.error is not None or not metadata.partitions:
                raise RetryableError(f"topic {topic} is not there: {metadata.error}")
            places += [TopicPartition(topic, partition, from_ms) for partition in metadata.partitions]
        return list(consumer.offsets_for_times(places, timeout=_CALL_SECONDS))
    except KafkaException as error:
        raise translated(error) from error
