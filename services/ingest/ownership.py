"""Own cameras: a consumer group on the registry hands each partition, and with it its cameras, to one worker.

What is assigned is read from its beginning; at its end the newest revision of each camera rules and its reader starts.
Later revisions apply as they come. What is revoked is stopped before Kafka hears that it was let go, so the next owner
starts after the last frame. What is lost (nobody knows who owns it) publishes nothing more at once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

from schemas.cameras import CAMERA_CODEC
from schemas.codec import ContractError
from schemas.topics import CAMERAS
from services.ingest.engine import Engine
from services.ingest.fence import Fence
from services.runtime.camera_registry import CameraRevisions
from services.runtime.errors import FatalError
from services.runtime.logging import get_logger
from services.runtime.service import Service

log = get_logger(__name__)

_POLL_SECONDS = 0.2
_WARN_AGAIN_SECONDS = 30.0
_LEAVE_SECONDS = 5.0
_TURN_SECONDS = 2.0
"""An engine may take so long to answer: well within the time in which the fence wants the next poll."""
_MOST_AT_ONCE = 1_000
"""Messages taken between two looks at the engine: a look costs a turn of the event loop, a registry has thousands."""


@dataclass(slots=True)
class _Partition:
    """The cameras of one assigned partition, as far as they have been read."""

    revisions: CameraRevisions = field(default_factory=CameraRevisions)
    current: bool = False

    @property
    def camera_ids(self) -> list[str]:
        return [camera.camera_id for camera in self.revisions.all_latest()]


class Ownership:
    """The main loop of an ingest worker.

    Args:
        consumer: Member of the group.
        engine: Reads cameras.
        fence: Touched each time that the consumer has polled.
        service: Health, and when to stop.
        leave_on_stop: Leave the group when told to stop, also as a static member.
    """

    def __init__(
        self, consumer: Consumer, engine: Engine, fence: Fence, service: Service, leave_on_stop: bool = False
    ) -> None:
        self._consumer = consumer
        self._engine = engine
        self._fence = fence
        self._service = service
        self._leave_on_stop = leave_on_stop
        self._partitions: dict[int, _Partition] = {}
        self._lost: dict[int, _Partition] = {}
        self._warned: dict[int, float] = {}

    def run(self) -> None:
        """Run until the service is to stop; then every camera is released. A dynamic member leaves the group as well.

        Raises:
            FatalError: This worker did not poll for its session time-out, another one runs under its group instance
                id, or its engine or a client can't go on.
        """
        self._service.health.wait_for("assignment")
        self._consumer.subscribe(
            [CAMERAS.name], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost_all
        )
        try:
            while not self._service.stopping.is_set():
                self._turn()
            if self._leave_on_stop:
                self._leave()
        finally:
            self._consumer.close()

    def _turn(self) -> None:
        """Take what has come, then look whether the engine goes on."""
        message = self._polled(_POLL_SECONDS)
        for _ in range(_MOST_AT_ONCE):
            if message is None:
                break
            self._take(message)
            message = self._polled(0)
        self._engine.check()
        if self._engine.turns(_TURN_SECONDS):
            self._service.health.touch()

    def _polled(self, timeout_seconds: float) -> Message | None:
        message = self._consumer.poll(timeout_seconds)
        if not self._fence.touch():
            raise FatalError("did not poll for the session time-out: others may own the cameras now")
        return message

    def _leave(self) -> None:
        """Leave the group. By closing alone librdkafka leaves it only for members that are not static."""
        self._consumer.unsubscribe()
        deadline = time.monotonic() + _LEAVE_SECONDS
        while self._partitions and time.monotonic() < deadline:
            self._consumer.poll(_POLL_SECONDS)

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._fence.touch()  # see _revoked
        numbers = [place.partition for place in partitions]
        log.info("ownership.assigned", partitions=numbers)
        consumer.incremental_assign([TopicPartition(CAMERAS.name, n, OFFSET_BEGINNING) for n in numbers])
        self._partitions.update({number: _Partition() for number in numbers})
        gone = [camera_id for n, lost in self._lost.items() if n not in numbers for camera_id in lost.camera_ids]
        self._lost.clear()
        if gone:
            self._engine.release(gone)
        self._service.health.fulfil("assignment")

    def _revoked(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        # Called inside a poll, so this worker is still heard. The fence is not touched while the last frames are waited
        # for: until the next poll nobody would tell if the cameras that stay were lost as well. That wait
        # (delivery_timeout_seconds) is shorter than the fence's, which the settings make sure of.
        self._fence.touch()
        numbers = [place.partition for place in partitions]
        log.info("ownership.revoked", partitions=numbers)
        gone = [self._partitions.pop(number, _Partition()) for number in numbers]
        self._engine.release([camera_id for partition in gone for camera_id in partition.camera_ids])

    def _lost_all(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        numbers = [place.partition for place in partitions]
        log.warning("ownership.lost", partitions=numbers)
        for number in numbers:
            partition = self._partitions.pop(number, _Partition())
            self._lost[number] = partition
            self._engine.suspend(partition.camera_ids)

    def _take(self, message: Message) -> None:
        error = message.error()
        number = message.partition()
        partition = self._partitions.get(number) if number is not None else None
        if error is not None:
            self._take_error(error, partition)
        elif partition is not None:
            self._take_revision(message, partition)

    def _take_error(self, error: KafkaError, partition: _Partition | None) -> None:
        if error.code() == KafkaError._PARTITION_EOF:
            if partition is not None and not partition.current:
                partition.current = True
                for camera in partition.revisions.all_latest():
                    self._engine.apply(camera)
            return
        if error.fatal() or error.code() == KafkaError._FATAL:  # of a consumer the second; the first is never set
            hint = "; another worker runs under its group_instance_id" if "fenced" in error.str() else ""
            raise FatalError(f"Kafka consumer: {error.str()}{hint}")
        now = time.monotonic()
        if now - self._warned.get(error.code(), -_WARN_AGAIN_SECONDS) >= _WARN_AGAIN_SECONDS:
            self._warned[error.code()] = now
            log.warning("ownership.waiting", error=error.str())

    def _take_revision(self, message: Message, partition: _Partition) -> None:
        try:
            camera = CAMERA_CODEC.decode(message.value() or b"")
        except ContractError as fault:
            place = {"partition": message.partition(), "offset": message.offset()}
            log.error("ownership.invalid_camera", error=str(fault), **place)
            return
        partition.revisions.add(camera)
        if partition.current and partition.revisions.latest(camera.camera_id) is camera:
            self._engine.apply(camera)
