"""What comes out of decoding processes is the picture that went in; what is not whole does not come out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, TypeVar

import av
import numpy as np
import pytest
import simplejpeg

from services.ingest.decoding.jobs import (
    CloseStream,
    DecodeChain,
    Decoded,
    DecodeKeyframe,
    DecodeSegment,
    FootageAt,
    Opened,
    OpenFootage,
    Rework,
    Segment,
)
from services.ingest.decoding.pool import DecodingLimits, DecodingPool
from services.ingest.jpeg_header import UnusablePictureError
from services.ingest.source_errors import SourceEnded, SourceFailed
from tests.ingest.decoding_footage import access_units, psnr, scene_rgb, segment

pytestmark = pytest.mark.integration

Codec = Literal["h264", "hevc"]
T = TypeVar("T")
ENCODERS = {"h264": "libx264", "hevc": "libx265"}
LEAST_PSNR_DB = 32.0
"""JPEG of quality 85 with halved chroma alone gives 34 dB here: its square has hard edges."""


Work = Callable[[DecodingPool], Awaitable[T]]


class Decoding:
    """Runs work in one event loop, with one decoding process."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self.pool = DecodingPool(DecodingLimits(largest_pixels=2_000_000, jpeg_quality=85), children=1)

    def __call__(self, work: Work[T]) -> T:
        async def bounded() -> T:
            async with asyncio.timeout(60):
                return await work(self.pool)

        return self._runner.run(bounded())

    def close(self) -> None:
        self._runner.run(self.pool.close())


@pytest.fixture(scope="module")
def decoding() -> Iterator[Decoding]:
    with asyncio.Runner() as runner:
        decoding = Decoding(runner)
        yield decoding
        decoding.close()


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv420p10le", "yuvj420p"])
def test_a_keyframe_is_the_picture_that_was_encoded(codec: Codec, pix_fmt: str, decoding: Decoding) -> None:
    image = scene_rgb(3)
    [unit] = access_units(ENCODERS[codec], [image], pix_fmt)
    picture = decoding(lambda pool: pool.run("cam", DecodeKeyframe(codec, unit), Decoded))
    assert (picture.width, picture.height) == (320, 240)
    assert psnr(picture.jpeg, image) >= LEAST_PSNR_DB


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_colours_of_high_definition_are_those_of_jpeg(codec: Codec, decoding: Decoding) -> None:
    image = scene_rgb(3)
    frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p", dst_colorspace="ITU709")
    context = av.CodecContext.create(ENCODERS[codec], "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt, context.framerate = 320, 240, "yuv420p", Fraction(10)
    context.colorspace = 1
    context.options = {"crf": "14", "x265-params": "log-level=none"} if codec == "hevc" else {"crf": "14"}
    frame.pts = 0
    unit = b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])
    picture = decoding(lambda pool: pool.run("cam", DecodeKeyframe(codec, unit), Decoded))
    assert psnr(picture.jpeg, image) >= LEAST_PSNR_DB


def test_interlaced_pictures_are_whole(decoding: Decoding) -> None:
    images = [scene_rgb(number, 720, 576) for number in range(3)]
    units = access_units("libx264", images, options={"flags": "+ilme+ildct", "x264-params": "interlaced=1"})
    picture = decoding(lambda pool: pool.run("cam", DecodeKeyframe("h264", units[0]), Decoded))
    assert psnr(picture.jpeg, images[0]) >= LEAST_PSNR_DB


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("container", ["mpegts", "mp4"])
def test_of_a_segment_its_keyframes_are_given(codec: Codec, container: str, decoding: Decoding) -> None:
    images = [scene_rgb(number) for number in range(30)]
    data = segment(ENCODERS[codec], container, images, keyframe_every=10)
    job = DecodeSegment(data, positions=(0.0, 1.0, 1.5, 2.5), keyframe_most_seconds=1.0)
    found = decoding(lambda pool: pool.run("cam", job, Segment))
    assert [round(picture.position, 2) for picture in found.pictures] == [0.0, 1.0, 2.0]
    assert all(psnr(p.jpeg, images[round(p.position * 10)]) >= LEAST_PSNR_DB for p in found.pictures)
    assert (found.codec, found.decoded_all) == (codec, False)
    assert found.container == ("mpegts" if container == "mpegts" else "fmp4")
    assert found.frames_per_second == pytest.approx(10)
    assert found.keyframe_seconds == pytest.approx(1.0)
    assert found.duration == pytest.approx(3.0)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("container", ["mpegts", "mp4"])
def test_a_segment_with_rare_keyframes_is_decoded_whole(codec: Codec, container: str, decoding: Decoding) -> None:
    images = [scene_rgb(number) for number in range(30)]
    data = segment(ENCODERS[codec], container, images, keyframe_every=30)
    job = DecodeSegment(data, positions=(0.5, 1.0, 1.02, 2.0, 9.0), keyframe_most_seconds=1.0)
    found = decoding(lambda pool: pool.run("cam", job, Segment))
    assert found.decoded_all
    assert [round(picture.position, 2) for picture in found.pictures] == [0.5, 1.0, 2.0, 2.9]
    assert all(psnr(p.jpeg, images[round(p.position * 10)]) >= LEAST_PSNR_DB for p in found.pictures)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_chain_gives_the_newest_picture_each_time(codec: Codec, decoding: Decoding) -> None:
    images = [scene_rgb(number) for number in range(9)]
    units = access_units(ENCODERS[codec], images)

    async def work(pool: DecodingPool) -> list[bytes]:
        parts = [tuple(units[:1]), tuple(units[1:4]), tuple(units[4:9])]
        jobs = [DecodeChain(codec, part, restart=number == 0) for number, part in enumerate(parts)]
        return [(await pool.run("cam", job, Decoded)).jpeg for job in jobs]

    jpegs = decoding(work)
    assert all(psnr(jpeg, images[n]) >= LEAST_PSNR_DB for jpeg, n in zip(jpegs, (0, 3, 8), strict=True))


def test_a_chain_that_is_broken_gives_nothing_until_it_starts_anew(decoding: Decoding) -> None:
    units = access_units("libx264", [scene_rgb(number) for number in range(4)])

    async def work(pool: DecodingPool) -> Decoded:
        await pool.run("cam", DecodeChain("h264", (units[0],), restart=True), Decoded)
        cut = units[1][: len(units[1]) // 2]
        for part in ((cut,), (units[2],), (units[3],)):
            with pytest.raises(UnusablePictureError):
                await pool.run("cam", DecodeChain("h264", part, restart=False), Decoded)
        return await pool.run("cam", DecodeChain("h264", (units[0],), restart=True), Decoded)

    assert psnr(decoding(work).jpeg, scene_rgb(0)) >= LEAST_PSNR_DB


CUTS = (0.999, 0.9, 0.7, 0.5, 0.2, 0.05)


@pytest.mark.parametrize("options", [{}, {"x264-params": "slices=4"}, {"x264-params": "cabac=0"}])
def test_a_keyframe_of_h264_that_is_cut_is_never_a_picture(options: dict[str, str], decoding: Decoding) -> None:
    [unit] = access_units("libx264", [scene_rgb(0)], options=options)

    async def work(pool: DecodingPool) -> None:
        for cut in CUTS:
            with pytest.raises(UnusablePictureError):
                await pool.run("cam", DecodeKeyframe("h264", unit[: int(len(unit) * cut)]), Decoded)

    decoding(work)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("container", ["mpegts", "mp4"])
def test_a_segment_that_is_cut_in_a_keyframe_gives_only_what_is_before_it(
    codec: Codec, container: str, decoding: Decoding
) -> None:
    images = [scene_rgb(number, 640, 480) for number in range(11)]
    whole = segment(ENCODERS[codec], container, images, keyframe_every=10)
    shorter = segment(ENCODERS[codec], container, images[:10], keyframe_every=10)
    last_bytes = len(whole) - len(shorter)  # about the last keyframe
    assert last_bytes > 5000
    cuts = [len(whole) - last_bytes * part // 8 for part in range(1, 7)]
    cuts += [cut - cut % 188 for cut in cuts]

    async def work(pool: DecodingPool) -> list[list[float]]:
        jobs = [DecodeSegment(whole[:cut], (0.0, 1.0, 5.0), 10.0) for cut in (*cuts, len(whole))]
        found = [await pool.run("cam", job, Segment) for job in jobs]
        return [[round(picture.position, 2) for picture in one.pictures] for one in found]

    *cut, complete = decoding(work)
    assert complete == [0.0, 1.0]
    assert cut == [[0.0]] * len(cuts)


@pytest.mark.parametrize("size", [(333, 251), (17, 400 // 3), (1280, 720)])
def test_a_png_of_any_size_becomes_a_jpeg(size: tuple[int, int], decoding: Decoding) -> None:
    image = scene_rgb(1, *size)
    context = av.CodecContext.create("png", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt, context.framerate = *size, "rgb24", Fraction(1)
    frame = av.VideoFrame.from_ndarray(image, format="rgb24")
    png = b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])
    picture = decoding(lambda pool: pool.run("cam", Rework(png), Decoded))
    assert (picture.width, picture.height) == size
    assert psnr(picture.jpeg, image) >= LEAST_PSNR_DB


def test_a_private_zone_is_black_in_what_leaves_and_the_rest_stays(decoding: Decoding) -> None:
    image = scene_rgb(2)
    jpeg = simplejpeg.encode_jpeg(image, quality=95, colorspace="RGB")
    triangle = ((0.25, 0.25), (0.75, 0.25), (0.5, 0.75))
    picture = decoding(lambda pool: pool.run("cam", Rework(jpeg, private=(triangle,)), Decoded))
    left = simplejpeg.decode_jpeg(picture.jpeg, colorspace="RGB")
    assert left[66:100, 130:190].max() < 20
    assert left[166:174, 158:162].max() < 20
    assert np.abs(left[200:].astype(int) - image[200:]).mean() < 4


def _write_rotated(path: Path, degrees: int) -> None:
    plain = path.with_suffix(".plain.mp4")
    plain.write_bytes(segment("libx264", "mp4", [scene_rgb(n) for n in range(5)], 5))
    with av.open(str(plain)) as source, av.open(str(path), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        stream.set_display_rotation(degrees)
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                output.mux(packet)


@pytest.mark.parametrize(("degrees", "turns"), [(90, 1), (180, 2), (-90, 3)])
def test_footage_of_a_camera_that_was_turned_is_upright(
    degrees: int, turns: int, tmp_path: Path, decoding: Decoding
) -> None:
    path = tmp_path / "turned.mp4"
    _write_rotated(path, degrees)

    async def work(pool: DecodingPool) -> Decoded:
        await pool.run("turned", OpenFootage(str(path), loop=False), Opened)
        return await pool.run("turned", FootageAt(0.0), Decoded)

    picture = decoding(work)
    assert psnr(picture.jpeg, np.rot90(scene_rgb(0), turns)) >= LEAST_PSNR_DB


def test_footage_plays_by_position_and_ends(tmp_path: Path, decoding: Decoding) -> None:
    path = tmp_path / "clip.ts"
    path.write_bytes(segment("libx264", "mpegts", [scene_rgb(number) for number in range(20)], 10))

    async def work(pool: DecodingPool) -> list[Any]:
        opened = await pool.run("cam", OpenFootage(str(path), loop=False), Opened)
        found = [await pool.find("cam", FootageAt(at), Decoded) for at in (0.0, 0.05, 0.5, 1.9)]
        with pytest.raises(SourceEnded):
            await pool.find("cam", FootageAt(2.1), Decoded)
        await pool.run("cam", CloseStream(), Opened)
        return [opened, *found]

    opened, first, none, middle, last = decoding(work)
    assert (opened.codec, opened.passthrough, opened.frames_per_second) == ("h264", False, pytest.approx(10))
    assert none is None
    for picture, number in ((first, 0), (middle, 5), (last, 19)):
        assert psnr(picture.jpeg, scene_rgb(number)) >= LEAST_PSNR_DB


@pytest.mark.parametrize(
    "text", ["#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n", "ffconcat version 1.0\nfile {}\n"]
)
def test_footage_that_names_other_files_is_not_followed(text: str, tmp_path: Path, decoding: Decoding) -> None:
    clip = tmp_path / "clip.ts"
    clip.write_bytes(segment("libx264", "mpegts", [scene_rgb(number) for number in range(5)], 5))
    path = tmp_path / "list.m3u8"
    path.write_text(text.format(clip.name))
    with pytest.raises(SourceFailed):
        decoding(lambda pool: pool.run("cam", OpenFootage(str(path), loop=False), Opened))
