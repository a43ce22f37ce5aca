"""A file goes on where it was, also after its decoding process has died."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import signal
import time
from pathlib import Path

import pytest

from schemas.cameras import Source as SourceEntry
from services.ingest.decoding.jobs import Decoded, FootageAt, Opened, OpenFootage
from services.ingest.jpeg_header import UnusablePictureError
from services.ingest.source import Picture, Sample, SourceTools
from services.ingest.source_errors import SourceFailed
from services.ingest.sources.file import FileSource
from tests.ingest.builders import source_tools, square_left, write_video

pytestmark = pytest.mark.integration


async def opened(path: Path, tools: SourceTools) -> FileSource:
    source = FileSource(SourceEntry("file", str(path), clock="recorded"), tools)
    await source.open()
    return source


async def shown(source: FileSource, number: int) -> int:
    picture = await source.read(Sample(0.0, 1.0, number))
    assert isinstance(picture, Picture)
    return square_left(picture.jpeg)


def test_recorded_footage_that_is_opened_anew_goes_on_at_its_sample(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", pictures=60, fps=10)

    async def work() -> list[int]:
        with source_tools(period_seconds=0.1) as tools:
            source = await opened(path, tools)
            assert (source.facts.decoding, source.facts.codec, source.facts.container) == ("all", "mpeg4", "mp4")
            found = [await shown(source, 0), await shown(source, 1)]
            os.kill(tools.decoding.child_pids[0], signal.SIGSTOP)
            reading = asyncio.create_task(source.read(Sample(0.0, 1.0, 2)))
            await asyncio.sleep(0.1)  # the process is stopped, so that the read stays under way
            os.kill(tools.decoding.child_pids[0], signal.SIGKILL)
            with pytest.raises(SourceFailed, match="decoder_died"):
                await reading
            with pytest.raises(SourceFailed, match="decoder_died"):
                await source.read(Sample(0.0, 1.0, 3))
            await source.close()
            again = await opened(path, tools)
            found.append(await shown(again, 53))
            await again.close()
            return found

    assert asyncio.run(work()) == [0, 1, 53 % 16]


def test_footage_that_plays_over_goes_on_in_its_round_without_decoding_those_before(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", pictures=15, fps=10)
    entry = SourceEntry("file", str(path), clock="recorded", loop=True, recorded_from_ms=1_000_000)

    async def one(tools: SourceTools, numbers: list[int]) -> list[tuple[int, int]]:
        source = FileSource(entry, tools)
        await source.open()
        pictures = [await source.read(Sample(0.0, 1.0, number)) for number in numbers]
        await source.close()
        return [(picture.captured_at_ms - 1_000_000, square_left(picture.jpeg)) for picture in pictures if picture]

    async def work() -> None:
        with source_tools(period_seconds=0.1) as tools:
            assert (await one(tools, list(range(16))))[-1] == (1500, 0)
            began = time.monotonic()
            assert await one(tools, [1_500_007, 1_500_008, 1_500_015]) == [
                (150_000_700, 7),
                (150_000_800, 8),
                (150_001_500, 0),
            ]
            assert time.monotonic() - began < 30  # 42 hours of footage come before

    asyncio.run(work())


def test_a_file_of_jpegs_says_that_they_pass_through(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.avi", "mjpeg", pictures=5, fps=10)

    async def work() -> str:
        with source_tools(period_seconds=0.1) as tools:
            source = await opened(path, tools)
            await source.close()
            return source.facts.decoding

    assert asyncio.run(work()) == "passthrough"


def test_a_relative_path_is_that_of_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_video(tmp_path / "clip.mp4", pictures=5, fps=10)
    monkeypatch.chdir(tmp_path)

    async def work() -> int:
        with source_tools(period_seconds=0.1) as tools:
            source = await opened(Path("clip.mp4"), tools)
            return await shown(source, 3)

    assert asyncio.run(work()) == 3


def test_footage_with_a_part_that_ffmpeg_refuses_goes_on_behind_it(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.avi", pictures=40, fps=10)
    data = bytearray(path.read_bytes())
    chunks = [match.start() for match in re.finditer(b"00dc", data)][:40]
    for start, end in itertools.pairwise(chunks[20:24]):
        data[start + 8 : end] = bytes(end - start - 8)
    path.write_bytes(data)

    async def work() -> tuple[int, list[float]]:
        refused, shown = 0, []
        with source_tools() as tools:
            await tools.decoding.run("clip", OpenFootage(str(path), loop=False), Opened)
            for number in range(40):
                try:
                    found = await tools.decoding.find("clip", FootageAt(number / 10), Decoded)
                except UnusablePictureError:
                    refused += 1
                else:
                    shown += [found.position] if found is not None else []
        return refused, shown

    refused, shown = asyncio.run(work())
    assert refused >= 1
    assert shown == sorted(set(shown))
    assert shown[-1] == pytest.approx(3.9)
