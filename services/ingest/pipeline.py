"""The way of a picture, from a camera to Kafka.

sampling.py     an instant is due ──────────────┐
sources/*.py    the camera's picture for it     │  reader.py turns this loop, one task a camera
pipeline.py     ▼ prepare():                    │
                  read_header     refuse what is no picture, or too large, before a px is decoded
                  Rework          in a decoding process, only where it must be:
                                    private zones to black; encoded again what Kafka would not take
publisher.py    to the topic of frames, one unacknowledged frame a camera
ledger.py       captured or missed: every instant is counted once
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas.cameras import Camera
from services.ingest.decoding.jobs import Decoded, Rework
from services.ingest.decoding.pool import DecodingPool
from services.ingest.jpeg_header import JpegHeader, UnusablePictureError, read_header
from services.ingest.source import Picture
from services.privacy.private_zones import private_polygons

LEAST_SIDE_PX = 16
MOST_ASPECT_RATIO = 10.0
"""What detectors take: beyond, a picture is unusable here already, where its camera's status says so."""


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """What a frame may be."""

    largest_pixels: int
    largest_frame_bytes: int


@dataclass(frozen=True, slots=True)
class PreparedFrame:
    """A JPEG that may leave, its size in px, and why it was encoded again (empty: it passes as the source gave it)."""

    jpeg: bytes
    width: int
    height: int
    captured_at_ms: int
    reencoded: tuple[Literal["private", "fit"], ...] = ()


async def prepare(picture: Picture, camera: Camera, limits: FrameLimits, decoding: DecodingPool) -> PreparedFrame:
    """Give the frame that ``picture`` becomes. Waits only for a picture that must be decoded.

    Raises:
        UnusablePictureError: It is no JPEG, too large, a sliver, or can't be decoded where it must be.
        SourceFailed: The decoding process died of it or took too long.
    """
    header = _checked_header(picture.jpeg, limits)
    private = private_polygons(camera)
    if not private and len(picture.jpeg) <= limits.largest_frame_bytes:
        return PreparedFrame(picture.jpeg, header.width, header.height, picture.captured_at_ms)
    job = Rework(picture.jpeg, private=private, largest_bytes=limits.largest_frame_bytes)
    changed = await decoding.run(camera.camera_id, job, Decoded)
    header = _checked_header(changed.jpeg, limits)
    reencoded: tuple[Literal["private", "fit"], ...] = ("private",) if private else ()
    if changed.fitted:
        reencoded = (*reencoded, "fit")
    return PreparedFrame(changed.jpeg, header.width, header.height, picture.captured_at_ms, reencoded)


def _checked_header(jpeg: bytes, limits: FrameLimits) -> JpegHeader:
    """Read a picture's header: a camera's, and a decoding process's too, which hostile video may have taken over."""
    header = read_header(jpeg, limits.largest_pixels)
    short, long = sorted((header.width, header.height))
    if short < LEAST_SIDE_PX or long > MOST_ASPECT_RATIO * short:
        raise UnusablePictureError(f"{header.width} x {header.height} px: too small, or too long for its width")
    return header
