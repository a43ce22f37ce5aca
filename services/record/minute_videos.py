"""A closed minute as videos: the public one, people hidden before anything is encoded, and the original.

::

    closed minute ─┬─► may be shown ─► decode ─► destroy what is hidden ─► encode ─► public
                   └─► those of which the camera's policy asks it ─► decode ─► encode ─► original
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import simplejpeg

from schemas.cameras import Camera
from schemas.geometry import BoxXyxy
from schemas.recordings import FileForm
from services.privacy.anonymise import anonymise
from services.privacy.showable import FindCamera
from services.record.minutes import ClosedMinute, HeldFrame
from services.record.video import Encoding, ImageBgr, Picture, VideoFacts, encode_video

_MOST_PIXELS = 8192 * 4320
"""The largest picture that cameras are sold with; a JPEG of a few bytes can claim to be 65,535 px wide and high."""

FrameToShow = tuple[HeldFrame, tuple[BoxXyxy, ...]]
"""A frame, and the normalised boxes whose pixels are destroyed."""


class MinuteVideos(NamedTuple):
    """The videos of a minute by form; none of a form of which there is no picture.

    ``shown_count`` is of the public one; ``undecodable`` counts frames that were no whole picture.
    """

    videos: dict[FileForm, bytes]
    shown_count: int
    undecodable: int


def originals_of(closed: ClosedMinute, camera: Camera, find_camera: FindCamera) -> list[HeldFrame]:
    """Give the frames that may be kept as captured: the policy asked it when they were, and does now."""
    if not camera.record_original:
        return []
    then = {number: find_camera(closed.camera_id, number) for number in {one.camera_revision for one in closed.frames}}
    asked = {number for number, revision in then.items() if revision is not None and revision.record_original}
    return [frame for frame in closed.frames if frame.camera_revision in asked]


def make_videos(closed: ClosedMinute, originals: Sequence[HeldFrame], encoding: Encoding) -> MinuteVideos:
    """Give the videos of a minute. Blocks, mostly without the interpreter.

    Raises:
        InvalidMessageError: ``unencodable``: the encoder does not take these pictures.
    """
    videos: dict[FileForm, bytes] = {}
    public = _Pictures([(frame, one.hidden) for frame, one in closed.shown])
    if data := _encoded(closed, public, encoding, "public"):
        videos["public"] = data
    undecodable = public.undecodable
    if originals:
        original = _Pictures([(frame, ()) for frame in originals])
        if data := _encoded(closed, original, encoding, "original"):
            videos["original"] = data
        undecodable = max(undecodable, original.undecodable)
    return MinuteVideos(videos, len(public.frames) - public.undecodable, undecodable)


class _Pictures:
    """The pictures of frames, decoded one by one, what is hidden destroyed. ``undecodable`` counts those that are none.

    A frame that was captured in the same millisecond as the one before is left out: a file can't hold both.
    """

    def __init__(self, frames: Sequence[FrameToShow]) -> None:
        self.frames: list[FrameToShow] = []
        self.undecodable = 0
        for frame, hidden in frames:
            if not self.frames or frame.captured_at_ms > self.frames[-1][0].captured_at_ms:
                self.frames.append((frame, hidden))

    def __iter__(self) -> Iterator[Picture]:
        for frame, hidden in self.frames:
            image = _decoded(frame.jpeg)
            if image is None:
                self.undecodable += 1
                continue
            anonymise(image, hidden)
            yield Picture(frame.captured_at_ms, image)


def is_too_large(jpeg: bytes) -> bool:
    """Tell whether a JPEG claims to be so large that decoding it would take the memory.

    Raises:
        ValueError: It is no JPEG.
    """
    height, width, *_ = simplejpeg.decode_jpeg_header(jpeg)
    return bool(height * width > _MOST_PIXELS)


def _decoded(jpeg: bytes) -> ImageBgr | None:
    """Give the picture of a JPEG, None where it is none, or one so large that decoding it would take the memory."""
    try:
        if is_too_large(jpeg):
            return None
        image: ImageBgr = simplejpeg.decode_jpeg(jpeg, colorspace="BGR", strict=False)
    except ValueError:
        return None
    return image


def _encoded(closed: ClosedMinute, pictures: _Pictures, encoding: Encoding, form: FileForm) -> bytes | None:
    times_ms = [frame.captured_at_ms for frame, _ in pictures.frames]
    if not times_ms:
        return None
    facts = VideoFacts(
        camera_id=closed.camera_id,
        minute_ms=closed.minute_ms,
        first_ms=times_ms[0],
        form=form,
        simulated=any(frame.simulated for frame, _ in pictures.frames),
    )
    data = encode_video(pictures, times_ms, facts, encoding)
    return None if pictures.undecodable == len(times_ms) else data
