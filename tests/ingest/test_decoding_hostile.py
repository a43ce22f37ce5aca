"""Hostile bytes give the errors of the contract, within the bounds of memory, and change nothing for others."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import simplejpeg

from services.ingest.decoding.jobs import (
    Answer,
    DecodeChain,
    Decoded,
    DecodeKeyframe,
    DecodeSegment,
    FootageAt,
    Job,
    Opened,
    OpenFootage,
    Rework,
    Segment,
)
from services.ingest.decoding.pool import DecodingLimits, DecodingPool
from services.ingest.jpeg_header import UnusablePictureError, read_header
from services.ingest.source_errors import SourceEnded, SourceFailed
from tests.ingest.builders import make_jpeg, square_left
from tests.ingest.decoding_footage import access_units, huge_access_unit, scene_rgb, segment

pytestmark = pytest.mark.integration

MEMORY_BYTES = 400 << 20
LIMITS = DecodingLimits(largest_pixels=2_000_000, jpeg_quality=85, memory_bytes=MEMORY_BYTES)
CONTRACT = (UnusablePictureError, SourceFailed, SourceEnded)
ROUNDS = 12
"""Of each kind of input, each damaged in another way. One takes about 10 ms."""


async def answers(pool: DecodingPool, job: Job, answer: type[Answer]) -> Answer | None:
    """Have a job done; None: it failed in one of the ways of the contract."""
    try:
        return await pool.find("hostile", job, answer)
    except CONTRACT:
        return None


def peak_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def png_bomb(width: int, height: int, rows: int) -> bytes:
    """Give a PNG that claims a size and holds ``rows`` rows of zeros, which take next to nothing."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(rows * (1 + 3 * width)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def jpeg_bomb() -> bytes:
    """Give a JPEG whose header claims 65,500 x 65,500 px."""
    jpeg = bytearray(make_jpeg())
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = struct.pack(">HH", 65_500, 65_500)
    return bytes(jpeg)


def transport_stream_of(access_unit: bytes) -> bytes:
    """Give a segment whose first keyframe is put in the place of a whole one's."""
    whole = segment("libx264", "mpegts", [scene_rgb(0)], keyframe_every=1)
    packets = [whole[start : start + 188] for start in range(0, len(whole), 188)]
    tables = [packet for packet in packets if int.from_bytes(packet[1:3]) & 0x1FFF not in (0x100,)]
    pes = b"\x00\x00\x01\xe0\x00\x00\x80\x80\x05\x21\x00\x01\x00\x01" + access_unit
    video = []
    for number, start in enumerate(range(0, len(pes), 184)):
        piece = pes[start : start + 184]
        head = bytes((0x47, 0x41 if start == 0 else 0x01, 0x00, 0x10 | number & 0xF))
        if len(piece) < 184:
            room = 183 - len(piece)
            stuffing = bytes((room,)) + (b"\x00" + b"\xff" * (room - 1) if room else b"")
            head = bytes((*head[:3], 0x30 | number & 0xF)) + stuffing
        video.append(head + piece)
    return b"".join(tables + video)


BOMBS: dict[str, tuple[Job, type[Answer]]] = {
    "h264-header": (DecodeKeyframe("h264", huge_access_unit(16_384, 16_384)), Decoded),
    "h264-chain": (DecodeChain("h264", (huge_access_unit(16_384, 16_384),), restart=True), Decoded),
    "segment": (DecodeSegment(transport_stream_of(huge_access_unit(16_384, 16_384)), (0.0,), 1.0), Segment),
    "png-header": (Rework(png_bomb(30_000, 30_000, 1)), Decoded),
    "png-data": (Rework(png_bomb(1_000, 1_000, 200_000)), Decoded),
    "jpeg-header": (Rework(jpeg_bomb()), Decoded),
}


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_picture_that_claims_to_be_huge_takes_no_memory(name: str) -> None:
    job, answer = BOMBS[name]

    async def work() -> int:
        pool = DecodingPool(LIMITS, children=1)
        try:
            await pool.run("warm", Rework(make_jpeg()), Decoded)
            [pid] = pool.child_pids
            before = peak_bytes(pid)
            found = await answers(pool, job, answer)
            assert not isinstance(found, Segment) or found.pictures == ()
            assert pool.child_pids == (pid,)
            return peak_bytes(pid) - before
        finally:
            await pool.close()

    assert asyncio.run(work()) < 40 << 20


def test_the_bombs_are_refused_for_their_size_alone() -> None:
    """Made in the same way with the size of the picture that lies in them, they are pictures."""
    header = huge_access_unit(320, 240)

    async def work() -> list[int]:
        pool = DecodingPool(LIMITS, children=1)
        try:
            picture = await pool.run("cam", DecodeKeyframe("h264", header), Decoded)
            png = await pool.run("cam", Rework(png_bomb(1_000, 1_000, 1_000)), Decoded)
            job = DecodeSegment(transport_stream_of(header), (0.0,), 1.0)
            [of_segment] = (await pool.run("cam", job, Segment)).pictures
            return [picture.width, png.width, of_segment.width]
        finally:
            await pool.close()

    assert asyncio.run(work()) == [320, 1_000, 320]


def test_memory_is_bounded_and_what_needs_more_fails_alone() -> None:
    plain = np.full((6_000, 8_000, 3), 90, np.uint8)
    large = simplejpeg.encode_jpeg(plain, quality=30, colorspace="RGB")  # 144 MB when it is decoded
    limits = DecodingLimits(largest_pixels=50_000_000, jpeg_quality=85, memory_bytes=100 << 20)

    async def work() -> tuple[int, int]:
        pool = DecodingPool(limits, children=1)
        try:
            assert square_left((await pool.run("cam", Rework(make_jpeg(3)), Decoded)).jpeg) == 3
            [pid] = pool.child_pids
            with pytest.raises(UnusablePictureError):
                await pool.run("large", Rework(large), Decoded)
            assert square_left((await pool.run("cam", Rework(make_jpeg(4)), Decoded)).jpeg) == 4
            return peak_bytes(pid), int(pool.child_pids == (pid,))
        finally:
            await pool.close()

    peak, same = asyncio.run(work())
    assert same
    assert peak < 250 << 20


def damaged(data: bytes, seed: int) -> Iterator[bytes]:
    """Give ``data`` with bits turned over, cut out, doubled, and replaced by chance."""
    chance = np.random.default_rng(seed)
    for _ in range(ROUNDS):
        broken = bytearray(data)
        for at in chance.integers(0, len(data), int(chance.integers(1, 40))):
            broken[at] ^= 1 << int(chance.integers(8))
        start, end = sorted(int(at) for at in chance.integers(0, len(data), 2))
        kind = int(chance.integers(4))
        if kind == 1:
            del broken[start:end]
        elif kind == 2:
            broken[start:start] = data[start:end]
        elif kind == 3:
            broken[start:end] = chance.bytes(end - start)
        yield bytes(broken)
    yield chance.bytes(5_000)
    yield b""


def hostile_jobs(folder: Path) -> Iterator[tuple[Job, type[Answer]]]:
    images = [scene_rgb(number, 160, 120) for number in range(12)]
    for seed, (codec, encoder) in enumerate((("h264", "libx264"), ("hevc", "libx265"))):
        units = access_units(encoder, images[:3])
        for broken in damaged(units[0], seed):
            yield DecodeKeyframe(codec, broken), Decoded  # type: ignore[arg-type]
        for broken in damaged(units[1], seed + 10):
            yield DecodeChain(codec, (units[0], broken, units[2]), restart=True), Decoded  # type: ignore[arg-type]
        for container in ("mpegts", "mp4"):
            for broken in damaged(segment(encoder, container, images, 6), seed + 20):
                yield DecodeSegment(broken, (0.0, 0.5, 1.0), 0.8), Segment
    for broken in damaged(make_jpeg(), 30):
        yield Rework(broken, private=(((0.0, 0.0), (1.0, 0.0), (0.5, 1.0)),), largest_bytes=3_000), Decoded
    for broken in damaged(png_bomb(100, 80, 80), 31):
        yield Rework(broken), Decoded
    for number, broken in enumerate(damaged(segment("libx264", "mp4", images, 6), 32)):
        path = folder / f"{number}.mp4"
        path.write_bytes(broken)
        yield OpenFootage(str(path), loop=False), Opened
        yield FootageAt(0.5), Decoded


def test_damaged_input_gives_only_what_the_contract_allows_and_harms_no_other(tmp_path: Path) -> None:
    async def work() -> tuple[int, int]:
        pool = DecodingPool(LIMITS, children=1)
        done, failed = 0, 0
        try:
            for job, answer in hostile_jobs(tmp_path):
                found = await answers(pool, job, answer)
                done, failed = done + (found is not None), failed + (found is None)
                for picture in found.pictures if isinstance(found, Segment) else [found]:
                    if isinstance(picture, Decoded):
                        read_header(picture.jpeg, LIMITS.largest_pixels)
            assert square_left((await pool.run("cam", Rework(make_jpeg(7)), Decoded)).jpeg) == 7
        finally:
            await pool.close()
        return done, failed

    done, failed = asyncio.run(work())
    assert failed >= 50  # or the damage was none
    assert done >= 10  # or nothing but refusals was tried
