"""HLS against real servers: pictures, moods of servers, and places that are forbidden."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simplejpeg
from numpy.typing import NDArray

from schemas.cameras import Source as SourceEntry
from schemas.cameras import Token
from services.ingest.jpeg_header import UnusablePictureError
from services.ingest.source import Picture, Sample, Source, make_source
from services.ingest.source_errors import SourceFailed, SourceRefused
from services.runtime.clock import now_ms
from tests.ingest.builders import source_tools, square_left, square_rgb, write_video
from tests.ingest.event_loop import run
from tests.ingest.hls_camera import FPS, Cut, HlsCamera

pytestmark = pytest.mark.integration

PERIOD = 0.1
PSNR_FLOOR_DB = 40.0
"""The drawn square comes through with 58 dB and more; the picture before or after it has below 20."""

Read = Picture | UnusablePictureError | None


class Reading:
    """Reads a source on one grid, as a reader does."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time()
        self._number = 0

    async def one(self) -> Read:
        while self._due + PERIOD <= self._loop.time():
            self._due += PERIOD
        due, self._due = self._due, self._due + PERIOD
        self._number += 1
        try:
            return await self.source.read(Sample(due, due + PERIOD, self._number))
        except UnusablePictureError as error:
            return error

    async def pictures(self, count: int) -> list[Picture]:
        found: list[Picture] = []
        while len(found) < count:
            if isinstance(picture := await self.one(), Picture):
                found.append(picture)
        return found

    async def until(self, condition: Callable[[Read], bool]) -> Read:
        while not condition(found := await self.one()):
            pass
        return found


@asynccontextmanager
async def reading(entry: SourceEntry) -> AsyncIterator[Reading]:
    with source_tools(PERIOD) as tools:
        source = make_source(entry, tools)
        try:
            await source.open()
            yield Reading(source)
        finally:
            await source.close()


@contextmanager
def cameras(*made: HlsCamera) -> Iterator[None]:
    try:
        yield
    finally:
        for camera in made:
            camera.close()


def read_some(entry: SourceEntry, count: int = 8) -> list[Picture]:
    async def work() -> list[Picture]:
        async with reading(entry) as camera:
            return await camera.pictures(count)

    pictures: list[Picture] = run(work)
    return pictures


def psnr_db(jpeg: bytes, image_rgb: NDArray[np.uint8]) -> float:
    shown = simplejpeg.decode_jpeg(jpeg, colorspace="RGB").astype(float)
    return float(10 * np.log10(255**2 / max(1e-9, np.mean((shown - image_rgb) ** 2))))


def width_of(picture: Picture) -> int:
    return int(simplejpeg.decode_jpeg_header(picture.jpeg)[1])


@pytest.mark.parametrize(
    ("container", "codec", "keyframe_every"),
    [("mpegts", "libx264", 1), ("mp4", "libx264", 10), ("mpegts", "libx265", 10), ("mp4", "libx265", 1)],
)
def test_pictures_are_those_of_the_footage_at_the_time_they_say(
    container: Any, codec: str, keyframe_every: int
) -> None:
    camera = HlsCamera(Cut(container, codec, keyframe_every=keyframe_every))
    camera.dated = 0.0

    async def work() -> tuple[list[Picture], Source]:
        async with reading(SourceEntry("hls", camera.url("/master.m3u8"))) as read:
            return await read.pictures(10), read.source

    with cameras(camera):
        pictures, source = run(work)
    assert source.facts.codec == {"libx264": "h264", "libx265": "hevc"}[codec]
    assert source.facts.decoding == ("keyframes" if keyframe_every == 1 else "all")
    assert source.facts.clock == "program-date-time"
    for picture in pictures:
        number = round((picture.captured_at_ms - camera.taken_ms(0)) * FPS / 1000)
        assert psnr_db(picture.jpeg, square_rgb(number)) >= PSNR_FLOOR_DB
    times = [picture.captured_at_ms for picture in pictures]
    assert times == sorted(set(times))


@pytest.mark.alone
def test_without_a_clock_of_the_camera_pictures_get_the_time_of_their_arrival() -> None:
    camera = HlsCamera(Cut(width=3200, height=80))  # its square is at the same place every 396 pictures (19.8 s)
    with cameras(camera):
        pictures = read_some(SourceEntry("hls", camera.url()))
    for picture in pictures:
        number = (picture.captured_at_ms - camera.taken_ms(0)) * FPS / 1000
        late_seconds = (number - square_left(picture.jpeg) + 1) % 396 / FPS  # one that is too early would be 19 s late
        assert late_seconds < 2.0  # 0.25 s until a changed list is noticed, and what a loaded machine adds
        assert camera.oldest_ms - 1 <= picture.captured_at_ms <= now_ms()  # it is not wrong by 19.8 s, nor by hours


def test_byte_ranges_give_the_same_pictures_whether_the_server_knows_them_or_not() -> None:
    camera, plain = HlsCamera(Cut("mp4")), HlsCamera(Cut("mp4"))
    camera.ranges = plain.ranges = True
    plain.change = lambda path, headers: plain._answer(path, {})
    with cameras(camera, plain):
        assert len(read_some(SourceEntry("hls", camera.url()), 3) + read_some(SourceEntry("hls", plain.url()), 3)) == 6


def test_resolution_and_codec_may_change_at_a_discontinuity() -> None:
    camera = HlsCamera()

    async def work() -> tuple[set[int], str]:
        sizes: set[int] = set()
        async with reading(SourceEntry("hls", camera.url())) as read:
            await read.pictures(1)
            wide, other = Cut("mp4", width=320, height=240), Cut(codec="libx265")
            camera.cuts = {**camera.cuts, camera.next + 1: wide, camera.next + 4: other}
            while len(sizes) < 2 or read.source.facts.codec != "hevc":
                [picture] = await read.pictures(1)
                sizes.add(width_of(picture))
            return sizes, read.source.facts.codec

    with cameras(camera):
        assert run(work) == ({160, 320}, "hevc")


def test_garbage_in_a_segment_is_unusable_and_what_follows_is_read() -> None:
    camera = HlsCamera()
    bad: list[str] = []
    camera.change = lambda path, headers: (200, os.urandom(20_000)) if path in bad else None

    async def work() -> None:
        async with reading(SourceEntry("hls", camera.url())) as read:
            await read.pictures(1)
            bad.extend(f"/s{camera.next + n}.ts" for n in range(3))
            await read.until(lambda found: isinstance(found, UnusablePictureError))
            await read.pictures(3)

    with cameras(camera):
        run(work)


def test_a_list_that_stands_still_gives_none_and_goes_on_when_it_does() -> None:
    camera = HlsCamera()

    async def work() -> None:
        async with reading(SourceEntry("hls", camera.url())) as read:
            await read.pictures(1)
            camera.frozen = camera.next
            for _ in range(20):
                await read.until(lambda found: found is None)
            camera.frozen = None
            await read.pictures(5)

    with cameras(camera):
        run(work)


@pytest.mark.parametrize("when", ["at the start", "in the stream"])
def test_a_list_that_ends_fails_once_it_was_played(when: str) -> None:
    camera = HlsCamera()
    camera.ended = when == "at the start"

    async def work() -> None:
        async with reading(SourceEntry("hls", camera.url())) as read:
            await read.pictures(1)
            camera.ended = True
            while True:
                await read.one()

    with cameras(camera), pytest.raises(SourceFailed, match="stream_ended"):
        run(work)


def test_a_server_that_restarts_with_numbers_from_the_beginning_is_read_on() -> None:
    camera = HlsCamera()
    made = [camera]

    async def work() -> list[Picture]:
        async with reading(SourceEntry("hls", camera.url())) as read:
            await read.pictures(1)
            await asyncio.to_thread(camera.close)
            made[0] = await asyncio.to_thread(HlsCamera, Cut(width=320, height=240), camera.port, 4)
            await read.until(lambda found: isinstance(found, Picture) and width_of(found) == 320)
            return await read.pictures(3)

    try:
        assert [width_of(picture) for picture in run(work)] == [320] * 3
    finally:
        made[0].close()


def test_a_server_that_stays_away_fails_the_source() -> None:
    camera = HlsCamera()

    async def work() -> None:
        async with reading(SourceEntry("hls", camera.url())) as read:
            await read.pictures(1)
            await asyncio.to_thread(camera.close)
            while True:
                await read.one()

    with pytest.raises(SourceFailed, match="connect"):
        run(work)


@pytest.mark.parametrize("how", ["cut off", "not there"])
def test_segments_that_do_not_come_are_left_out_and_several_fail_the_source(how: str) -> None:
    camera = HlsCamera()
    broken: list[str] = []
    camera.change = lambda path, headers: (404, b"") if how == "not there" and path in broken else None
    camera.is_cut = lambda path: how == "cut off" and path in broken

    async def work() -> None:
        async with reading(SourceEntry("hls", camera.url())) as read:
            await read.pictures(1)
            broken.extend(f"/s{camera.next + n}.ts" for n in range(2))
            await read.until(lambda _: bool(set(broken) & set(camera.requests)))
            await read.pictures(5)
            broken.extend(f"/s{camera.next + n}.ts" for n in range(100))
            while True:
                await read.one()

    with cameras(camera), pytest.raises(SourceFailed, match=r"connection|http_404"):
        run(work)


def test_a_download_that_breaks_off_is_tried_once_more() -> None:
    camera = HlsCamera()
    camera.is_cut = lambda path: path.endswith(".ts") and camera.requests.count(path) == 1
    with cameras(camera):
        pictures = read_some(SourceEntry("hls", camera.url()), 12)
    assert len(pictures) == 12


def test_a_referer_opens_what_is_closed_without_it() -> None:
    camera = HlsCamera()
    camera.change = lambda path, headers: None if headers.get("referer") == "http://portal.test/" else (403, b"")
    with cameras(camera):
        with pytest.raises(SourceRefused, match="http_403"):
            read_some(SourceEntry("hls", camera.url()))
        assert read_some(SourceEntry("hls", camera.url(), headers={"Referer": "http://portal.test/"}), 2)


@pytest.mark.parametrize("path", ["/{token}/live.m3u8", "/{token}/master.m3u8"])
def test_a_token_that_expires_in_the_stream_is_fetched_anew(path: str) -> None:
    camera = HlsCamera()
    given = ["t0"]

    def change(path: str, headers: dict[str, str]) -> tuple[int, bytes] | None:
        if path == "/token":
            return 200, given[-1].encode()
        return None if path.startswith(f"/{given[-1]}/") else (403, b"")

    camera.change = change
    entry = SourceEntry("hls", camera.url(path), token=Token(camera.url("/token")))

    async def work() -> None:
        async with reading(entry) as read:
            await read.pictures(2)
            given.append("t1")
            await read.until(lambda _: any(path.startswith("/t1/s") for path in camera.requests))
            await read.pictures(2)

    with cameras(camera):
        run(work)
    assert camera.requests.count("/token") == 2


FORBIDDEN = ["http://169.254.169.254/x", "http://10.0.0.1/x", "http://[fe80::1]/x", "file:///etc/passwd"]
PLAYLISTS = {
    "variant": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{url}\n",
    "segment": "#EXTM3U\n#EXTINF:1,\n{url}\n",
    "map": '#EXTM3U\n#EXT-X-MAP:URI="{url}"\n#EXTINF:1,\ns1.m4s\n',
}


@pytest.mark.parametrize("url", [*FORBIDDEN, "ftp://127.0.0.1/x", "data:text/plain,x"])
@pytest.mark.parametrize("place", list(PLAYLISTS))
def test_no_playlist_leads_to_a_forbidden_place(place: str, url: str) -> None:
    camera = HlsCamera()
    camera.change = lambda path, headers: (200, PLAYLISTS[place].format(url=url).encode())

    with cameras(camera), pytest.raises(SourceRefused, match=r"address_not_allowed|scheme_not_allowed|bad_url"):
        read_some(SourceEntry("hls", camera.url()), 1)


def test_an_encrypted_stream_is_refused_and_its_key_is_not_asked_for() -> None:
    camera = HlsCamera()
    text = '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="key"\n#EXTINF:1,\ns1.ts\n'
    camera.change = lambda path, headers: (200, text.encode())
    with cameras(camera), pytest.raises(SourceRefused, match="encrypted"):
        read_some(SourceEntry("hls", camera.url()), 1)
    assert camera.requests == ["/live.m3u8"]


@pytest.mark.parametrize("kind", ["mpegts", "fmp4"])
def test_the_live_segmenter_of_ffmpeg_behind_a_plain_web_server(kind: str, tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mkv", "libx264", pictures=16, fps=20)
    command = ["ffmpeg", "-v", "error", "-re", "-stream_loop", "-1", "-i", str(clip), "-c:v", "libx264", "-g", "2"]
    command += ["-preset", "ultrafast", "-b:v", "500k", "-f", "hls", "-hls_time", "0.5", "-hls_list_size", "4"]
    command += ["-hls_flags", "delete_segments+program_date_time", "-hls_segment_type", kind]
    command += ["-master_pl_name", "master.m3u8", "live.m3u8"]

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    folder = tmp_path / "web"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()

    async def work() -> list[Picture]:
        while not (folder / "master.m3u8").is_file() or (folder / "live.m3u8").read_text().count("EXTINF") < 3:
            await asyncio.sleep(0.05)
        async with reading(SourceEntry("hls", f"http://127.0.0.1:{server.server_port}/master.m3u8")) as read:
            return await read.pictures(15)

    with subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL) as ffmpeg:
        try:
            pictures = run(work)
        finally:
            ffmpeg.kill()
            server.shutdown()
            server.server_close()
            thread.join()
    assert len({square_left(picture.jpeg) for picture in pictures}) >= 3
    for picture in pictures:
        assert psnr_db(picture.jpeg, square_rgb(square_left(picture.jpeg))) >= PSNR_FLOOR_DB
