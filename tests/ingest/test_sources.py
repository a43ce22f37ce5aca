"""The contract of sources: every file in ``services/ingest/sources`` keeps it, against real files and servers."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from schemas.cameras import Effect
from schemas.cameras import Source as SourceEntry
from services.ingest.jpeg_header import UnusablePictureError, read_header
from services.ingest.secret_store import SecretStore
from services.ingest.source import (
    SIMULATED,
    Picture,
    PictureUnchanged,
    Sample,
    Source,
    made_source,
    make_source,
    source_kinds,
)
from services.ingest.source_errors import SourceEnded, SourceError, SourceFailed, SourceRefused
from services.runtime.clock import now_ms
from tests.ingest.builders import make_jpeg, source_tools, square_left, write_video
from tests.ingest.event_loop import run
from tests.ingest.hls_camera import HlsCamera
from tests.ingest.http_camera import HttpCamera, Mood
from tests.ingest.rtsp_scene import SquareCameras

pytestmark = pytest.mark.integration

PERIOD = 0.1
HTTP_KINDS = ["mjpeg", "snapshot"]
WEB_KINDS = [*HTTP_KINDS, "hls"]
ALL_KINDS = [*source_kinds(), SIMULATED]
DUSK = (Effect(effect="night", strength=0.1),)


class Scenes:
    """Makes what a source of each kind reads; a new kind of source is added here, and nowhere else."""

    def __init__(self, folder: Path, squares: SquareCameras) -> None:
        self._folder = folder
        self._squares = squares
        self._cameras: list[HttpCamera | HlsCamera] = []

    def good(self, kind: str) -> SourceEntry:
        entry: SourceEntry = getattr(self, f"_{kind}")("good")
        return entry

    def bad(self, kind: str) -> SourceEntry:
        entry: SourceEntry = getattr(self, f"_{kind}")("garbage")
        return entry

    def http(self, kind: str, mood: Mood, lengths: bool = True, secret: str = "") -> tuple[SourceEntry, HttpCamera]:
        camera = HttpCamera(mood, lengths=lengths)
        self._cameras.append(camera)
        return SourceEntry(kind, camera.url(kind), secret=secret), camera  # type: ignore[arg-type]

    def close(self) -> None:
        for camera in self._cameras:
            camera.close()

    def _file(self, mood: str) -> SourceEntry:
        path = self._folder / f"{mood}.mp4"
        if mood == "good":
            write_video(path)
        else:
            path.write_bytes(os.urandom(20_000))
        return SourceEntry("file", str(path), loop=True)

    def _stills(self, mood: str) -> SourceEntry:
        folder = self._folder / f"{mood}-stills"
        folder.mkdir()
        for number in range(5):
            jpeg = make_jpeg(number) if mood == "good" else b"\xff\xd8" + os.urandom(500)
            (folder / f"2013-03-02_07_45_{number:02d}.jpg").write_bytes(jpeg)
        return SourceEntry("stills", str(folder), loop=True)

    def _mjpeg(self, mood: Mood) -> SourceEntry:
        return self.http("mjpeg", mood)[0]

    def _snapshot(self, mood: Mood) -> SourceEntry:
        return self.http("snapshot", mood)[0]

    def _hls(self, mood: str) -> SourceEntry:
        camera = HlsCamera()
        self._cameras.append(camera)
        if mood == "garbage":
            camera.change = lambda path, headers: (200, os.urandom(5000)) if path.endswith(".ts") else None
        return SourceEntry("hls", camera.url())

    def _rtsp(self, mood: Mood) -> SourceEntry:
        if mood == "good":
            return SourceEntry("rtsp", self._squares.url())
        return SourceEntry("rtsp", self.http("mjpeg", "garbage")[1].url("mjpeg").replace("http:", "rtsp:"))

    def _simulated(self, mood: Mood) -> SourceEntry:
        return replace(self._mjpeg(mood), simulated=DUSK)


@pytest.fixture
def scenes(tmp_path: Path, square_cameras: SquareCameras) -> Iterator[Scenes]:
    scenes = Scenes(tmp_path, square_cameras)
    yield scenes
    scenes.close()


@asynccontextmanager
async def opened(entry: SourceEntry) -> AsyncIterator[Source]:
    with source_tools(PERIOD) as tools:
        source = make_source(entry, tools)
        try:
            await source.open()
            yield source
        finally:
            await source.close()


async def read_pictures(source: Source, count: int) -> list[Picture | None]:
    """Read ``count`` samples on a grid from now on."""
    start = asyncio.get_running_loop().time()
    dues = [start + n * PERIOD for n in range(count)]
    return [await source.read(Sample(due, due + PERIOD, number)) for number, due in enumerate(dues)]


def quick_pairs(pictures: list[Picture]) -> list[tuple[Picture, Picture]]:
    """Give neighbours between which the square, at 20 pictures a second, has not gone half round."""
    pairs = itertools.pairwise(pictures)
    return [(first, after) for first, after in pairs if after.captured_at_ms - first.captured_at_ms < 350]


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_pictures_are_whole_jpegs_of_the_scene_in_its_order(kind: str, scenes: Scenes) -> None:
    async def work() -> list[Picture]:
        found: list[Picture] = []
        async with opened(scenes.good(kind)) as source:
            start = asyncio.get_running_loop().time()
            for number in itertools.count():  # however slow the machine: what gives no more runs into the time limit
                due = start + number * PERIOD
                if (picture := await source.read(Sample(due, due + PERIOD, number))) is not None:
                    found.append(picture)
                if len(quick_pairs(found)) == 3:
                    return found
        raise AssertionError

    before = now_ms()
    pictures = run(work)
    pairs = quick_pairs(pictures)
    steps = [(square_left(after.jpeg) - square_left(first.jpeg)) % 16 for first, after in pairs]
    assert all(read_header(picture.jpeg, 10**6).width == 160 for picture in pictures)
    assert kind == "stills" or all(0 < step < 8 for step in steps), steps
    times = [picture.captured_at_ms for picture in pictures]
    assert times == sorted(set(times))
    assert before - (5000 if kind == "hls" else 0) <= times[0] <= now_ms()


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_malformed_bytes_raise_nothing_but_the_errors_of_the_contract(kind: str, scenes: Scenes) -> None:
    async def work() -> None:
        async with opened(scenes.bad(kind)) as source:
            for _ in range(3):
                for picture in await read_pictures(source, 1):
                    read_header(picture.jpeg if picture else b"", 10**6)

    with pytest.raises((SourceFailed, UnusablePictureError)):
        run(work)


@pytest.mark.alone
@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_read_under_way_stops_within_a_second(kind: str, scenes: Scenes) -> None:
    async def work() -> float:
        loop = asyncio.get_running_loop()
        entry = scenes.http(kind, "silent")[0] if kind in HTTP_KINDS else scenes.good(kind)
        with source_tools(PERIOD, response_seconds=30) as tools:
            source = make_source(entry, tools)
            await source.open()
            reading = asyncio.create_task(source.read(Sample(loop.time() + 5, loop.time() + 60)))
            await asyncio.sleep(0.2)
            started = time.monotonic()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await source.close()
            return time.monotonic() - started

    assert run(work) < 1.0


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_what_is_not_there_is_a_source_error(kind: str, tmp_path: Path) -> None:
    async def work() -> None:
        url = "http://127.0.0.1:1/none" if kind in WEB_KINDS else str(tmp_path / "none")
        url = "rtsp://127.0.0.1:1/none" if kind == "rtsp" else url
        entry = SourceEntry("file", url, simulated=DUSK) if kind == SIMULATED else SourceEntry(kind, url)  # type: ignore[arg-type]
        async with opened(entry) as source:
            await read_pictures(source, 1)

    with pytest.raises(SourceFailed):
        run(work)


@pytest.mark.parametrize("kind", HTTP_KINDS)
def test_a_server_that_comes_back_on_its_port_is_read_again(kind: str, scenes: Scenes) -> None:
    async def work() -> list[Picture | None]:
        entry, camera = scenes.http(kind, "good")
        async with opened(entry) as source:
            await read_pictures(source, 2)
            camera.close()
            scenes._cameras.remove(camera)
            with pytest.raises(SourceFailed):
                await read_pictures(source, 20)
        scenes._cameras.append(HttpCamera("good", camera.port))
        async with opened(entry) as source:
            return await read_pictures(source, 3)

    assert any(run(work))


@pytest.mark.parametrize("kind", HTTP_KINDS)
@pytest.mark.parametrize("mood", ["cut", "huge"])
def test_a_body_that_is_cut_or_too_large_fails_the_source(kind: str, mood: Mood, scenes: Scenes) -> None:
    async def work() -> None:
        async with opened(scenes.http(kind, mood)[0]) as source:
            await read_pictures(source, 20)

    with pytest.raises(SourceFailed):
        run(work)


@pytest.mark.parametrize("kind", HTTP_KINDS)
@pytest.mark.parametrize("mood", ["missing", "elsewhere", "basic"])
def test_what_only_a_person_can_change_is_refused(kind: str, mood: Mood, scenes: Scenes) -> None:
    async def work() -> None:
        async with opened(scenes.http(kind, mood)[0]) as source:
            await read_pictures(source, 1)

    with pytest.raises(SourceRefused):
        run(work)


@pytest.mark.parametrize("kind", HTTP_KINDS)
@pytest.mark.parametrize("mood", ["basic", "digest"])
def test_a_secret_opens_what_asks_for_it(kind: str, mood: Mood, scenes: Scenes) -> None:
    async def work() -> list[Picture | None]:
        async with opened(scenes.http(kind, mood, secret="gate")[0]) as source:
            return await read_pictures(source, 3)

    assert any(run(work))


def test_an_mjpeg_stream_without_lengths_gives_the_same_pictures(scenes: Scenes) -> None:
    async def work() -> list[Picture | None]:
        async with opened(scenes.http("mjpeg", "good", lengths=False)[0]) as source:
            return await read_pictures(source, 4)

    pictures = [picture for picture in run(work) if picture is not None]
    assert len(pictures) >= 3
    assert all(picture.jpeg == make_jpeg(square_left(picture.jpeg)) for picture in pictures)


def test_a_silent_stream_gives_none_at_the_deadline_and_stays_open(scenes: Scenes) -> None:
    async def work() -> list[Picture | None]:
        async with opened(scenes.http("mjpeg", "silent")[0]) as source:
            await asyncio.sleep(0.2)
            return await read_pictures(source, 3)

    assert run(work)[1:] == [None, None]


def test_an_unchanged_snapshot_is_given_once_over_one_connection(scenes: Scenes) -> None:
    async def work() -> int:
        entry, camera = scenes.http("snapshot", "unchanged")
        async with opened(entry) as source:
            [picture] = await read_pictures(source, 1)
            assert picture is not None
            for _ in range(2):
                with pytest.raises(PictureUnchanged):
                    await read_pictures(source, 1)
        return camera.pictures

    assert run(work) == 1


def test_a_snapshot_that_hangs_fails_in_time(scenes: Scenes) -> None:
    async def work() -> None:
        async with opened(scenes.http("snapshot", "silent")[0]) as source:
            await read_pictures(source, 1)

    with pytest.raises(SourceFailed, match="timeout"):
        run(work)


def test_an_answer_that_is_no_jpeg_is_said_so(scenes: Scenes) -> None:
    async def work() -> None:
        async with opened(scenes.http("snapshot", "html")[0]) as source:
            await read_pictures(source, 1)

    with pytest.raises(SourceFailed, match="not_jpeg"):
        run(work)


@pytest.mark.parametrize("codec", ["mpeg4", "mjpeg"])
def test_a_recorded_file_is_sampled_by_its_own_clock_whatever_the_time(codec: str, tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.avi", codec, pictures=10, fps=5)
    entry = SourceEntry("file", str(path), clock="recorded", recorded_from_ms=1_700_000_000_000)

    async def work() -> list[Picture]:
        found: list[Picture] = []
        with source_tools(period_seconds=0.4) as tools:
            source = make_source(entry, tools)
            await source.open()
            try:
                while True:
                    picture = await source.read(Sample(0.0, 1.0, len(found)))
                    assert picture is not None
                    found.append(picture)
            except SourceEnded:
                return found
            finally:
                await source.close()

    pictures = run(work)
    assert [picture.captured_at_ms - 1_700_000_000_000 for picture in pictures] == [0, 400, 800, 1200, 1600]
    assert [square_left(picture.jpeg) for picture in pictures] == [0, 2, 4, 6, 8]


def test_stills_that_play_over_go_on_in_time(scenes: Scenes) -> None:
    entry = scenes.good("stills")
    recorded = SourceEntry("stills", entry.url, clock="recorded", loop=True)

    async def work() -> list[Picture | None]:
        async with opened(recorded) as source:
            return await read_pictures(source, 7)

    times = [picture.captured_at_ms for picture in run(work)]
    assert times == [1_362_185_100_000 + n * 1000 for n in range(7)]


def test_a_kind_without_a_file_is_refused_and_names_those_there_are() -> None:
    with source_tools() as tools, pytest.raises(SourceRefused, match=", ".join(source_kinds())):
        make_source(SourceEntry("carrier-pigeon", "coop"), tools)  # type: ignore[arg-type]


def test_secrets_on_a_mount_that_hangs_take_no_camera_along_that_has_none(tmp_path: Path) -> None:
    pipe = tmp_path / "gate"
    os.mkfifo(pipe)  # a read of it waits until somebody writes

    async def work() -> None:
        with source_tools() as plain:
            tools = dataclasses.replace(plain, secrets=SecretStore(tmp_path, {}))
            guarded = SourceEntry("snapshot", "http://10.0.0.1/a", secret="gate")
            hanging = asyncio.gather(*(made_source(guarded, tools, 1.0) for _ in range(40)), return_exceptions=True)
            await asyncio.sleep(0)
            await made_source(SourceEntry("snapshot", "http://10.0.0.1/a"), tools, 1.0)
            await asyncio.to_thread(os.getpid)  # nor do others' threads wait for a secret
            assert not hanging.done()
            assert {str(error) for error in await hanging} == {"timeout: its secret was not read in 1 s"}

    try:
        run(work)
    finally:
        while True:  # let each thread that waits go
            try:
                os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
            except OSError:  # nobody waits any more
                break
            time.sleep(0.01)


def test_no_error_shows_a_password() -> None:
    with source_tools() as tools, pytest.raises(SourceError) as caught:
        make_source(SourceEntry("snapshot", "ftp://admin:geheim@10.0.0.1/x"), tools)
    assert "geheim" not in str(caught.value)
