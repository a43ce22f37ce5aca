"""Who owns which camera, on a real broker with real workers: each one exactly once, and what they say is exact."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from schemas.cameras import CAMERA_CODEC, Camera, Source
from schemas.topics import CAMERAS
from services.runtime.clock import now_ms
from services.runtime.kafka import OutgoingRecord, events_producer
from services.runtime.loop import deliver
from services.runtime.settings import KafkaSettings
from tests.ingest.builders import make_camera, make_jpeg
from tests.ingest.conftest import Broker
from tests.ingest.topic_reading import frames_by_epoch, statuses_by_epoch
from tests.ingest.worker_process import WorkerProcess, wait_for

pytestmark = pytest.mark.integration

Start = Callable[..., WorkerProcess]
Apply = Callable[..., None]


@pytest.fixture
def stills(tmp_path: Path) -> Source:
    folder = tmp_path / "stills"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.jpg").write_bytes(make_jpeg(number))
    return Source("stills", str(folder), loop=True)


@pytest.fixture
def start(broker: Broker, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Start]:
    """Starts workers of a group of this test's own."""
    workers: list[WorkerProcess] = []
    group = request.node.name

    def start(name: str, **settings: str) -> WorkerProcess:
        worker = WorkerProcess(broker.settings, name, tmp_path / f"{name}.log", group=group, **settings)
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.stop()
    for log in tmp_path.glob("*.log"):
        print(log.read_text()[-6000:])


@pytest.fixture
def apply(broker: Broker) -> Iterator[Apply]:
    """Publishes revisions; afterwards the cameras are removed, so that no other test reads them."""
    newest: dict[str, Camera] = {}

    def apply(*cameras: Camera) -> None:
        newest.update({camera.camera_id: camera for camera in cameras})
        records = [OutgoingRecord(CAMERAS.name, c.camera_id.encode(), CAMERA_CODEC.encode(c)) for c in cameras]
        deliver(events_producer(broker.settings), records, 20.0)

    yield apply
    apply(*(msgspec.structs.replace(c, revision=c.revision + 1, state="removed") for c in newest.values()))


def city(source: Source, prefix: str, count: int) -> list[Camera]:
    return [make_camera(f"{prefix}-{number}", sample_fps=5.0, source=source) for number in range(count)]


def assert_ledgers_are_exact(kafka: KafkaSettings, prefix: str) -> None:
    """Of every epoch: dense sequences, and a final status that counts exactly the frames that lie in Kafka."""
    statuses = statuses_by_epoch(kafka)
    epochs = {epoch: f for epoch, f in frames_by_epoch(kafka).items() if epoch[0].startswith(f"{prefix}-")}
    assert epochs
    for epoch, frames in epochs.items():
        assert [headers.sequence for _, headers in frames] == list(range(len(frames))), epoch
        last = statuses[epoch][-1]
        assert (last.state, last.counters.captured) == ("stopped", len(frames)), epoch
        assert last.counters.bytes == sum(len(record.value) for record, _ in frames)
        assert len({headers.ingest_instance for _, headers in frames}) == 1


def test_one_worker_owns_all_and_a_second_one_takes_its_share_of_them(
    broker: Broker, stills: Source, start: Start, apply: Apply
) -> None:
    cameras = city(stills, "share", 16)
    names = {camera.camera_id for camera in cameras}
    apply(*cameras)
    one = start("one")
    wait_for(lambda: names <= one.owned(), "one worker owns every camera")
    assert one.ready()
    two = start("two")
    wait_for(lambda: bool(two.owned() & names), "the second worker owns some")
    wait_for(lambda: names <= one.owned() | two.owned(), "every camera is owned")
    assert not one.owned() & two.owned()
    assert len(one.owned() & names) < len(names)
    wait_for(lambda: all(names <= worker.active() for worker in (one, two)), "each worker tells of every active camera")
    two.stop()
    wait_for(lambda: names <= one.owned(), "the first worker has them back")
    one.stop()
    assert (one.process.returncode, two.process.returncode) == (0, 0)
    assert_ledgers_are_exact(broker.settings, "share")


def test_only_what_changed_is_restarted(broker: Broker, stills: Source, start: Start, apply: Apply) -> None:
    same, renamed, faster, paused = city(stills, "change", 4)
    apply(same, renamed, faster, paused)
    worker = start("one")
    names = {camera.camera_id for camera in (same, renamed, faster, paused)}
    wait_for(lambda: worker.owned() >= names, "all are read")
    wait_for(lambda: {c for c, _ in frames_by_epoch(broker.settings)} >= names, "frames of all come")

    def seen_twice(camera: Camera) -> bool:
        frames = [f for (c, _), f in frames_by_epoch(broker.settings).items() if c == camera.camera_id]
        return {headers.camera_revision for f in frames for _, headers in f} == {1, 2}

    apply(
        msgspec.structs.replace(renamed, revision=2, name="New name"),
        msgspec.structs.replace(faster, revision=2, sample_fps=10.0),
        msgspec.structs.replace(paused, revision=2, state="paused"),
    )
    wait_for(lambda: paused.camera_id not in worker.owned(), "the paused camera is let go")
    wait_for(lambda: seen_twice(renamed) and seen_twice(faster), "frames under both second revisions come")
    worker.stop()
    frames = frames_by_epoch(broker.settings)
    revisions = {
        camera.camera_id: [
            sorted({h.camera_revision for _, h in f}) for (c, _), f in sorted(frames.items()) if c == camera.camera_id
        ]
        for camera in (same, renamed, faster, paused)
    }
    assert revisions[same.camera_id] == [[1]]
    assert revisions[renamed.camera_id] == [[1, 2]], "a new name goes on in the same epoch"
    assert revisions[faster.camera_id] == [[1], [2]], "a new rate is a new epoch"
    assert revisions[paused.camera_id] == [[1]]
    assert_ledgers_are_exact(broker.settings, "change")


def test_a_worker_that_slept_beyond_its_session_publishes_nothing_when_it_wakes(
    broker: Broker, stills: Source, start: Start, apply: Apply
) -> None:
    [camera] = city(stills, "sleep", 1)
    apply(camera)
    one = start("one", session_timeout_seconds="6", delivery_timeout_seconds="2")
    wait_for(lambda: camera.camera_id in one.owned(), "the camera is owned")
    two = start("two", session_timeout_seconds="6", delivery_timeout_seconds="2")
    wait_for(two.ready, "the second worker has joined")
    owner, other = (one, two) if camera.camera_id in one.owned() else (two, one)
    owner.send(signal.SIGSTOP)
    wait_for(lambda: camera.camera_id in other.owned(), "the other worker owns it")
    time.sleep(1.0)  # real time must pass: it is the sleeper's session that ends
    woken_at_ms = now_ms()
    owner.send(signal.SIGCONT)
    assert owner.process.wait(timeout=30) == 70
    other.stop()
    name = "one" if owner is one else "two"
    late = [
        record
        for frames in frames_by_epoch(broker.settings).values()
        for record, headers in frames
        if headers.ingest_instance == name and record.timestamp_ms >= woken_at_ms  # when Kafka took it
    ]
    assert late == []


def test_a_lost_membership_suspends_cameras_until_they_are_assigned_anew(
    broker: Broker, stills: Source, start: Start, apply: Apply
) -> None:
    cameras = city(stills, "lost", 3)
    names = {camera.camera_id for camera in cameras}
    apply(*cameras)
    worker = start("one", session_timeout_seconds="6", delivery_timeout_seconds="2")
    wait_for(lambda: names <= worker.owned(), "the cameras are owned")
    wait_for(lambda: {c for c, _ in frames_by_epoch(broker.settings)} >= names, "frames of all come")
    broker_pid = broker.supervisor.pid("kafka")
    os.kill(broker_pid, signal.SIGSTOP)
    try:
        wait_for(lambda: names <= worker.disowned(), "the worker no longer knows whether it owns them")
        suspended_at_ms = now_ms()
    finally:
        os.kill(broker_pid, signal.SIGCONT)
    woken_at_ms = now_ms()

    def late_epochs() -> set[tuple[str, int]]:
        """Epochs of frames that were taken after all cameras had been suspended."""
        return {
            epoch
            for epoch, frames in frames_by_epoch(broker.settings).items()
            if epoch[0] in names and any(headers.captured_at_ms > suspended_at_ms for _, headers in frames)
        }

    wait_for(lambda: {c for c, _ in late_epochs()} == names, "frames of all come again")
    wait_for(lambda: worker.owned() >= names, "the worker says that it owns them again")
    assert worker.stop() == 0, "it was not ended for its silence: it joined anew"
    assert all(epoch >= woken_at_ms for _, epoch in late_epochs()), "none under an ownership that was in doubt"


def test_a_broker_that_is_away_costs_samples_that_are_counted_and_nothing_else(
    broker: Broker, stills: Source, start: Start, apply: Apply
) -> None:
    [camera] = city(stills, "away", 1)
    apply(camera)
    worker = start("one", delivery_timeout_seconds="1")
    wait_for(lambda: any(c == camera.camera_id for c, _ in frames_by_epoch(broker.settings)), "frames come")
    broker_pid = broker.supervisor.pid("kafka")
    os.kill(broker_pid, signal.SIGSTOP)
    try:
        wait_for(lambda: worker.missed().get("unacknowledged", 0) >= 2, "frames fail")
        assert worker.missed()["backpressure"] >= 2
    finally:
        os.kill(broker_pid, signal.SIGCONT)
    back_at_ms = now_ms()

    def goes_on() -> bool:
        frames = [f for (c, _), f in frames_by_epoch(broker.settings).items() if c == camera.camera_id]
        return any(headers.captured_at_ms > back_at_ms + 500 for f in frames for _, headers in f)

    wait_for(goes_on, "frames come again")
    worker.stop()
    statuses = statuses_by_epoch(broker.settings)
    for epoch, frames in frames_by_epoch(broker.settings).items():
        if epoch[0] == camera.camera_id:
            sequences = [headers.sequence for _, headers in frames]
            assert sorted(set(sequences)) == list(range(max(sequences) + 1)), "dense; one that failed may be there"
            said = max(status.counters.captured for status in statuses[epoch])
            assert said in (max(sequences), max(sequences) + 1)


def test_a_static_worker_that_is_restarted_has_its_own_cameras_back_and_moves_no_other_one(
    broker: Broker, stills: Source, start: Start, apply: Apply
) -> None:
    cameras = city(stills, "roll", 16)
    names = {camera.camera_id for camera in cameras}
    apply(*cameras)
    session = "45"  # the restart must fall within it, also where the machine is slow
    one, two = (start(name, group_instance_id=name, session_timeout_seconds=session) for name in ("one", "two"))

    def shared_out() -> bool:
        """Tell whether the first one has handed over what the second one is to own: asked in one, as both change."""
        first, second = one.owned() & names, two.owned() & names
        return bool(first and second) and not first & second and first | second == names

    wait_for(shared_out, "both own their share, each camera one owner")
    own, others = one.owned() & names, two.owned_since()
    assert one.stop() == 0
    assert names - own <= two.owned()
    assert not own & two.owned(), "nobody takes them within the session time-out"
    again = start("one", group_instance_id="one", session_timeout_seconds=session)
    wait_for(lambda: again.owned() & names == own, "it has its own cameras back")
    assert two.owned_since() == others, "the other worker was not disturbed: its epochs are the same"
    for worker in (again, two):
        assert worker.stop() == 0
    assert_ledgers_are_exact(broker.settings, "roll")


def test_a_static_worker_may_leave_at_once_when_told_to_stop(
    broker: Broker, stills: Source, start: Start, apply: Apply
) -> None:
    cameras = city(stills, "leave", 8)
    names = {camera.camera_id for camera in cameras}
    apply(*cameras)
    one = start("one", group_instance_id="one", session_timeout_seconds="60")
    two = start("two", group_instance_id="two", session_timeout_seconds="60", leave_on_stop="true")
    wait_for(lambda: names <= one.owned() | two.owned() and bool(two.owned() & names), "both own their share")
    assert two.stop() == 0
    wait_for(lambda: names <= one.owned(), "the other one has them long before the session time-out", 30.0)


def test_of_two_workers_under_one_instance_id_the_first_one_ends_and_says_why(
    broker: Broker, stills: Source, start: Start, apply: Apply
) -> None:
    [camera] = city(stills, "twin", 1)
    apply(camera)
    one = start("one", group_instance_id="twin")
    wait_for(lambda: camera.camera_id in one.owned(), "the camera is owned")
    two = start("two", group_instance_id="twin")
    assert one.process.wait(timeout=40) == 70
    assert "another worker runs under its group_instance_id" in one.log.read_text()
    wait_for(lambda: camera.camera_id in two.owned(), "the second one owns it")
