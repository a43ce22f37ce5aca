"""A minute of pictures as one MP4 file: VP9, true capture times, playable while it loads. The one seam to PyAV.

What was measured against AV1 and MPEG-4, and why VP9: ADR 16.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable
from datetime import UTC, datetime
from fractions import Fraction
from typing import NamedTuple

import av
import msgspec
import numpy as np
from av.container import OutputContainer
from av.video.frame import PictureType
from av.video.reformatter import Interpolation
from av.video.stream import VideoStream
from numpy.typing import NDArray

from services.runtime.errors import InvalidMessageError

ImageBgr = NDArray[np.uint8]
"""(height, width, 3), uint8, blue first."""

KEYFRAME_EVERY_MS = 10_000
"""A player seeks to a keyframe: so far, at most, from where a citizen wanted to be."""

_MILLISECONDS = Fraction(1, 1000)
_LAST_PICTURE_MS = 1_000
"""How long the last picture of a file stands."""
_BT601_LIMITED = {"colorspace": 6, "color_primaries": 1, "color_trc": 13, "color_range": 1}
"""sRGB's primaries and curve, BT.601's matrix, limited range: what the conversion below gives. Source: ITU-T H.273."""
_INDEX_BYTES = 4096
_INDEX_BYTES_PER_PICTURE = 48
"""Room for the index before the pictures, so that a file plays before it is loaded; 32 are needed a picture."""


class Picture(NamedTuple):
    """A picture and the time (ms since 1970) at which it was captured."""

    captured_at_ms: int
    image_bgr: ImageBgr


class VideoFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says of itself in its metadata (``comment``, JSON)."""

    camera_id: str
    minute_ms: int
    first_ms: int
    form: str
    simulated: bool


class Encoding(NamedTuple):
    """How pictures are encoded. ``quality`` is VP9's quantizer: smaller is better and larger."""

    quality: int = 40
    speed: int = 8


def encode_video(
    pictures: Iterable[Picture],
    times_ms: list[int],
    facts: VideoFacts,
    encoding: Encoding,
    size_hw: tuple[int, int] | None = None,
) -> bytes:
    """Give the file. Blocks for some 8 ms a picture; lets other threads run meanwhile.

    Args:
        pictures: In order of capture, as many as ``times_ms``; taken one by one, so that one is in memory at a time. A
            size other than the file's is fitted to that.
        times_ms: Their capture times, strictly growing.
        facts: What the file says of itself.
        encoding: How.
        size_hw: Height and width of the file's pictures; None: those of the first one.

    Raises:
        InvalidMessageError: ``unencodable``: the encoder does not take these pictures; it is said by PyAV.
    """
    file = io.BytesIO()
    room = _INDEX_BYTES + _INDEX_BYTES_PER_PICTURE * len(times_ms)
    try:
        with av.open(file, "w", format="mp4", options={"moov_size": str(room), "fflags": "+bitexact"}) as container:
            container.metadata.update(_metadata(facts))
            _encode(container, pictures, _durations(times_ms), facts.first_ms, encoding, size_hw)
    except av.FFmpegError as error:
        raise InvalidMessageError("unencodable", str(error)) from error
    return file.getvalue()


def _encode(
    container: OutputContainer,
    pictures: Iterable[Picture],
    durations_ms: dict[int, int],
    first_ms: int,
    encoding: Encoding,
    size_hw: tuple[int, int] | None,
) -> None:
    stream: VideoStream | None = None
    next_keyframe_ms = first_ms
    for captured_at_ms, image in pictures:
        if stream is None:
            stream = _stream(container, size_hw or image.shape[:2], encoding)
        frame = _frame(image, stream)
        frame.pts, frame.time_base = captured_at_ms - first_ms, _MILLISECONDS
        if captured_at_ms >= next_keyframe_ms:
            frame.pict_type = PictureType.I
            next_keyframe_ms = captured_at_ms + KEYFRAME_EVERY_MS - durations_ms[captured_at_ms - first_ms]
        _mux(container, stream, frame, durations_ms)
    if stream is not None:
        _mux(container, stream, None, durations_ms)


def _mux(
    container: OutputContainer, stream: VideoStream, frame: av.VideoFrame | None, durations_ms: dict[int, int]
) -> None:
    for packet in stream.encode(frame):
        if packet.pts is not None:
            packet.duration = durations_ms.get(packet.pts, 0)
        container.mux(packet)


def _stream(container: OutputContainer, size_hw: tuple[int, ...], encoding: Encoding) -> VideoStream:
    stream = container.add_stream("libvpx-vp9", rate=25)
    assert isinstance(stream, VideoStream)
    stream.height, stream.width = size_hw
    stream.pix_fmt = "yuv420p"
    stream.time_base = stream.codec_context.time_base = _MILLISECONDS
    stream.codec_context.gop_size = 100_000  # keyframes come by time, not by number
    stream.codec_context.thread_count = 1  # cameras are what runs in parallel; and the same pictures give the same file
    for name, value in _BT601_LIMITED.items():
        setattr(stream.codec_context, name, value)
    stream.options = {
        "deadline": "realtime",
        "cpu-used": str(encoding.speed),
        "lag-in-frames": "0",
        "crf": str(encoding.quality),
        "b": "0",  # quality is constant, the size follows
    }
    return stream


def _frame(image: ImageBgr, stream: VideoStream) -> av.VideoFrame:
    """Return ``image`` as a frame of the stream's size: a camera may change its own within a minute."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "bgr24")
    if (frame.height, frame.width) == (stream.height, stream.width):
        return frame
    return frame.reformat(stream.width, stream.height, interpolation=Interpolation.AREA)


def _durations(times_ms: list[int]) -> dict[int, int]:
    """Give how long each picture stands, by its time since the first."""
    first_ms = times_ms[0] if times_ms else 0
    steps = [after - before for before, after in itertools.pairwise(times_ms)]
    return {at - first_ms: step for at, step in zip(times_ms, [*steps, _LAST_PICTURE_MS], strict=False)}


def _metadata(facts: VideoFacts) -> dict[str, str]:
    minute = datetime.fromtimestamp(facts.minute_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%MZ")
    marked = " (simulated)" if facts.simulated else ""
    return {"title": f"{facts.camera_id} {minute}{marked}", "comment": msgspec.json.encode(facts).decode()}
