"""What a camera may send as a picture: its header is read here, its pixels in a real decoding process."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator

import av
import pytest
import simplejpeg
from hypothesis import example, given

from services.ingest.decoding.jobs import Decoded, DecodeKeyframe, DecodeSegment, Rework, Segment
from services.ingest.decoding.pool import DecodingLimits, DecodingPool
from services.ingest.jpeg_header import UnusablePictureError, read_header
from services.ingest.source_errors import SourceError
from tests.fuzz.mutations import bounded, mutated
from tests.ingest.builders import make_jpeg, square_rgb

pytestmark = pytest.mark.integration

PIXELS = 200_000
HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
JPEGS = (
    make_jpeg(1, 160, 120),
    simplejpeg.encode_jpeg(square_rgb(2, 160, 120)[:, :, :1].copy(), quality=60, colorspace="GRAY"),
    make_jpeg(3, 17, 33)[:20] + b"\xff\xe1\x00\x08Exif\x00\x00" + make_jpeg(3, 17, 33)[20:],
)
MARKERS = tuple(bytes((0xFF, marker)) for marker in (0xC0, 0xC2, 0xC4, 0xD8, 0xD9, 0xDA, 0xDB, 0xDD, 0xE0, 0xFE, 0xFF))


class Children:
    """A pool and the event loop that it lives in, for as long as a module's tests last."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        limits = DecodingLimits(largest_pixels=PIXELS, jpeg_quality=80, job_seconds=5.0)
        self._pool = self._runner.run(self._made(limits))

    async def _made(self, limits: DecodingLimits) -> DecodingPool:
        return DecodingPool(limits, 1)

    def rework(self, job: Rework) -> Decoded:
        return self._runner.run(self._pool.run("picture", job, Decoded))

    def keyframe(self, job: DecodeKeyframe) -> Decoded:
        return self._runner.run(self._pool.run("keyframe", job, Decoded))

    def segment(self, job: DecodeSegment) -> Segment:
        return self._runner.run(self._pool.run("segment", job, Segment))

    def close(self) -> None:
        self._runner.run(self._pool.close())
        self._runner.close()


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    children = Children()
    yield children
    children.close()


@given(mutated(JPEGS, MARKERS))
@bounded(1500)
def test_any_bytes_have_a_header_within_the_limits_or_are_unusable(image: bytes) -> None:
    try:
        header = read_header(image, PIXELS)
    except UnusablePictureError:
        return
    assert image.startswith(b"\xff\xd8")
    assert 0 < header.width * header.height <= PIXELS


@given(image=mutated(JPEGS, MARKERS))
@bounded(400)
def test_any_bytes_become_a_picture_of_the_stated_size_or_are_unusable(children: Children, image: bytes) -> None:
    try:
        picture = children.rework(Rework(image, private=(HALF,), largest_bytes=8_000))
    except (UnusablePictureError, SourceError):
        return
    assert len(picture.jpeg) <= 8_000
    said, shown = read_header(image, PIXELS), read_header(picture.jpeg, PIXELS)
    assert (shown.width, shown.height) == (picture.width, picture.height)
    assert said.width // picture.width in (1, 2, 4)
    left = simplejpeg.decode_jpeg(picture.jpeg, colorspace="GRAY")[:, : max(1, picture.width // 2 - 16)]
    assert left.max() < 40 or picture.width < 40, "what is private shows"


def encoded(container: str, codec: str, pictures: int = 6) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        stream.options = {"g": "3", "bf": "0", "x265-params": "log-level=none"}
        for number in range(pictures):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(square_rgb(number), format="rgb24")))
        output.mux(stream.encode(None))
    return file.getvalue()


UNITS = {"h264": encoded("h264", "libx264", 1), "hevc": encoded("hevc", "libx265", 1)}
SEGMENTS = (encoded("mpegts", "libx264"), encoded("mpegts", "libx265"))
NALS = (b"\x00\x00\x01\x67", b"\x00\x00\x01\x68", b"\x00\x00\x01\x65", b"\x00\x00\x01\x40\x01", b"\x00\x00\x01\x26\x01")


def check_decoded(picture: Decoded) -> None:
    header = read_header(picture.jpeg, PIXELS)
    assert (header.width, header.height) == (picture.width, picture.height)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_any_access_unit_is_a_whole_picture_or_unusable(children: Children, codec: str) -> None:
    @given(mutated((UNITS[codec],), NALS))
    @example(UNITS[codec])
    @bounded(150)
    def check(unit: bytes) -> None:
        try:
            picture = children.keyframe(DecodeKeyframe(codec, unit))  # type: ignore[arg-type]
        except (UnusablePictureError, SourceError):
            assert unit != UNITS[codec]
            return
        check_decoded(picture)

    check()


@given(data=mutated(SEGMENTS, (b"\x47", b"\x47\x40\x00", b"\x47\x40\x11", *NALS)))
@example(data=SEGMENTS[0])
@bounded(150)
def test_any_segment_is_pictures_in_order_or_an_error(children: Children, data: bytes) -> None:
    try:
        segment = children.segment(DecodeSegment(data, (0.0, 0.2, 0.4), keyframe_most_seconds=0.3))
    except (UnusablePictureError, SourceError):
        assert data not in SEGMENTS
        return
    assert len(segment.pictures) <= 3
    assert [picture.position for picture in segment.pictures] == sorted({p.position for p in segment.pictures})
    for picture in segment.pictures:
        check_decoded(picture)


def test_after_all_of_it_a_good_picture_is_still_decoded(children: Children) -> None:
    assert children.rework(Rework(JPEGS[0])).width == 160
