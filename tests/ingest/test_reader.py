"""A reader's story, told by its statuses: real HTTP cameras, a real broker."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from schemas.camera_events import CameraStatus
from schemas.cameras import Camera, Source
from services.ingest.camera_status import StatusReporter
from services.ingest.deliveries import Deliveries
from services.ingest.fence import Fence
from services.ingest.metrics import INGEST_METRICS
from services.ingest.pipeline import FrameLimits
from services.ingest.publisher import FramePublisher
from services.ingest.reader import Reader
from services.ingest.reader_times import ReaderTimes
from services.ingest.sources.stills import StillsSource
from services.runtime.clock import now_ms
from services.runtime.kafka import events_producer, frames_producer
from services.runtime.metrics import Metrics
from tests.ingest.builders import make_camera, make_jpeg, source_tools, write_video
from tests.ingest.conftest import Broker
from tests.ingest.http_camera import HttpCamera
from tests.ingest.topic_reading import frames_by_epoch, statuses_by_epoch

pytestmark = pytest.mark.integration

TIMES = ReaderTimes(
    open=20.0,  # the start of a decoding process is in it
    stall_after=0.3,
    reconnect_after=0.8,
    backoff_first=0.1,
    backoff_most=0.2,
    refused_pause=60.0,
    delivery=5.0,
)
LIMITS = FrameLimits(largest_pixels=1_000_000, largest_frame_bytes=100_000)


def instants_of(told: list[CameraStatus]) -> float:
    """Give how many instants, ten a second, lie between the first and the last status."""
    return (told[-1].at_ms - told[0].at_ms) / 100


@asynccontextmanager
async def reading(broker: Broker, camera: Camera, period: float = 0.1) -> AsyncIterator[Reader]:
    loop = asyncio.get_running_loop()
    metrics = Metrics(INGEST_METRICS)
    deliveries = Deliveries(frames_producer(broker.settings), events_producer(broker.settings), loop)
    with source_tools(period) as tools:
        reader = Reader(camera, tools, LIMITS, TIMES, StatusReporter(deliveries, metrics, "test"), metrics)
        reader.start(FramePublisher(now_ms(), deliveries, Fence(60.0), metrics, "test", reader.report_ended))
        try:
            yield reader
        finally:
            await reader.stop()
            await loop.run_in_executor(None, deliveries.close, 5.0)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


def story(broker: Broker, camera: Camera) -> list[CameraStatus]:
    found = [statuses for (name, _), statuses in statuses_by_epoch(broker.settings).items() if name == camera.camera_id]
    assert len(found) == 1
    return found[0]


def states(statuses: list[CameraStatus]) -> list[str]:
    return [status.state for status in statuses]


def test_a_stream_that_falls_silent_stalls_is_connected_anew_and_lives_again(broker: Broker) -> None:
    server = HttpCamera("silent")
    camera = make_camera("reader-stall", server.url("mjpeg"), "mjpeg")

    async def work() -> None:
        async with reading(broker, camera) as reader:
            await until(lambda: reader.publisher.ledger.reconnects >= 1)
            server.mood = "good"
            await until(lambda: reader.state == "live" and reader.publisher.ledger.captured >= 5)

    try:
        asyncio.run(work())
    finally:
        server.close()
    told = story(broker, camera)
    assert "stalled" in states(told)
    assert states(told)[-2:] == ["live", "stopped"]
    assert {status.error_class for status in told if status.state == "backing_off"} == {"stalled"}
    assert told[-1].counters.reconnects >= 1


@pytest.mark.alone
def test_a_refusing_camera_is_asked_once_and_its_instants_are_counted(broker: Broker) -> None:
    server = HttpCamera("missing")
    camera = make_camera("reader-refused", server.url("snapshot"), "snapshot")

    async def work() -> None:
        async with reading(broker, camera) as reader:
            await until(lambda: reader.state == "refused")
            await asyncio.sleep(1.0)  # real time must pass: nothing may be asked in it

    try:
        asyncio.run(work())
    finally:
        server.close()
    told = story(broker, camera)
    assert server.requests == 1
    assert [status.state for status in told] == ["connecting", "refused", "stopped"]
    assert told[1].error_class == "http_404"
    assert abs(told[-1].counters.missed["source_down"] - instants_of(told)) <= 2


def test_a_camera_that_was_live_and_is_missing_for_a_moment_is_asked_again_soon(broker: Broker) -> None:
    server = HttpCamera()
    camera = make_camera("reader-restart", server.url("mjpeg"), "mjpeg")

    async def work() -> None:
        async with reading(broker, camera) as reader:
            await until(lambda: reader.state == "live")
            server.mood = "silent"  # the stream under way ends; whoever asks anew is told 404
            await until(lambda: reader.state == "stalled")
            server.mood = "missing"
            await until(lambda: reader._error[0] == "http_404")
            asked = server.requests
            await until(lambda: server.requests >= asked + 2)
            server.mood = "good"
            await until(lambda: reader.state == "live")

    try:
        asyncio.run(work())
    finally:
        server.close()
    told = story(broker, camera)
    assert "refused" not in states(told)
    assert "http_404" in {status.error_class for status in told if status.state == "backing_off"}


def test_a_camera_that_asks_to_be_left_alone_is_not_asked_before(broker: Broker) -> None:
    server = HttpCamera("busy")
    camera = make_camera("reader-busy", server.url("snapshot"), "snapshot")

    async def work() -> None:
        async with reading(broker, camera) as reader:
            await until(lambda: reader.state == "backing_off")
            await asyncio.sleep(1.0)  # several of its own pauses; the camera asked for 7 s

    try:
        asyncio.run(work())
    finally:
        server.close()
    told = story(broker, camera)
    assert server.requests == 1
    assert [status.state for status in told] == ["connecting", "backing_off", "stopped"]
    assert told[1].error_class == "http_503"


def test_unusable_pictures_are_counted_and_what_follows_is_read(broker: Broker) -> None:
    server = HttpCamera("garbage")
    camera = make_camera("reader-unusable", server.url("snapshot"), "snapshot")

    async def work() -> None:
        async with reading(broker, camera) as reader:
            await until(lambda: reader.publisher.ledger.missed.get("unusable", 0) >= 5)
            assert reader.state == "stalled"
            server.mood = "good"
            await until(lambda: reader.publisher.ledger.captured >= 3)

    try:
        asyncio.run(work())
    finally:
        server.close()
    told = story(broker, camera)
    assert [s.error_class for s in told if s.state == "stalled"] == ["unusable"]
    assert states(told)[-2:] == ["live", "stopped"]


def test_a_camera_whose_picture_stays_the_same_is_live(broker: Broker) -> None:
    server = HttpCamera("unchanged")
    camera = make_camera("reader-unchanged", server.url("snapshot"), "snapshot")

    async def work() -> None:
        async with reading(broker, camera) as reader:
            await until(lambda: reader.publisher.ledger.missed.get("unchanged", 0) >= 10)  # three times until stalled
            assert reader.state == "live"

    try:
        asyncio.run(work())
    finally:
        server.close()
    told = story(broker, camera)
    assert states(told) == ["connecting", "live", "stopped"]
    assert told[-1].counters.captured == 1


@pytest.mark.alone
def test_a_reader_that_is_stopped_while_it_waits_has_counted_every_instant(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def waiting(*_: object) -> None:
        await asyncio.Event().wait()

    (tmp_path / "still.jpg").write_bytes(make_jpeg())
    monkeypatch.setattr(StillsSource, "read", waiting)
    camera = make_camera("reader-busy-stop", str(tmp_path), "stills")

    async def work() -> None:
        async with reading(broker, camera):
            await asyncio.sleep(1.5)  # instants must pass

    asyncio.run(work())
    told = story(broker, camera)
    assert abs(sum(told[-1].counters.missed.values()) - instants_of(told)) <= 1.5
    assert told[-1].counters.missed["late"] >= 13


def test_a_reader_that_swallows_a_cancellation_stops_all_the_same(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = asyncio.Event()

    async def deaf(*_: object) -> None:
        started.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    (tmp_path / "still.jpg").write_bytes(make_jpeg())
    monkeypatch.setattr(StillsSource, "read", deaf)
    camera = make_camera("reader-deaf", str(tmp_path), "stills")

    async def work() -> None:
        async with asyncio.timeout(30), reading(broker, camera):
            await started.wait()

    asyncio.run(work())
    assert states(story(broker, camera))[-1] == "stopped"


@pytest.mark.alone
def test_every_instant_is_captured_or_missed(broker: Broker) -> None:
    server = HttpCamera("good")
    camera = make_camera("reader-instants", server.url("snapshot"), "snapshot")

    async def work() -> None:
        async with reading(broker, camera) as reader:
            await until(lambda: reader.publisher.ledger.captured >= 20)

    try:
        asyncio.run(work())
    finally:
        server.close()
    told = story(broker, camera)
    assert abs(told[-1].counters.captured + sum(told[-1].counters.missed.values()) - instants_of(told)) <= 2


def test_recorded_footage_is_delivered_whole_and_then_the_camera_has_stopped(broker: Broker, tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", pictures=30, fps=10)
    source = Source("file", str(clip), clock="recorded", recorded_from_ms=1_700_000_000_000)
    camera = make_camera("reader-recorded", source=source)

    async def work() -> None:
        async with reading(broker, camera) as reader:
            await until(lambda: reader.state == "stopped")

    asyncio.run(work())
    told = story(broker, camera)
    [frames] = [f for (name, _), f in frames_by_epoch(broker.settings).items() if name == camera.camera_id]
    assert [h.captured_at_ms - 1_700_000_000_000 for _, h in frames] == [number * 100 for number in range(30)]
    assert [(status.state, status.error_class) for status in told[-2:]] == [("stopped", "ended"), ("stopped", "")]
    assert (told[-1].counters.captured, told[-1].counters.missed) == (30, {})
    assert told[0].decoding == ""
    assert {status.decoding for status in told[1:]} == {"all"}


def test_a_folder_with_a_broken_still_goes_on_after_it(broker: Broker, tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"2013-03-02_07_45_0{number}.jpg").write_bytes(b"broken" if number == 1 else make_jpeg(number))
    source = Source("stills", str(tmp_path), clock="recorded")
    camera = make_camera("reader-stills", source=source)

    async def work() -> None:
        async with reading(broker, camera) as reader:
            await until(lambda: reader.state == "stopped")

    asyncio.run(work())
    counters = story(broker, camera)[-1].counters
    assert (counters.captured, counters.missed) == (3, {"unusable": 1})
