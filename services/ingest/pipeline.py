"""The way of a picture, from a camera to Kafka.

sampling.py     an instant is due ──────────────┐
sources/*.py    the camera's picture for it     │  reader.py turns this loop, one task a camera
pipeline.py     ▼ prepare():                    │
                  read_header     refuse what is no picture, or too large, before a px is decoded
                  burn_out        private zones to black (only cameras that have them)
                  fit             encode again what Kafka would not take
publisher.py    to the topic of frames, one unacknowledged frame a camera
ledger.py       captured or missed: every instant is counted once
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from schemas.cameras import Camera
from services.ingest.jpeg_header import UnusablePictureError, read_header
from services.ingest.private_zones import burn_out, private_polygons
from services.ingest.source import Picture

_FIT_STEPS = ((80, 1), (65, 1), (50, 1), (65, 2), (50, 2), (50, 4))
"""(quality, divisor of width and height), tried in this order. The last one fits 16 times the bytes and more."""


LEAST_SIDE_PX = 16
MOST_ASPECT_RATIO = 10.0
"""What detectors take: beyond, a picture is unusable here already, where its camera's status says so."""


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """What a frame may be, and how ingest encodes."""

    largest_pixels: int
    largest_frame_bytes: int
    jpeg_quality: int


@dataclass(frozen=True, slots=True)
class PreparedFrame:
    """A JPEG that may leave, its size in px, and why it was encoded again (empty: it passes as the source gave it)."""

    jpeg: bytes
    width: int
    height: int
    captured_at_ms: int
    reencoded: tuple[Literal["private", "fit"], ...] = ()


def prepare(picture: Picture, camera: Camera, limits: FrameLimits) -> PreparedFrame:
    """Give the frame that ``picture`` becomes. Blocks for the time of decoding where ``must_decode`` says so.

    Raises:
        UnusablePictureError: It is no JPEG, too large, a sliver, or can't be decoded where it must be.
    """
    header = read_header(picture.jpeg, limits.largest_pixels)
    short, long = sorted((header.width, header.height))
    if short < LEAST_SIDE_PX or long > MOST_ASPECT_RATIO * short:
        raise UnusablePictureError(f"{header.width} x {header.height} px: too small, or too long for its width")
    frame = PreparedFrame(picture.jpeg, header.width, header.height, picture.captured_at_ms)
    frame = _without_private_zones(frame, camera, limits)
    return _fitted(frame, limits)


def must_decode(picture: Picture, camera: Camera, limits: FrameLimits) -> bool:
    """Tell whether ``prepare`` will decode: then it belongs on a worker thread."""
    return len(picture.jpeg) > limits.largest_frame_bytes or bool(private_polygons(camera))


def _without_private_zones(frame: PreparedFrame, camera: Camera, limits: FrameLimits) -> PreparedFrame:
    polygons = private_polygons(camera)
    if not polygons:
        return frame
    burnt_rgb = burn_out(_decoded(frame.jpeg), polygons)
    return _encoded(frame, burnt_rgb, limits.jpeg_quality, "private")


def _fitted(frame: PreparedFrame, limits: FrameLimits) -> PreparedFrame:
    if len(frame.jpeg) <= limits.largest_frame_bytes:
        return frame
    image_rgb = _decoded(frame.jpeg)
    for quality, divisor in _FIT_STEPS:
        smaller = _encoded(frame, _shrunk(image_rgb, divisor), quality, "fit")
        if len(smaller.jpeg) <= limits.largest_frame_bytes:
            return smaller
    raise UnusablePictureError(f"{frame.width} x {frame.height} px can't be made to fit {limits.largest_frame_bytes} B")


def _decoded(jpeg: bytes) -> NDArray[np.uint8]:
    try:
        image_rgb: NDArray[np.uint8] = simplejpeg.decode_jpeg(jpeg, colorspace="RGB")
    except ValueError as error:
        raise UnusablePictureError(f"can't be decoded: {error}") from error
    return image_rgb


def _shrunk(image_rgb: NDArray[np.uint8], divisor: int) -> NDArray[np.uint8]:
    """Give the mean of every ``divisor`` x ``divisor`` px; a rest at the right and bottom edge is cut off."""
    height, width = image_rgb.shape[0] // divisor, image_rgb.shape[1] // divisor
    if divisor == 1 or height == 0 or width == 0:
        return image_rgb
    blocks = image_rgb[: height * divisor, : width * divisor].reshape(height, divisor, width, divisor, 3)
    return np.ascontiguousarray(blocks.mean(axis=(1, 3)).astype(np.uint8))


def _encoded(
    frame: PreparedFrame, image_rgb: NDArray[np.uint8], quality: int, why: Literal["private", "fit"]
) -> PreparedFrame:
    jpeg: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(image_rgb), quality=quality, colorspace="RGB", colorsubsampling="420"
    )
    height, width = image_rgb.shape[:2]
    return PreparedFrame(jpeg, width, height, frame.captured_at_ms, (*frame.reencoded, why))
