"""JPEG bytes to a picture, after the header has shown that decoding them is safe.

A JPEG of a few bytes can claim 65,535 x 65,535 px, or hundreds of passes over the picture. So bytes, sides, pixels and
passes are bounded before a decoder allocates anything. libjpeg-turbo then decodes at the smallest of its scales (n/8)
that still has the pixels that the networks need; most of a 720p frame's cost goes that way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from services.runtime.errors import InvalidMessageError

START_OF_SCAN = b"\xff\xda"
"""Never occurs inside entropy-coded data, where a 0xFF byte is followed by 0x00."""
END_OF_IMAGE = b"\xff\xd9"
PADDING = b"\x00\r\n"
"""What cameras are seen to write after the end of a picture."""
HARMLESS = "extraneous bytes"
"""libjpeg's words for padding between segments, which cheap cameras write; the picture is whole."""


MOST_BYTES = 10_000_000
"""Ten times what a Kafka record may hold."""
MOST_PIXELS = 25_000_000
"""Three times a 4K frame."""
DECODE_THREADS = 2
"""See README: what more threads gained when measured."""
DECODED_AHEAD = 16
"""Frames that are ready before the networks take them. A frame with tiles and water is 2 MB of inputs, and while it is
decoded its picture is there too: with the usual two threads, 720p frames take at most 40 MB."""


@dataclass(frozen=True, slots=True)
class JpegLimits:
    """What is decoded at all. A progressive JPEG has about ten scans; the widest cameras there are see 1 : 4."""

    most_bytes: int = MOST_BYTES
    most_pixels: int = MOST_PIXELS
    most_scans: int = 64
    least_side: int = 16
    most_aspect_ratio: float = 10.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded frame. ``height`` and ``width`` are the JPEG's own; ``image_bgr`` may be smaller."""

    image_bgr: NDArray[np.uint8]
    height: int
    width: int


def read_size(jpeg: bytes, limits: JpegLimits) -> tuple[int, int]:
    """Give height and width in px, from the header alone.

    Raises:
        InvalidMessageError: ``refused`` if a limit is passed, ``undecodable`` if this is not a JPEG.
    """
    if len(jpeg) > limits.most_bytes:
        raise InvalidMessageError("refused", f"{len(jpeg)} bytes, at most {limits.most_bytes} are decoded")
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(jpeg)
    except ValueError as error:
        raise InvalidMessageError("undecodable", f"no JPEG header: {error}") from error
    excess = _excess(height, width, jpeg.count(START_OF_SCAN), limits)
    if excess:
        raise InvalidMessageError("refused", excess)
    return height, width


def decode(jpeg: bytes, size_hw: tuple[int, int], least_hw: tuple[int, int] = (0, 0)) -> Picture:
    """Decode a JPEG whose header ``read_size`` has passed.

    Args:
        jpeg: The bytes.
        size_hw: What ``read_size`` gave.
        least_hw: Height and width in px that suffice; (0, 0): full size.

    Raises:
        InvalidMessageError: ``undecodable``. Half a JPEG is: it would show a wrong picture.
    """
    height, width = size_hw
    least_height, least_width = least_hw
    if least_height >= height or least_width >= width:
        least_height = least_width = 0
    return Picture(_decoded(jpeg, least_height, least_width), height, width)


def is_whole(jpeg: bytes) -> bool:
    """Tell whether a JPEG ends as one must. A decoder that is not strict shows a cut one with its rest in grey."""
    return jpeg.rstrip(PADDING).endswith(END_OF_IMAGE)


def _excess(height: int, width: int, scans: int, limits: JpegLimits) -> str:
    """Say which limit is passed; empty if none."""
    if height * width > limits.most_pixels:
        return f"{width} x {height} px, at most {limits.most_pixels} px are decoded"
    if min(height, width) < limits.least_side:
        return f"{width} x {height} px, sides of at least {limits.least_side} px are decoded"
    if max(height, width) > limits.most_aspect_ratio * min(height, width):
        return f"{width} x {height} px, sides up to 1 : {limits.most_aspect_ratio:g} are decoded"
    if scans > limits.most_scans:
        return f"{scans} scans, at most {limits.most_scans} are decoded"
    return ""


def _decoded(jpeg: bytes, least_height: int, least_width: int) -> NDArray[np.uint8]:
    def run(strict: bool) -> NDArray[np.uint8]:
        image: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            jpeg, colorspace="BGR", min_height=least_height, min_width=least_width, strict=strict
        )
        return image

    try:
        return run(strict=True)
    except ValueError as error:
        # The first thing that libjpeg finds odd is all that it tells: behind padding, half the picture may be missing.
        if HARMLESS not in str(error) or not is_whole(jpeg):
            raise InvalidMessageError("undecodable", str(error)) from error
    try:
        return run(strict=False)
    except ValueError as error:
        raise InvalidMessageError("undecodable", str(error)) from error
