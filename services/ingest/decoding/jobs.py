"""What the worker asks of a decoding child, and what the child answers. MessagePack on a socket, one at a time.

A job carries all that it needs, or names a ``stream`` whose state the child holds (a video file that is open, a chain
of pictures each of which builds on the last). A child that dies takes the states it held along; the streams are then
opened anew by their readers.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from schemas.cameras import Effect
from schemas.geometry import Polygon

VideoCodec = Literal["h264", "hevc"]


class DecodeKeyframe(Struct, frozen=True, tag=True):
    """Decode one whole access unit (Annex B, its parameter sets in it) that needs no other. Answer: ``Decoded``."""

    codec: VideoCodec
    access_unit: bytes


class DecodeChain(Struct, frozen=True, tag=True):
    """Decode the next access units of a stream, in order, and give the last picture. Answer: ``Decoded``.

    ``restart``: the first of them is a keyframe, and what came before is to be forgotten.
    """

    codec: VideoCodec
    access_units: tuple[bytes, ...]
    restart: bool


class DecodeSegment(Struct, frozen=True, tag=True):
    """Decode pictures of a whole media segment (MPEG-TS, or fMP4 behind its initialisation). Answer: ``Segment``.

    ``positions`` are seconds from the segment's first picture, rising; for each the newest picture that shows there is
    given. Only keyframes are decoded; where the segment's are rarer than ``keyframe_most_seconds``, the child decodes
    all of it and says so.
    """

    data: bytes
    positions: tuple[float, ...]
    keyframe_most_seconds: float


class OpenFootage(Struct, frozen=True, tag=True):
    """Open a video file as the stream's state. Answer: ``Opened``."""

    path: str
    loop: bool


class FootageAt(Struct, frozen=True, tag=True):
    """Give the stream's picture that shows at ``position`` seconds, which only grow.

    Answer: ``Decoded``, ``NoPicture`` where no new one shows there, ``Failed`` with ``ended`` behind the last one.
    """

    position: float


class CloseStream(Struct, frozen=True, tag=True):
    """Forget the stream's state. Answer: ``Opened``."""


class Rework(Struct, frozen=True, tag=True):
    """Decode a JPEG or PNG, lay ``effects`` over it, burn out ``private`` polygons, make it fit. Answer: ``Decoded``.

    ``effects`` are those that hold now, each with its strength of this moment and seconds since it began (``at``);
    ``seed`` makes chance the same each time. ``largest_bytes`` bounds the JPEG: it is encoded smaller until it fits.
    """

    image: bytes
    effects: tuple[tuple[Effect, float, float], ...] = ()
    seed: int = 0
    private: tuple[Polygon, ...] = ()
    largest_bytes: int = 0


Job = DecodeKeyframe | DecodeChain | DecodeSegment | OpenFootage | FootageAt | CloseStream | Rework


class Decoded(Struct, frozen=True, tag=True):
    """A picture as JPEG, its size in px, and, of footage, where it lies: seconds from the start.

    ``fitted``: a picture of ``Rework`` had to be encoded with less quality or smaller, so as to fit. ``round_seconds``
    is the length of footage that plays over, once it has been read to its end; before it is 0.
    """

    jpeg: bytes
    width: int
    height: int
    position: float = 0.0
    fitted: bool = False
    round_seconds: float = 0.0


class NoPicture(Struct, frozen=True, tag=True):
    """There is no new picture."""


class Opened(Struct, frozen=True, tag=True):
    """Done. Of footage that was opened: what it is; ``passthrough`` where it holds JPEGs that are given as they are."""

    codec: str = ""
    frames_per_second: float = 0.0
    passthrough: bool = False


class Segment(Struct, frozen=True, tag=True):
    """Pictures of a segment, by rising position, each given once, and what was learnt of the segment.

    ``duration`` is in seconds; ``keyframe_seconds`` the time between keyframes, 0 with fewer than two.
    """

    pictures: tuple[Decoded, ...]
    codec: str
    container: str
    frames_per_second: float
    keyframe_seconds: float
    duration: float
    decoded_all: bool


class Failed(Struct, frozen=True, tag=True):
    """It can't be done. ``unusable``: this picture alone; ``broken``: the stream; ``ended``: the footage is over."""

    how: Literal["unusable", "broken", "ended"]
    error_class: str
    detail: str


Answer = Decoded | NoPicture | Opened | Segment | Failed
