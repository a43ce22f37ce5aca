"""A closed minute as videos: the public one, people hidden before anything is encoded, and the original.

::

    closed minute ─┬─► may be shown ─► decode ─► black what is private now ─► destroy what is hidden ─► encode ─► public
                   └─► those of which the camera's policy asks it ─► decode ─► encode ─► original
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import simplejpeg

from schemas.cameras import Camera
from schemas.geometry import BoxXyxy, Polygon
from schemas.recordings import FileForm
from services.privacy.anonymise import anonymise
from services.privacy.burning import burn_out
from services.privacy.private_zones import private_since
from services.privacy.showable import FindCamera
from services.record.minutes import ClosedMinute, HeldFrame
from services.record.video import Encoding, ImageBgr, Picture, VideoFacts, encode_video

_MOST_PIXELS = 8192 * 4320
"""The largest picture that cameras are sold with; a JPEG of a few bytes can claim to be 65,535 px wide and high."""


class FrameToShow(NamedTuple):
    """A frame; what of it is made black, and the normalised boxes whose pixels are destroyed."""

    frame: HeldFrame
    private: tuple[Polygon, ...] = ()
    hidden: tuple[BoxXyxy, ...] = ()


class Asked(NamedTuple):
    """What a camera's newest revision, ``revision``, asks of a minute.

    ``originals``: the frames that may be kept as captured. ``private_since``: by the revision of frames, the polygons
    that are private now and were not when these were captured.
    """

    originals: Sequence[HeldFrame]
    private_since: Mapping[int, tuple[Polygon, ...]]
    revision: int


class MinuteVideos(NamedTuple):
    """The videos of a minute by form; none of a form of which there is no picture.

    ``shown_count`` is of the public one, in which what ``private_revision`` of the camera has private is black;
    ``undecodable`` counts frames that were no whole picture; ``spoilt`` are the offsets of those that might be shown.
    ``times_ms`` are when the first and last frame of each form were captured.
    """

    videos: dict[FileForm, bytes]
    shown_count: int
    undecodable: int
    private_revision: int
    spoilt: frozenset[int] = frozenset()
    times_ms: Mapping[FileForm, tuple[int, int]] = MappingProxyType({})


def asked_of(closed: ClosedMinute, camera: Camera, find_camera: FindCamera) -> Asked:
    """Give what ``camera``, the newest revision, asks of a minute.

    An original is kept where the policy asked it when it was captured, and does now.
    """
    then = {number: find_camera(closed.camera_id, number) for number in {one.camera_revision for one in closed.frames}}
    asked = {
        number for number, one in then.items() if camera.record_original and one is not None and one.record_original
    }
    return Asked(
        originals=[frame for frame in closed.frames if frame.camera_revision in asked],
        private_since={number: private_since(camera, one) for number, one in then.items()},
        revision=camera.revision,
    )


def make_videos(closed: ClosedMinute, asked: Asked, encoding: Encoding) -> MinuteVideos:
    """Give the videos of a minute. Blocks, mostly without the interpreter.

    Raises:
        InvalidMessageError: ``unencodable``: the encoder does not take these pictures.
    """
    videos: dict[FileForm, bytes] = {}
    times_ms: dict[FileForm, tuple[int, int]] = {}
    public = _Pictures(
        [FrameToShow(frame, asked.private_since[frame.camera_revision], one.hidden) for frame, one in closed.shown]
    )
    if data := _encoded(closed, public, encoding, "public"):
        videos["public"], times_ms["public"] = data, public.times_ms()
    undecodable = len(public.spoilt)
    if asked.originals:
        original = _Pictures([FrameToShow(frame) for frame in asked.originals])
        if data := _encoded(closed, original, encoding, "original"):
            videos["original"], times_ms["original"] = data, original.times_ms()
        undecodable = max(undecodable, len(original.spoilt))
    shown_count = len(public.frames) - len(public.spoilt)
    return MinuteVideos(videos, shown_count, undecodable, asked.revision, frozenset(public.spoilt), times_ms)


class _Pictures:
    """The pictures of frames, decoded one by one, what is hidden destroyed. ``spoilt``: offsets of those that are none.

    A frame that was captured in the same millisecond as the one before is left out: a file can't hold both.
    """

    def __init__(self, frames: Sequence[FrameToShow]) -> None:
        self.frames: list[FrameToShow] = []
        self.spoilt: list[int] = []
        for one in frames:
            if not self.frames or one.frame.captured_at_ms > self.frames[-1].frame.captured_at_ms:
                self.frames.append(one)

    def times_ms(self) -> tuple[int, int]:
        """Give when the first and the last one were captured; not to be called where there is none."""
        return self.frames[0].frame.captured_at_ms, self.frames[-1].frame.captured_at_ms

    def size_hw(self) -> tuple[int, int] | None:
        """Give the size of the largest one, by what they claim, so that none loses by being fitted; None: no size."""
        sizes = [size for one in self.frames if (size := _size_hw(one.frame.jpeg)) is not None]
        return max(sizes, key=lambda size: size[0] * size[1], default=None)

    def __iter__(self) -> Iterator[Picture]:
        for frame, private, hidden in self.frames:
            image = _decoded(frame.jpeg)
            if image is None:
                self.spoilt.append(frame.offset)
                continue
            burn_out(image, private)
            anonymise(image, hidden)
            yield Picture(frame.captured_at_ms, image)


def is_too_large(jpeg: bytes) -> bool:
    """Tell whether a JPEG claims to be so large that decoding it would take the memory.

    Raises:
        ValueError: It is no JPEG.
    """
    height, width, *_ = simplejpeg.decode_jpeg_header(jpeg)
    return bool(height * width > _MOST_PIXELS)


def _size_hw(jpeg: bytes) -> tuple[int, int] | None:
    """Give the size that a JPEG claims, None where it is none, or one that is not decoded."""
    try:
        height, width, *_ = simplejpeg.decode_jpeg_header(jpeg)
    except ValueError:
        return None
    return None if height * width > _MOST_PIXELS else (int(height), int(width))


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
    times_ms = [one.frame.captured_at_ms for one in pictures.frames]
    if not times_ms:
        return None
    facts = VideoFacts(
        camera_id=closed.camera_id,
        minute_ms=closed.minute_ms,
        first_ms=times_ms[0],
        form=form,
        simulated=any(one.frame.simulated for one in pictures.frames),
    )
    data = encode_video(pictures, times_ms, facts, encoding, pictures.size_hw())
    return None if len(pictures.spoilt) == len(times_ms) else data
