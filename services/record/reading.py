"""Reading Kafka: frames in a group, and for each partition that it gives us what belongs to its frames."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from schemas.cameras import Camera
from schemas.codec import ContractError
from schemas.frames import FrameHeaders
from schemas.topics import EPISODES, FRAMES
from services.record.companions import Companions
from services.record.confirmed_clock import ConfirmedClock
from services.record.minutes import HeldFrame, Waits
from services.record.owned_partition import Committed, OwnedPartition, own
from services.record.settings import RecordSettings
from services.runtime.camera_registry import CameraRegistry
from services.runtime.errors import FatalError, RetryableError
from services.runtime.kafka import frames_consumer
from services.runtime.logging import get_logger
from services.runtime.murmur2 import partition_of
from services.runtime.service import Service

log = get_logger(__name__)

_BATCH_FRAMES = 64
_WAIT_SECONDS = 0.05
_KAFKA_SECONDS = 20.0
_FOLLOW_AGAIN_SECONDS = 2.0
_COMMIT_AGAIN_SECONDS = 3600.0
_ASK_END_SECONDS = 1.0
_END_SECONDS = 2.0
_END_AGAIN_SECONDS = 5.0
_ASK_REGISTRY_SECONDS = 30.0
_MIB = 1 << 20
_RESUME_BELOW = 0.8
_MORE_ROOM = 1.25


class Reading:
    """See the file's head. For one thread.

    Attributes:
        clock: Learns from each frame what time it is in Kafka.
        owned: The partitions of this process.
        was_assigned: Whether it was given some since this was last set to False.
    """

    def __init__(
        self, settings: RecordSettings, service: Service, registry: CameraRegistry, clock: ConfirmedClock
    ) -> None:
        self.clock = clock
        self.owned: dict[int, OwnedPartition] = {}
        self.was_assigned = False
        self._waits = Waits(settings.frame_wait_seconds, settings.verdict_wait_seconds)
        self._service = service
        self._registry = registry
        self._companions = Companions(settings.kafka, "record")
        self._consumer: Consumer = frames_consumer(settings.kafka, settings.group)
        self._wished_bytes = settings.memory_mib * _MIB
        self._most_bytes = self._wished_bytes
        self._paused = False
        self._pause_again = False
        self._partition_count = 0
        self._unknown: dict[tuple[str, int], float] = {}
        self._follow_at = 0.0
        self._ask_end_at = 0.0
        self._commit_again_at = time.monotonic() + _COMMIT_AGAIN_SECONDS
        self._consumer.subscribe(
            [FRAMES.name], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )

    def camera(self, camera_id: str) -> Camera | None:
        """Give a camera as it is now, None where the registry does not have it."""
        return self._registry.revisions.latest(camera_id)

    def find_camera(self, camera_id: str, revision: int) -> Camera | None:
        """Give a camera as it was under a revision, None where that is not known."""
        return self._registry.revisions.find(camera_id, revision)

    def cameras(self) -> list[Camera]:
        """Give every camera as it is now."""
        return self._registry.revisions.all_latest()

    def owned_of(self, camera_id: str) -> OwnedPartition | None:
        """Give the partition that a camera is on, None where it is another process's, or Kafka does not say."""
        if not self._partition_count:
            try:
                known = self._consumer.list_topics(FRAMES.name, timeout=_KAFKA_SECONDS).topics[FRAMES.name]
            except KafkaException as error:
                log.warning("record.partitions_wait", error=str(error.args[0]))
                return None
            self._partition_count = len(known.partitions)
        return self.owned.get(partition_of(camera_id.encode(), self._partition_count))

    def poll(self) -> None:
        """Take what has come; waits a little for frames.

        Raises:
            FatalError: Kafka's client can't go on.
        """
        messages = self._consumer.consume(_BATCH_FRAMES, _WAIT_SECONDS)
        if self.was_assigned:
            self.commit()
        for message in messages:
            owned = self.owned.get(message.partition() or 0)
            if owned is not None and _usable(message):
                self._take_frame(owned, message)
        for told in self._companions.poll():
            if (owned := self.owned.get(told.partition)) is not None:
                owned.take(told)
        for owned in self.owned.values():
            owned.caught_up = owned.caught_up or self._companions.has_caught_up(owned.partition)

    def has_all_frames(self, owned: OwnedPartition) -> bool:
        """Tell whether all frames that Kafka has of a partition now have been taken. May ask Kafka, and so block.

        What the client remembers of a partition's end is as old as the last answer to it: before a pause, or while
        Kafka was away.
        """
        if self._paused:
            return False
        marks = self._consumer.get_watermark_offsets(TopicPartition(FRAMES.name, owned.partition), cached=True)
        if marks is None or not 0 <= marks[1] <= owned.next_frame:
            return False
        return self._asked_end(owned) <= owned.next_frame

    def keep_within_memory(self, is_busy: Callable[[], bool], index_is_full: bool = False) -> None:
        """Pause reading frames while too many are held; go on when there is room again.

        Where no minute is complete and so none can be stored, there is no other way than to take more of them.

        Args:
            is_busy: Tells whether minutes are being stored, or wait to be judged.
            index_is_full: Whether as many rows of stored minutes wait for ClickHouse as may.
        """
        held = sum(owned.minutes.held_bytes for owned in self.owned.values())
        self._service.metrics.set("tilik_record_held_bytes", held)
        if self._paused and self._pause_again:
            self._consumer.pause(self._places())
            self._pause_again = False
        if not self._paused and (index_is_full or held > self._most_bytes):
            self._consumer.pause(self._places())
            self._paused = True
            log.info("record.reading_paused", held_bytes=held, index_is_full=index_is_full)
        elif self._paused and index_is_full:
            return
        elif self._paused and held < self._most_bytes * _RESUME_BELOW:
            self._resume()
        elif self._paused and not is_busy():
            self._most_bytes = int(held * _MORE_ROOM)
            log.warning("record.memory_short", held_bytes=held, now_allowed_bytes=self._most_bytes)
            self._resume()
        elif not self._paused and held < self._wished_bytes * _RESUME_BELOW:
            self._most_bytes = self._wished_bytes

    def commit(self) -> None:
        """Commit how far each partition is done. A commit that fails costs doing minutes again, no more.

        What stays the same is committed again now and then: Kafka forgets where a group stands after a week.
        """
        again = time.monotonic() >= self._commit_again_at
        offsets: list[TopicPartition] = []
        for owned in self.owned.values():
            now, last = owned.to_commit(), Committed() if again else owned.committed
            if now.frames > last.frames:
                offsets.append(TopicPartition(FRAMES.name, owned.partition, now.frames))
            if now.episodes > last.episodes:
                offsets.append(TopicPartition(EPISODES.name, owned.partition, now.episodes))
        if not offsets:
            return
        if again:
            self._commit_again_at = time.monotonic() + _COMMIT_AGAIN_SECONDS
        try:
            told = self._consumer.commit(offsets=offsets, asynchronous=False) or []
        except KafkaException as error:
            log.warning("record.commit_failed", error=str(error.args[0]))
            return
        for place in told:
            if place.error is not None:
                log.warning("record.commit_failed", partition=place.partition, error=str(place.error))
            elif (holder := self.owned.get(place.partition)) is not None:
                name = "frames" if place.topic == FRAMES.name else "episodes"  # not a topic
                setattr(holder.committed, name, place.offset)

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()
        self._companions.close()

    def _take_frame(self, owned: OwnedPartition, message: Message) -> None:
        if lost := owned.take_offset(message.offset() or 0):
            log.warning("record.frames_lost", partition=owned.partition, count=lost)
            self._service.metrics.count("tilik_record_lost_frames_total", lost)
        self.clock.take(message.timestamp()[1])
        self._follow(owned, message.timestamp()[1])
        try:
            headers = FrameHeaders.from_kafka(message.headers())  # type: ignore[arg-type]  # pairs, of what was read
            camera_id = (message.key() or b"").decode()
        except (ContractError, UnicodeDecodeError):
            return  # detect makes a dead letter of it
        if not self._is_recorded(camera_id, headers.camera_revision):
            owned.minutes.pass_over(camera_id, headers.owner_epoch, headers.sequence)
            return
        frame = HeldFrame(
            headers.owner_epoch,
            headers.sequence,
            headers.captured_at_ms,
            message.timestamp()[1],
            headers.camera_revision,
            headers.simulated,
            message.offset() or 0,
            message.value() or b"",
        )
        taken = owned.minutes.take_frame(camera_id, frame)
        self._service.metrics.count("tilik_record_frames_total" if taken else "tilik_record_late_frames_total")

    def _asked_end(self, owned: OwnedPartition) -> float:
        """Give the offset after the last frame that Kafka has, as of a second ago; infinite where it does not say."""
        now = time.monotonic()
        if now - owned.end_asked_at < _ASK_END_SECONDS:
            return owned.end
        if now < self._ask_end_at:
            return math.inf
        try:
            marks = self._consumer.get_watermark_offsets(
                TopicPartition(FRAMES.name, owned.partition), timeout=_END_SECONDS
            )
        except KafkaException as error:
            log.warning("record.end_waits", partition=owned.partition, error=str(error.args[0]))
            marks = None
        if marks is None:
            self._ask_end_at = time.monotonic() + _END_AGAIN_SECONDS
            return math.inf
        owned.end, owned.end_asked_at = marks[1], now
        return owned.end

    def _follow(self, owned: OwnedPartition, at_ms: int) -> None:
        """Begin with the events and verdicts of a partition, where its first frame begins."""
        if owned.followed or time.monotonic() < self._follow_at:
            return
        owned.first_frame_ms = owned.first_frame_ms or at_ms
        try:
            self._companions.follow_events(owned.partition, owned.first_frame_ms)
        except RetryableError as error:
            log.warning("record.events_wait", partition=owned.partition, error=str(error))
            self._follow_at = time.monotonic() + _FOLLOW_AGAIN_SECONDS
        else:
            owned.followed = True

    def _is_recorded(self, camera_id: str, revision: int) -> bool:
        """Tell whether a frame is recorded: the revision that it was captured under asks it, and so does the newest.

        One that is new may not have been read yet, so the registry is waited for now and then.
        """
        now, then = time.monotonic(), self.find_camera(camera_id, revision)
        if then is None and self._unknown.get((camera_id, revision), 0.0) <= now:
            self._unknown[camera_id, revision] = now + _ASK_REGISTRY_SECONDS
            try:
                self._registry.wait_until_current(_ASK_REGISTRY_SECONDS / 10)
            except RetryableError as error:
                log.warning("record.registry_waits", camera=camera_id, error=str(error))
            then = self.find_camera(camera_id, revision)
        newest = self.camera(camera_id)
        return then is not None and then.record and newest is not None and newest.record

    def _assigned(self, consumer: Consumer, places: list[TopicPartition]) -> None:
        """Take partitions over, called while polling."""
        log.info("record.assigned", partitions=[place.partition for place in places])
        for partition, start in self._starts(consumer, [place.partition for place in places]).items():
            find_camera = self._registry.revisions.find
            self.owned[partition] = own(partition, start, find_camera, self._waits, time.monotonic)
            self.owned[partition].committed = Committed()
            self._companions.follow_episodes(partition, start.episodes)
        self.was_assigned = self._pause_again = True
        self._service.health.fulfil("partitions")

    def _starts(self, consumer: Consumer, partitions: list[int]) -> dict[int, Committed]:
        """Give where the group stands. A group without a position begins with the episodes that are yet to come.

        What is given is committed, so that a new group, killed before it has done anything, begins at the same place.
        """
        names = (FRAMES.name, EPISODES.name)
        wanted = [TopicPartition(name, partition) for name in names for partition in partitions]
        found = {partition: Committed() for partition in partitions}
        try:
            for place in consumer.committed(wanted, timeout=_KAFKA_SECONDS):
                if place.topic == FRAMES.name:
                    found[place.partition].frames = max(-1, place.offset)
                else:
                    found[place.partition].episodes = max(-1, place.offset)
            for partition, committed in found.items():
                if committed.episodes < 0:
                    place = TopicPartition(EPISODES.name, partition)
                    marks = consumer.get_watermark_offsets(place, timeout=_KAFKA_SECONDS)
                    if marks is None:
                        raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
                    committed.episodes = marks[1]
        except KafkaException as error:
            raise FatalError(f"where the group stands could not be asked: {error.args[0]}") from error
        return found

    def _revoked(self, _: Consumer, places: list[TopicPartition]) -> None:
        """Let partitions go, called while polling; what is under way for them is left."""
        log.info("record.revoked", partitions=[place.partition for place in places])
        for place in places:
            if (owned := self.owned.pop(place.partition, None)) is not None:
                owned.gone = True
                self._companions.leave(place.partition)

    def _resume(self) -> None:
        self._consumer.resume(self._places())
        self._paused = False
        for owned in self.owned.values():
            owned.end_asked_at = -math.inf

    def _places(self) -> list[TopicPartition]:
        return [TopicPartition(FRAMES.name, partition) for partition in self.owned]


def _usable(message: Message) -> bool:
    error = message.error()
    if error is None:
        return True
    if error.fatal():
        raise FatalError(f"Kafka consumer: {error.str()}")
    if error.code() != KafkaError._PARTITION_EOF:
        log.warning("record.poll_error", error=error.str())
    return False
