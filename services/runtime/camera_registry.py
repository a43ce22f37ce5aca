"""The camera registry as the services see it: every revision, followed on a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from schemas.cameras import CAMERA_CODEC, Camera
from schemas.codec import ContractError
from schemas.topics import CAMERAS
from services.runtime.errors import FatalError, RetryableError
from services.runtime.kafka import assign_whole_topic, translated, whole_topic_consumer
from services.runtime.logging import get_logger
from services.runtime.settings import KafkaSettings

log = get_logger(__name__)


class CameraRevisions:
    """Every revision of every camera that has been read. Safe to read from any thread."""

    def __init__(self) -> None:
        self._revisions: dict[tuple[str, int], Camera] = {}
        self._latest: dict[str, Camera] = {}

    def add(self, camera: Camera) -> None:
        """Take a revision. The first one said under a number stays: a revision never changes."""
        if (camera.camera_id, camera.revision) in self._revisions:
            return
        self._revisions[camera.camera_id, camera.revision] = camera
        latest = self._latest.get(camera.camera_id)
        if latest is None or camera.revision > latest.revision:
            self._latest[camera.camera_id] = camera

    def find(self, camera_id: str, revision: int) -> Camera | None:
        """Give the camera under that revision, or None where it is not known (yet)."""
        return self._revisions.get((camera_id, revision))

    def latest(self, camera_id: str) -> Camera | None:
        """Give the newest revision of a camera, or None where it is not known."""
        return self._latest.get(camera_id)

    def all(self) -> list[Camera]:
        """Give every revision of every camera, in no order."""
        return list(self._revisions.values())

    def all_latest(self) -> list[Camera]:
        """Give the newest revision of every camera, by camera id."""
        return [self._latest[camera_id] for camera_id in sorted(self._latest)]


class CameraRegistry:
    """Follow the topic ``cameras`` until closed.

    Args:
        settings: The Kafka cluster.
        name: Name of the reader, for the broker's logs.
    """

    def __init__(self, settings: KafkaSettings, name: str) -> None:
        self.revisions = CameraRevisions()
        self._brokers = settings.bootstrap_servers
        self._hindrance: RetryableError | FatalError | None = None
        self._consumer = whole_topic_consumer(settings, f"{name}-registry")
        self._positions: dict[int, int] = {}
        self._ends: dict[int, int] | None = None
        self._ends_wanted = False
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="camera-registry", daemon=True)
        self._thread.start()

    def wait_until_current(self, timeout_seconds: float) -> None:
        """Block until all that is in the topic at the time of the call has been read.

        Raises:
            RetryableError: That took longer than ``timeout_seconds``; the text says what was in the way.
            FatalError: Kafka's client can't go on.
        """
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            self._ends = None
            self._ends_wanted = True
            self._wait(lambda: self._ends is not None, deadline)
            ends: dict[int, int] = self._ends or {}
            self._wait(lambda: all(self._positions[p] >= end for p, end in ends.items()), deadline)

    def positions(self) -> dict[int, int]:
        """Give the offset of each partition's next record: all before it has been read. Empty before Kafka answered."""
        with self._changed:
            return dict(self._positions)

    @property
    def failure(self) -> FatalError | None:
        """Tell why it no longer follows; None while it does. What it has read so far stays."""
        if isinstance(self._hindrance, FatalError):
            return self._hindrance
        ended = not self._thread.is_alive() and not self._stopping.is_set()
        return FatalError("the camera registry is no longer followed") if ended else None

    def close(self) -> None:
        """Stop following."""
        self._stopping.set()
        self._thread.join()

    def _wait(self, condition: Callable[[], bool], deadline: float) -> None:
        def over() -> bool:
            return isinstance(self._hindrance, FatalError) or condition()

        in_time = self._changed.wait_for(over, max(0.0, deadline - time.monotonic()))
        if isinstance(self._hindrance, FatalError):
            raise FatalError(f"the camera registry can't be read: {self._hindrance}")
        if not in_time:
            cause = self._hindrance or "it is still being read"
            raise RetryableError(f"the camera registry at {self._brokers} could not be read in time: {cause}")

    def _ask_for_ends(self) -> None:
        """Ask the broker where the partitions end now.

        On the polling thread: asked from another one while this polls, librdkafka's call was seen never to return.
        """
        try:
            places = [TopicPartition(CAMERAS.name, partition) for partition in self._positions]
            marks = {place.partition: self._consumer.get_watermark_offsets(place, timeout=5) for place in places}
        except KafkaException as error:
            self._hinder(translated(error))
            return
        with self._changed:
            self._ends = {partition: int(mark[1]) for partition, mark in marks.items() if mark is not None}
            self._ends_wanted = len(self._ends) < len(marks)
            if self._ends_wanted:
                self._ends = None
            self._changed.notify_all()

    def _follow(self) -> None:
        while not self._stopping.is_set() and not self._assign():
            self._stopping.wait(1.0)
        while not self._stopping.is_set() and not isinstance(self._hindrance, FatalError):
            if self._ends_wanted:
                self._ask_for_ends()
            message = self._consumer.poll(0.2)
            if message is not None:
                self._take(message)
        self._consumer.close()

    def _assign(self) -> bool:
        try:
            partitions = assign_whole_topic(self._consumer, CAMERAS.name)
        except (RetryableError, FatalError) as error:
            self._hinder(error)
            return isinstance(error, FatalError)
        with self._changed:
            self._hindrance = None
            self._positions = dict.fromkeys(partitions, 0)
        return True

    def _hinder(self, error: RetryableError | FatalError) -> None:
        """Keep what is in the way, for whoever waits."""
        log.warning("registry.waiting", error=str(error))
        with self._changed:
            self._hindrance = error
            self._changed.notify_all()

    def _take(self, message: Message) -> None:
        partition, offset, error = message.partition() or 0, message.offset() or 0, message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                self._advance(partition, offset)
            else:
                self._hinder(translated(KafkaException(error)))
            return
        try:
            self.revisions.add(CAMERA_CODEC.decode(message.value() or b""))
        except ContractError as fault:
            log.error("registry.invalid_camera", partition=partition, offset=offset, error=str(fault))
        self._advance(partition, offset + 1)

    def _advance(self, partition: int, position: int) -> None:
        with self._changed:
            self._hindrance = None
            self._positions[partition] = max(self._positions[partition], position)
            self._changed.notify_all()


def read_registry(settings: KafkaSettings, timeout_seconds: float = 15.0) -> CameraRevisions:
    """Read the whole registry as it is now.

    Raises:
        RetryableError: Kafka is away, or the topic is not there.
    """
    registry = CameraRegistry(settings, "tilik-reader")
    try:
        registry.wait_until_current(timeout_seconds)
    finally:
        registry.close()
    return registry.revisions
