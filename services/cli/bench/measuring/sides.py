"""The sides of ``bench ingest``: whatever turns cameras into JPEGs, as processes whose cost and yield are measured."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import psutil
from confluent_kafka import OFFSET_END, Consumer, TopicPartition

from schemas.cameras import Camera
from schemas.topics import FRAMES
from services.cli.bench.measuring.arrivals import Arrival, Continuity, continuity
from services.cli.bench.measuring.exposition import Samples, quantile, total
from services.cli.bench.measuring.process_usage import NOTHING, Usage, usage_of
from services.cli.bench.measuring.running_ingest import RunningIngest, register, running_ingest
from services.runtime.errors import FatalError
from services.runtime.kafka import assign_whole_topic, whole_topic_consumer
from services.runtime.settings import KafkaSettings

_REPOSITORY = Path(__file__).parents[4]
"""The peers are scripts of the source tree (``benchmarks/``), which no wheel contains."""
_PERIOD_SECONDS = 1.0
_FRAMES_BEFORE = 3
"""So many frames of each camera are there before a window begins: its beat is known, and it is steady."""
_START_SECONDS = 90.0
_AFTER_SECONDS = 1.5
"""Frames are waited for so long after a window's end: they tell whether its last ones were late or lost."""
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Measured:
    """What a side did in a steady window. ``memory_bytes`` is that at its end."""

    cameras: int
    seconds: float
    cpu_seconds: float
    memory_bytes: int
    frames: Continuity
    missed: float = 0.0
    late_p95_seconds: float = 0.0

    @property
    def cpu_per_camera_minute(self) -> float:
        """Give the CPU-seconds that a camera costs in a minute."""
        return self.cpu_seconds / self.cameras / self.seconds * 60.0


@dataclass(slots=True)
class Arrivals:
    """Frames as they come; filled by a thread."""

    cameras: int
    all: list[Arrival] = field(default_factory=list)

    def steady(self) -> bool:
        """Tell whether each camera has given its first frames."""
        counts = [0] * self.cameras
        for arrival in list(self.all):
            counts[arrival.camera] += 1
        return min(counts) >= _FRAMES_BEFORE


class Side(Protocol):
    """One who is measured."""

    def running(self) -> bool:
        """Tell whether all its processes run."""
        ...

    def usage(self) -> Usage:
        """Give what its processes have used."""
        ...

    def counters(self) -> Samples:
        """Give what it counts itself; empty where it counts nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer's script that runs. ``collector``: it only collects what the processes that it started give."""

    process: subprocess.Popen[str]
    collector: bool

    def running(self) -> bool:
        """Tell whether the script runs."""
        return self.process.poll() is None

    def usage(self) -> Usage:
        """Give what the peer's processes have used; a collector itself is not counted."""
        return usage_of(self.process.pid, itself=not self.collector)

    def counters(self) -> Samples:
        """Give nothing: peers count nothing themselves."""
        return {}


@dataclass(frozen=True, slots=True)
class Tilik:
    """Tilik's ingest worker that runs, with its decoding processes."""

    ingest: RunningIngest

    def running(self) -> bool:
        """Tell whether the worker runs, and is the one that was started."""
        return all(status.restart_count == 0 for status in self.ingest.supervisor.status().values())

    def usage(self) -> Usage:
        """Give what the worker and its decoding processes have used."""
        return sum((usage_of(pid) for pid in self.ingest.pids()), NOTHING)

    def counters(self) -> Samples:
        """Give the worker's metrics."""
        return self.ingest.metrics()[0]


def measure_peer(peer: str, cameras: Sequence[Camera], seconds: float, *, collector: bool) -> Measured:
    """Run a peer, a module, on these cameras, and measure it over a steady window.

    Raises:
        FatalError: Not every camera gave frames.
    """
    command = [sys.executable, "-m", peer, *(camera.source.url for camera in cameras)]
    arrivals = Arrivals(len(cameras))
    with subprocess.Popen(command, cwd=_REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        reading = threading.Thread(target=_read_lines, args=(process, arrivals), daemon=True)
        reading.start()
        try:
            return _measured(Peer(process, collector), arrivals, seconds)
        finally:
            _end(process)
            reading.join()


def measure_tilik(kafka: KafkaSettings, cameras: Sequence[Camera], seconds: float) -> Measured:
    """Run an ingest worker on these cameras, and measure it over a steady window; frames are counted in Kafka.

    Raises:
        FatalError: Not every camera gave frames.
    """
    register(kafka, cameras)
    arrivals = Arrivals(len(cameras))
    numbers = {camera.camera_id.encode(): number for number, camera in enumerate(cameras)}
    with (
        _reading_frames(kafka, numbers, arrivals),
        TemporaryDirectory(prefix="tilik-bench-") as state,
        running_ingest(kafka, 1, Path(state)) as ingest,
    ):
        return _measured(Tilik(ingest), arrivals, seconds)


def _measured(side: Side, arrivals: Arrivals, seconds: float) -> Measured:
    _wait(lambda: arrivals.steady() or not side.running(), _START_SECONDS)
    if not side.running() or not arrivals.steady():
        raise FatalError("a side of the benchmark did not get frames of every camera")
    usage, counters, began = side.usage(), side.counters(), time.time()
    time.sleep(seconds)
    now, counted, ended = side.usage(), side.counters(), time.time()
    time.sleep(_AFTER_SECONDS)
    if not side.running():
        raise FatalError("a side of the benchmark ended while it was measured")
    missed = "tilik_ingest_samples_missed_total"
    return Measured(
        cameras=arrivals.cameras,
        seconds=ended - began,
        cpu_seconds=now.cpu_seconds - usage.cpu_seconds,
        memory_bytes=now.memory_bytes,
        frames=continuity(list(arrivals.all), arrivals.cameras, (began, ended), _PERIOD_SECONDS),
        missed=total(counted, missed) - total(counters, missed),
        late_p95_seconds=quantile(counters, counted, "tilik_ingest_sample_lateness_seconds", 0.95) if counted else 0.0,
    )


def _wait(condition: Callable[[], bool], timeout_seconds: float) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)


def _read_lines(process: subprocess.Popen[str], arrivals: Arrivals) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        camera, at_seconds, size_bytes = line.split()
        arrivals.all.append(Arrival(int(camera), float(at_seconds), int(size_bytes)))


def _end(process: subprocess.Popen[str]) -> None:
    """End a peer and what it has started."""
    started = psutil.Process(process.pid).children(recursive=True)
    process.kill()  # first, so that it does not complain of what it loses
    for child in started:
        child.kill()


@contextmanager
def _reading_frames(kafka: KafkaSettings, numbers: dict[bytes, int], arrivals: Arrivals) -> Iterator[None]:
    """Note each frame that comes into Kafka, with the broker's own time."""
    consumer = whole_topic_consumer(kafka, "bench")
    partitions = assign_whole_topic(consumer, FRAMES.name)
    consumer.assign([TopicPartition(FRAMES.name, partition, OFFSET_END) for partition in partitions])
    stopping = threading.Event()
    thread = threading.Thread(target=_read_frames, args=(consumer, numbers, arrivals, stopping), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
        consumer.close()


def _read_frames(consumer: Consumer, numbers: dict[bytes, int], arrivals: Arrivals, stopping: threading.Event) -> None:
    while not stopping.is_set():
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            at_seconds = message.timestamp()[1] / 1000.0
            arrivals.all.append(Arrival(numbers[message.key() or b""], at_seconds, len(message.value() or b"")))
