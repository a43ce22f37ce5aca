from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.jpeg_header import JpegHeader, UnusablePictureError, read_header
from tests.ingest.builders import make_jpeg

LIMIT = 10_000_000


def frame_header(width: int, height: int) -> bytes:
    sizes = height.to_bytes(2) + width.to_bytes(2)
    return b"\xff\xd8\xff\xc0\x00\x0b\x08" + sizes + b"\x01\x01\x11\x00\xff\xda"


def test_size_is_read_from_the_frame_header() -> None:
    assert read_header(make_jpeg(width=320, height=200), LIMIT) == JpegHeader(320, 200, True)


def test_a_200_megapixel_picture_is_refused_by_its_header() -> None:
    with pytest.raises(UnusablePictureError, match="20000 x 10000"):
        read_header(frame_header(20_000, 10_000), LIMIT)


def test_fill_bytes_before_a_marker_are_passed_over() -> None:
    jpeg = make_jpeg()
    assert read_header(jpeg[:2] + b"\xff\xff\xff" + jpeg[2:], LIMIT).width == 160


@pytest.mark.parametrize(
    "jpeg", [b"", b"\xff\xd8", b"GIF89a", frame_header(0, 10), b"\xff\xd8\xff\xda", b"\xff\xd8\x00"]
)
def test_what_is_no_picture_is_unusable(jpeg: bytes) -> None:
    with pytest.raises(UnusablePictureError):
        read_header(jpeg, LIMIT)


class WatchedBytes(bytes):
    """Counts how often something of it is looked at."""

    looks = 0

    def __getitem__(self, key: Any) -> Any:
        self.looks += 1
        return super().__getitem__(key)


@pytest.mark.parametrize(
    "unit",
    [b"\xff\xe0\x00\x02", b"\xff", b"\xff\xd0", b"\xff\xff\xff\xe0\x00\x02"],
    ids=["empty", "fill", "bare", "both"],
)
def test_a_header_without_end_is_given_up_soon(unit: bytes) -> None:
    jpeg = WatchedBytes(b"\xff\xd8" + unit * (20_000_000 // len(unit)) + make_jpeg()[2:])
    with pytest.raises(UnusablePictureError):
        read_header(jpeg, LIMIT)
    assert jpeg.looks < 10_000


def test_a_large_colour_profile_is_no_fault() -> None:
    profile = b"".join(b"\xff\xe2\xff\xffICC_PROFILE\x00" + bytes(65_521) for _ in range(255))
    assert read_header(b"\xff\xd8" + profile + make_jpeg()[2:], LIMIT).width == 160


@given(st.integers(0, 700))
def test_a_picture_that_is_cut_anywhere_in_its_header_is_unusable(length: int) -> None:
    jpeg = make_jpeg()
    cut = jpeg[: min(length, jpeg.index(b"\xff\xda"))]
    with pytest.raises(UnusablePictureError):
        read_header(cut, LIMIT)


@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_raise_anything_else(data: bytes, starts_like_one: bool) -> None:
    try:
        header = read_header((b"\xff\xd8\xff" if starts_like_one else b"") + data, LIMIT)
    except UnusablePictureError:
        return
    assert header.width * header.height <= LIMIT
