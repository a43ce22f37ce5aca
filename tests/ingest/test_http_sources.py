"""MJPEG and snapshots while their cameras change: resolution, garbage, silence, hurry, and what they tell of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from schemas.cameras import Source as SourceEntry
from services.ingest.jpeg_header import UnusablePictureError, read_header
from services.ingest.source import Picture, Sample, Source, make_source
from services.ingest.source_errors import SourceFailed
from tests.ingest.builders import make_jpeg, source_tools
from tests.ingest.event_loop import run
from tests.ingest.http_camera import HttpCamera, Mood
from tests.ingest.web_server import Answer, web_server

pytestmark = pytest.mark.integration

KINDS = ["mjpeg", "snapshot"]


@contextmanager
def camera_of(mood: Mood = "good") -> Iterator[HttpCamera]:
    camera = HttpCamera(mood)
    try:
        yield camera
    finally:
        camera.close()


@asynccontextmanager
async def opened(entry: SourceEntry, period: float = 0.1) -> AsyncIterator[Source]:
    with source_tools(period, response_seconds=2.0) as tools:
        source = make_source(entry, tools)
        try:
            await source.open()
            yield source
        finally:
            await source.close()


async def next_read(source: Source, period: float = 0.1) -> Picture | None:
    due = asyncio.get_running_loop().time()
    return await source.read(Sample(due, due + period))


async def read_until(source: Source, condition: Callable[[Picture], bool]) -> Picture:
    while True:
        picture = await next_read(source)
        if picture is not None and condition(picture):
            return picture


def width_of(picture: Picture) -> int:
    return read_header(picture.jpeg, 10**6).width


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_of_resolution_passes_and_every_jpeg_is_untouched(kind: Any) -> None:
    async def work(camera: HttpCamera) -> Picture:
        async with opened(SourceEntry(kind, camera.url(kind))) as source:
            await read_until(source, lambda picture: width_of(picture) == 160)
            camera.size = (320, 240)
            return await read_until(source, lambda picture: width_of(picture) == 320)

    with camera_of() as camera:
        picture = run(lambda: work(camera))
    assert picture.jpeg in {make_jpeg(number, 320, 240) for number in range(36)}


@pytest.mark.parametrize("kind", KINDS)
def test_garbage_between_pictures_is_no_picture_and_what_follows_is_read(kind: Any) -> None:
    async def work(camera: HttpCamera) -> None:
        entry = SourceEntry(kind, camera.url(kind))
        async with opened(entry) as source:
            await read_until(source, lambda picture: width_of(picture) == 160)
            camera.mood = "garbage"
            with pytest.raises((UnusablePictureError, SourceFailed)):
                await read_until(source, lambda picture: width_of(picture) == 0)
        camera.mood = "good"
        async with opened(entry) as source:
            await read_until(source, lambda picture: width_of(picture) == 160)

    with camera_of() as camera:
        run(lambda: work(camera))


def test_a_stream_that_was_silent_for_long_is_read_on() -> None:
    async def work(camera: HttpCamera) -> None:
        async with opened(SourceEntry("mjpeg", camera.url("mjpeg"))) as source:
            await read_until(source, lambda _: True)
            camera.mood = "paused"
            silent = 0
            while silent < 10:
                silent = silent + 1 if await next_read(source) is None else 0
            camera.mood = "good"
            await read_until(source, lambda _: True)

    with camera_of() as camera:
        run(lambda: work(camera))
    assert camera.requests == 1


def test_a_snapshot_that_takes_too_long_fails_and_the_next_connection_is_read() -> None:
    async def work(camera: HttpCamera) -> None:
        entry = SourceEntry("snapshot", camera.url("snapshot"))
        async with opened(entry) as source:
            with pytest.raises(SourceFailed, match="timeout"):
                await next_read(source)
        camera.mood = "good"
        async with opened(entry) as source:
            await read_until(source, lambda _: True)

    with camera_of("paused") as camera:
        run(lambda: work(camera))


def test_a_snapshot_camera_that_closes_every_connection_is_read() -> None:
    async def work(camera: HttpCamera) -> None:
        async with opened(SourceEntry("snapshot", camera.url("snapshot"))) as source:
            for _ in range(5):
                assert await next_read(source) is not None

    with camera_of("hangs_up") as camera:
        run(lambda: work(camera))
    assert camera.pictures == 5


@pytest.mark.parametrize("kind", KINDS)
def test_a_camera_that_is_busy_says_for_how_long(kind: Any) -> None:
    async def work(camera: HttpCamera) -> None:
        async with opened(SourceEntry(kind, camera.url(kind))) as source:
            await next_read(source)

    with camera_of("busy") as camera, pytest.raises(SourceFailed, match="http_503") as caught:
        run(lambda: work(camera))
    assert caught.value.retry_after_seconds == 7.0


@pytest.mark.parametrize("kind", KINDS)
def test_a_source_tells_what_it_has_learnt(kind: Any) -> None:
    async def work(camera: HttpCamera) -> Source:
        async with opened(SourceEntry(kind, camera.url(kind))) as source:
            for _ in range(5):
                await read_until(source, lambda _: True)
            return source

    with camera_of() as camera:
        facts = run(lambda: work(camera)).facts
    assert (facts.codec, facts.decoding) == ("mjpeg", "passthrough")
    assert facts.server.startswith("BaseHTTP/")
    assert (facts.clock, abs(facts.clock_ahead_seconds) <= 2) == ("http-date", True)
    assert facts.container == {"mjpeg": "multipart/x-mixed-replace", "snapshot": "jpeg"}[kind]
    assert facts.frames_per_second == 0.0 if kind == "snapshot" else 5 < facts.frames_per_second < 30


def test_the_newest_picture_of_a_stream_is_given_unless_it_is_older_than_half_a_period() -> None:
    body = b"".join(b"--edge\r\nContent-Type: image/jpeg\r\n\r\n%s\r\n" % make_jpeg(n) for n in range(3)) + b"--edge"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=edge\r\n\r\n"

    async def work() -> None:
        loop = asyncio.get_running_loop()
        async with web_server(lambda _: Answer(raw=head + body)) as web:
            for wait, given in [(0.5, make_jpeg(2)), (1.5, None)]:
                async with opened(SourceEntry("mjpeg", web.url("/x")), period=2.0) as source:
                    due = loop.time() + wait
                    picture = await source.read(Sample(due, due + 0.3))
                    assert loop.time() >= due
                    assert (picture.jpeg if picture is not None else None) == given

    run(work)
