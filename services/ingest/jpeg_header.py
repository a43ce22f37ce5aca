"""Read a JPEG's size from its header, without decoding a pixel. Source: ITU-T T.81, annex B."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_START = b"\xff\xd8"
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_HUFFMAN_TABLES = 0xC4
_SCAN, _END = 0xDA, 0xD9

_MOST_MARKERS = 500
"""Before the first scan. The most that are meant are a colour profile's: 255 segments. A picture of 20 MB could have
five million, and the header is read in the event loop."""
_MOST_FILL_BYTES = 64
"""Before a marker. Any number is allowed; encoders that align their segments write up to 15."""


class UnusablePictureError(ValueError):
    """These bytes are not a picture that may go on; the text says why."""


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """Size in px, and whether the picture carries its Huffman tables (frames of old MJPEG files do not)."""

    width: int
    height: int
    has_huffman_tables: bool


def read_header(jpeg: bytes, largest_pixels: int) -> JpegHeader:
    """Give what the header of ``jpeg`` says, up to its first scan.

    Raises:
        UnusablePictureError: Not a JPEG, cut off before its first scan, without size, of more than
            ``largest_pixels``, or with far too many segments.
    """
    if not jpeg.startswith(_START):
        raise UnusablePictureError("not a JPEG")
    width = height = 0
    has_tables = False
    for marker, start, end in _segments(jpeg):
        if marker == _HUFFMAN_TABLES:
            has_tables = True
        elif marker in _FRAME_HEADERS:
            if end - start < 5:
                raise UnusablePictureError("JPEG frame header is cut off")
            height = int.from_bytes(jpeg[start + 1 : start + 3])
            width = int.from_bytes(jpeg[start + 3 : start + 5])
    if width == 0 or height == 0:
        raise UnusablePictureError("JPEG without a size")
    if width * height > largest_pixels:
        raise UnusablePictureError(f"JPEG of {width} x {height} px, more than {largest_pixels} px")
    return JpegHeader(width, height, has_tables)


def _segments(jpeg: bytes) -> Iterator[tuple[int, int, int]]:
    """Give (marker, start, end) of the payload of every segment before the first scan."""
    position = len(_START)
    for _ in range(_MOST_MARKERS):
        marker, position = _next_marker(jpeg, position)
        if marker in (_SCAN, _END):
            return
        if marker in _STANDALONE:
            continue
        length = int.from_bytes(jpeg[position : position + 2])
        end = position + length
        if length < 2 or end > len(jpeg):
            raise UnusablePictureError("JPEG is cut off in its header")
        yield marker, position + 2, end
        position = end
    raise UnusablePictureError(f"JPEG with more than {_MOST_MARKERS} segments in its header")


def _next_marker(jpeg: bytes, position: int) -> tuple[int, int]:
    """Give the marker at ``position``, past its fill bytes, and the position after it."""
    start, last = position, min(len(jpeg), position + 1 + _MOST_FILL_BYTES)
    while position < last and jpeg[position] == 0xFF:
        position += 1
    if position == start or position >= last:
        raise UnusablePictureError("JPEG header is malformed or cut off")
    return jpeg[position], position + 1
