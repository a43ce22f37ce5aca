"""Three workers on 300 cameras: one is killed, comes back, leaves; the other two are rolled. Run once, for many tests.

three static workers ─► SIGKILL of the third ─► it comes back ─► SIGTERM, leaving the group ─► rolling restart ─► stop
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from clickhouse_connect.driver.client import Client

from deploy.local.platform import LocalStack, ServiceRun, http_probe
from deploy.local.ports import HOST, free_port
from deploy.local.process import ProcessSpec
from deploy.local.testing import running_platform
from schemas.camera_events import CameraStatus
from schemas.cameras import Camera, Source
from schemas.frames import FrameHeaders
from services.aggregate.migrate import known_migrations, migrate
from services.runtime.clickhouse import connect
from services.runtime.clock import now_ms
from services.runtime.kafka import ConsumedRecord, events_producer
from services.runtime.loop import deliver
from services.runtime.settings import ClickHouseSettings
from services.runtime.topics import ensure_topics
from tests.ingest.builders import write_video
from tests.ingest.topic_reading import Epoch, frames_by_epoch, statuses_by_epoch
from tests.ingest.worker_process import WorkerProcess, wait_for
from tests.integration.aggregate_scene import camera_record, make_camera

CAMERAS_COUNT = 300
PERIOD_MS = 1000
VICTIM = "three"

Frames = list[tuple[ConsumedRecord, FrameHeaders]]


@dataclass
class Story:
    """What happened, by this machine's clock, and what Kafka holds of it afterwards.

    ``moments`` are the times (ms) at which phases began: killed, returned, left, rolled, stopped. ``restart_seconds``:
    from a worker's being told to stop until the next one of its name was ready, the longer one of a rolling restart.
    """

    stack: LocalStack
    client: Client
    cameras: list[Camera]
    moments: dict[str, int] = field(default_factory=dict)
    owned_again_seconds: float = 0.0
    restart_seconds: float = 0.0
    covered_before: tuple[int, int] = (0, 0)
    covered_after: tuple[int, int] = (0, 0)
    victims_cameras: set[str] = field(default_factory=set)
    frames: dict[Epoch, Frames] = field(default_factory=dict)
    statuses: dict[Epoch, list[CameraStatus]] = field(default_factory=dict)

    def begin(self, phase: str) -> int:
        """Note that a phase begins now."""
        self.moments[phase] = now_ms()
        return self.moments[phase]

    def epochs(self, camera_id: str) -> list[int]:
        """Give the epochs of a camera that have frames, rising."""
        return sorted(epoch for one, epoch in self.frames if one == camera_id)

    def hand_overs(self, phase: str) -> dict[str, int]:
        """Give, by camera, the samples lost in the hand-overs that a phase brought, those of one camera added up."""
        following = [*itertools.dropwhile(lambda name: name != phase, self.moments)][1]
        lost: dict[str, int] = {}
        for camera in (camera.camera_id for camera in self.cameras):
            for old, new in itertools.pairwise(self.epochs(camera)):
                if self.moments[phase] <= new < self.moments[following]:
                    last, first = self.frames[camera, old][-1][1], self.frames[camera, new][0][1]
                    silent_ms = first.captured_at_ms - last.captured_at_ms
                    lost[camera] = lost.get(camera, 0) + max(0, round(silent_ms / PERIOD_MS) - 1)
        return lost


@contextmanager
def played_story(folder: Path) -> Iterator[Story]:
    """Play it all; the platform and the aggregation still run while the caller looks at it."""
    with running_platform(folder) as stack:
        ensure_topics(stack.kafka, "local")
        clickhouse = ClickHouseSettings(host=HOST, port=stack.clickhouse_port)
        migrate(clickhouse, known_migrations())
        cameras = make_city(start_cameras(stack, folder))
        deliver(events_producer(stack.kafka), [camera_record(camera) for camera in cameras], 20.0)
        stack.start_services([ServiceRun("aggregate")])
        client = connect(clickhouse, clickhouse.database)
        story = Story(stack, client, cameras)
        with Crew(stack, folder, {camera.camera_id for camera in cameras}) as crew:
            play(story, crew)
        story.frames, story.statuses = frames_by_epoch(stack.kafka), statuses_by_epoch(stack.kafka)
        yield story
        client.close()


def start_cameras(stack: LocalStack, folder: Path) -> str:
    """Start the snapshot cameras and give their address: small pictures, for this is about owners."""
    port, clip = free_port(), write_video(folder / "clip.mp4")
    argv = [sys.executable, "-m", "deploy.local.camera_server", "--port", str(port), "--footage", str(clip)]
    argv += ["--many", str(CAMERAS_COUNT)]
    stack.start_processes([ProcessSpec("camera-server", argv, ready=http_probe(port, "/"), port=port)])
    return f"http://{HOST}:{port}"


def make_city(address: str) -> list[Camera]:
    return [
        msgspec.structs.replace(
            make_camera(f"takeover-{number:04d}"),
            source=Source("snapshot", f"{address}/snapshot/many-{number:04d}.jpg"),
        )
        for number in range(CAMERAS_COUNT)
    ]


class Crew:
    """The workers. Names are those of the static members."""

    def __init__(self, stack: LocalStack, folder: Path, cameras: set[str]) -> None:
        self._stack, self._folder, self.cameras = stack, folder, cameras
        self.workers: dict[str, WorkerProcess] = {}
        self._all: list[WorkerProcess] = []

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._all:
            if worker.process.poll() is None:
                worker.process.kill()
                worker.process.wait()

    def start(self, name: str, **settings: str) -> WorkerProcess:
        settings = {"group_instance_id": name, "allowed_networks": '["loopback"]', **settings}
        worker = WorkerProcess(self._stack.kafka, name, self._folder / f"{name}.log", **settings)
        self.workers[name] = worker
        self._all.append(worker)
        return worker

    def owned(self) -> set[str]:
        return set().union(*(worker.owned() for worker in self.workers.values()))

    def settle(self, names: Sequence[str], what: str) -> None:
        """Wait until these workers share the cameras, each has some, and pictures of all of them come."""

        def settled() -> bool:
            shares = [self.workers[name].owned() for name in names]
            return all(shares) and sum(map(len, shares)) == len(self.cameras) == len(set().union(*shares))

        def live() -> bool:
            return sum(self.workers[name].states().get("live", 0) for name in names) == len(self.cameras)

        wait_for(settled, f"{what}: owned", 60.0)
        wait_for(live, f"{what}: live", 60.0)


def play(story: Story, crew: Crew) -> None:
    for name in ("one", "two", VICTIM):
        crew.start(name)
    crew.settle(["one", "two", VICTIM], "at first")
    story.covered_before = wait_for_coverage(story.client, lambda covered, active: covered == active == CAMERAS_COUNT)
    kill_the_victim(story, crew)
    story.begin("returned")
    crew.start(VICTIM, leave_on_stop="true")
    crew.settle(["one", "two", VICTIM], "after the return")
    story.begin("left")
    assert crew.workers.pop(VICTIM).stop() == 0
    crew.settle(["one", "two"], "after the leave")
    story.begin("rolled")
    for name in ("one", "two"):
        told_at = time.monotonic()
        assert crew.workers[name].stop() == 0
        wait_for(crew.start(name).ready, f"{name} is ready again", 120.0)
        story.restart_seconds = max(story.restart_seconds, time.monotonic() - told_at)
        crew.settle(["one", "two"], f"after the restart of {name}")
    story.begin("stopped")
    for worker in crew.workers.values():
        assert worker.stop() == 0
    story.covered_after = wait_for_coverage(story.client, lambda covered, _: covered == 0)


def kill_the_victim(story: Story, crew: Crew) -> None:
    victim = crew.workers.pop(VICTIM)
    story.victims_cameras = victim.owned()
    killed_at_ms = story.begin("killed")
    victim.process.kill()
    victim.process.wait()
    wait_for(lambda: crew.owned() >= crew.cameras, "every camera is owned again", 60.0)
    story.owned_again_seconds = (now_ms() - killed_at_ms) / 1000
    crew.settle(["one", "two"], "after the kill")


def wait_for_coverage(client: Client, fits: Callable[[int, int], bool]) -> tuple[int, int]:
    """Wait until so many cameras are (covered, active) in ClickHouse, and give that."""
    deadline = time.monotonic() + 30
    while True:
        [(covered, active)] = client.query("SELECT countIf(covered), count() FROM camera_coverage").result_rows
        if fits(covered, active) or time.monotonic() > deadline:
            return int(covered), int(active)
        time.sleep(0.5)
