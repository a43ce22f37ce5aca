"""Replicas of detect on a broker of their own: cameras that send evenly, processes, and what Kafka then holds."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import httpx
import msgspec
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from deploy.local.broker import broker_spec
from deploy.local.kafka_jars import fetch_jars
from deploy.local.ports import HOST, free_port
from deploy.local.supervisor import Supervisor
from deploy.local.testing import SHARED_STATE
from schemas.camera_events import CAMERA_EVENT_CODEC, FrameDetections, FrameOutcome, FrameShed
from schemas.cameras import Camera, CameraKind, Source
from schemas.topics import CAMERA_EVENTS, FRAMES, PARTITIONS
from services.runtime.clock import now_ms
from services.runtime.kafka import OutgoingRecord, events_producer, frames_producer
from services.runtime.loop import deliver
from services.runtime.settings import KafkaSettings
from services.runtime.topics import ensure_topics
from tests.detect.pictures import jpeg_of, make_headers, street_bgr
from tests.ingest.topic_reading import read_all
from tests.integration.aggregate_scene import camera_record, make_camera

GROUP = "tilik-detect"
PARTITIONS_COUNT = PARTITIONS["local"]
_TICK_SECONDS = 0.1
_DETECTED = 'tilik_detect_frames_total{outcome="detected"'

FrameId = tuple[str, int]
"""(camera id, sequence); one epoch."""
Outcomes = dict[FrameId, list[FrameOutcome]]
"""What detect said of each frame, in the order in which it lies in Kafka."""


@contextmanager
def running_broker(folder: Path) -> Iterator[KafkaSettings]:
    """Run a broker with Tilik's topics on a free port."""
    port = free_port()
    fetch_jars(SHARED_STATE)
    supervisor = Supervisor(folder)
    try:
        supervisor.start([broker_spec(folder, SHARED_STATE, port, free_port(), heap_mib=256)])
        kafka = KafkaSettings(bootstrap_servers=f"{HOST}:{port}")
        ensure_topics(kafka, "local")
        yield kafka
    finally:
        supervisor.stop()


def make_cameras(prefix: str, urgent: int, lower: int, stale_after_seconds: float, tiles: str = "1x1") -> list[Camera]:
    """Give cameras of class 0 (counters) and of class 1; their ids tell which: ``<prefix>-u0``, ``<prefix>-l0``."""
    kinds: list[tuple[CameraKind, str]] = [("counter", f"u{n}") for n in range(urgent)]
    kinds += [("street", f"l{n}") for n in range(lower)]
    return [
        msgspec.structs.replace(
            make_camera(f"{prefix}-{name}"),
            kind=kind,
            zones=(),
            source=Source("snapshot", "http://camera.test/still.jpg", stale_after_seconds=stale_after_seconds),
            tiles=tiles,
        )
        for kind, name in kinds
    ]


def publish(kafka: KafkaSettings, cameras: Sequence[Camera]) -> None:
    """Put cameras into the registry."""
    deliver(events_producer(kafka), [camera_record(camera) for camera in cameras], 20.0)


class Cameras:
    """Sends small pictures of cameras in turn, evenly, from a thread. ``captured``: what Kafka has acknowledged.

    Each ``spoilt_every``-th frame is no JPEG.
    """

    def __init__(self, kafka: KafkaSettings, cameras: Sequence[Camera], spoilt_every: int = 0) -> None:
        self.captured: list[FrameId] = []
        self._ids = [camera.camera_id for camera in cameras]
        self._producer = frames_producer(kafka, delivery_timeout_seconds=30.0)
        self._jpeg, self._spoilt_every = jpeg_of(street_bgr(180, 320)), spoilt_every
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._failures: list[Exception] = []
        self._extra = 0

    def send(self, count: int) -> None:
        """Send the next ``count`` frames, and wait until Kafka has them."""
        numbers = range(len(self.captured), len(self.captured) + count)
        frames = [(self._ids[number % len(self._ids)], number // len(self._ids)) for number in numbers]
        records = [
            OutgoingRecord(
                FRAMES.name,
                camera.encode(),
                b"no jpeg" if self._spoilt_every and number % self._spoilt_every == 1 else self._jpeg,
                tuple(make_headers(sequence, captured_at_ms=now_ms()).to_kafka()),
            )
            for number, (camera, sequence) in zip(numbers, frames, strict=True)
        ]
        deliver(self._producer, records, 30.0)
        self.captured += frames

    def start(self, frames_per_second: float) -> None:
        """Send from now on."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, args=(frames_per_second,), daemon=True)
        self._thread.start()

    def add(self, count: int) -> None:
        """Send so many frames more, at once."""
        self._extra += count

    def stop(self) -> None:
        """Send no more; what was sent is in Kafka."""
        assert self._thread is not None
        self._stop.set()
        self._thread.join()
        assert not self._failures, self._failures

    def _run(self, frames_per_second: float) -> None:
        began, first = time.monotonic(), len(self.captured)
        try:
            while not self._stop.wait(_TICK_SECONDS):
                due = int((time.monotonic() - began) * frames_per_second) - (len(self.captured) - first) + self._extra
                self.send(max(0, due))
        except Exception as error:
            self._failures.append(error)


class Replica:
    """One process of detect. It is killed when the scene ends, whatever its state."""

    def __init__(self, kafka: KafkaSettings, name: str, folder: Path, **settings: str) -> None:
        self.name, self.http_port, self.log = name, free_port(), folder / f"{name}.log"
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("TILIK_")},
            "TILIK_DETECT_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "TILIK_DETECT_HTTP_PORT": str(self.http_port),
            "TILIK_DETECT_INSTANCE": name,
            "TILIK_DETECT_LOG_FORMAT": "json",
            **{f"TILIK_DETECT_{key.upper()}": value for key, value in settings.items()},
        }
        with self.log.open("ab") as output:
            command = [sys.executable, "-m", "services.detect"]
            self.process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)

    def __enter__(self) -> Replica:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()

    def ready(self) -> bool:
        """Tell whether it has partitions and a warm model."""
        try:
            return httpx.get(f"http://{HOST}:{self.http_port}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            assert self.process.poll() is None, self.log.read_text()
            return False

    def judged(self) -> tuple[float, int]:
        """Give the seconds that judging has taken so far, and the frames that were detected."""
        text = httpx.get(f"http://{HOST}:{self.http_port}/metrics", timeout=5).text
        values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        detected = [float(values[name]) for name in values if name.startswith(_DETECTED)]
        return float(values["tilik_loop_batch_seconds_sum"]), int(sum(detected))

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def stop(self) -> None:
        """Tell it to stop, and expect that it does so in order."""
        self.signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        assert code == 0, self.log.read_text()


@dataclass
class Group:
    """What Kafka says of the group. ``went_back``: partitions whose committed offset was ever seen to decrease."""

    kafka: KafkaSettings
    went_back: set[int] = field(default_factory=set)
    _committed: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._consumer = Consumer({**self.kafka.client_config(), "group.id": GROUP})

    def shares(self) -> list[int]:
        """Give how many partitions each member has, the most first; nothing before the group is there."""
        admin = AdminClient(self.kafka.client_config())
        try:
            described = admin.describe_consumer_groups([GROUP], request_timeout=10)[GROUP].result()
        except KafkaException:  # the broker has only just begun to look after groups
            return []
        return sorted((len(member.assignment.topic_partitions) for member in described.members), reverse=True)

    def shared_by(self, members: int) -> bool:
        """Tell whether so many members have all partitions among them, and each has some."""
        shares = self.shares()
        return len(shares) == members and all(shares) and sum(shares) == PARTITIONS_COUNT

    def in_flight(self) -> int:
        """Give the frames in Kafka that are not committed; 0 is also what has never had a frame."""
        places = self.places()
        return sum(end - max(low, committed) for low, committed, end in places.values())

    def places(self) -> dict[int, tuple[int, int, int]]:
        """Give of each partition its lowest offset, what is committed (0: nothing yet) and its end."""
        asked = [TopicPartition(FRAMES.name, number) for number in range(PARTITIONS_COUNT)]
        committed = {place.partition: max(0, place.offset) for place in self._consumer.committed(asked, timeout=10)}
        marks = {place.partition: self._consumer.get_watermark_offsets(place, timeout=10) for place in asked}
        self.went_back |= {number for number in committed if committed[number] < self._committed.get(number, 0)}
        self._committed = committed
        return {number: (marks[number][0], committed[number], marks[number][1]) for number in committed}


def outcomes_by_frame(kafka: KafkaSettings, prefix: str) -> Outcomes:
    """Give all outcomes of the frames of cameras whose id begins so."""
    found: Outcomes = defaultdict(list)
    for record in read_all(kafka, CAMERA_EVENTS.name):
        event = CAMERA_EVENT_CODEC.decode(record.value)
        assert isinstance(event, FrameDetections | FrameShed)
        if event.camera_id.startswith(prefix):
            found[event.camera_id, event.sequence].append(event)
    return dict(found)


def quantile(values: Sequence[float], ratio: float) -> float:
    """Give a quantile by linear interpolation."""
    return statistics.quantiles(values, n=1000, method="inclusive")[round(ratio * 1000) - 1]
