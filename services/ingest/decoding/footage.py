"""Read a video file: pictures in rising order of their position, JPEG where the file holds JPEG, encoded otherwise."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from fractions import Fraction

import av
import av.error
import msgspec

from services.ingest.decoding.failures import JobFailedError, unusable
from services.ingest.decoding.jobs import Decoded, Opened, OpenFootage
from services.ingest.decoding.limits import DecodingLimits
from services.ingest.decoding.pictures import HALF_TICK_SECONDS, codec_options, decoder_of, jpeg_of
from services.ingest.jpeg_header import UnusablePictureError, read_header

_FALLBACK_FPS = Fraction(25)

_FORMATS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,asf,h264,hevc,mjpeg,m4v,ogg,ivf"
"""Containers that hold their video themselves. Playlists are not among them: they name other files and servers."""

Undecoded = tuple[float, "av.Packet[av.VideoStream] | av.VideoFrame | None"]
"""Seconds from the start of the footage, and a JPEG as it is, a picture, or None: FFmpeg refuses what is there."""


class Footage:
    """A video file that is read forward, from its start, over and over if it is to loop.

    ``facts`` say what it is.

    Args:
        job: Which file.
        limits: What it may use.

    Raises:
        JobFailedError: The file can't be opened, has no video, or its pictures are too large.
    """

    def __init__(self, job: OpenFootage, limits: DecodingLimits) -> None:
        self._path = job.path
        self._loop = job.loop
        self._limits = limits
        self._end = 0.0
        self._round_seconds = 0.0
        self.facts = Opened()
        self._items = self._all_items()
        self._shown: Undecoded | None = None
        self._next: Undecoded | None = next(self._items, None)
        if self._next is None:
            raise JobFailedError("broken", "no_video", f"{job.path} holds no picture")

    def picture_at(self, seconds: float) -> Decoded | None:
        """Give the last picture at or before ``seconds``; None if it was given already.

        Raises:
            JobFailedError: The footage is over before ``seconds`` and does not loop; the file can't be read on; or
                FFmpeg refuses what is there, and later pictures may be better.
        """
        if not self._advance(seconds) or self._shown is None:
            return None
        position, item = self._shown
        if item is None:
            raise unusable(f"{self._path}: refused by FFmpeg at {position:.1f} s")
        found = (
            self._whole_jpeg(bytes(item), position) if isinstance(item, av.Packet) else self._encoded(item, position)
        )
        return msgspec.structs.replace(found, round_seconds=self._round_seconds)

    def close(self) -> None:
        """Release the file."""
        self._items.close()

    def _advance(self, seconds: float) -> bool:
        fresh = False
        while self._next is not None and self._next[0] <= seconds + HALF_TICK_SECONDS:
            self._shown, fresh = self._next, True
            self._next = next(self._items, None)
        if self._next is None and seconds >= self._end:
            raise JobFailedError("ended", "ended", f"{self._path} is over")
        return fresh

    def _all_items(self) -> Generator[Undecoded, None, None]:
        start = 0.0
        while True:
            end = start
            for position, length, item in self._one_round():
                end = self._end = max(end, start + position + length)
                yield start + position, item
            if not self._loop or end == start:
                return
            self._round_seconds = end - start
            start = end

    def _one_round(self) -> Iterator[tuple[float, float, av.Packet[av.VideoStream] | av.VideoFrame | None]]:
        try:
            with self._opened() as container:
                context = decoder_of(container.streams.video[0]) if container.streams.video else None
                if context is None:
                    return
                stream = container.streams.video[0]
                self._set_limits(context)
                length = float(1 / (stream.average_rate or _FALLBACK_FPS))
                passthrough = context.name == "mjpeg" and self._holds_whole_jpegs()
                self.facts = Opened(context.name, 1 / length, passthrough)
                origin: float | None = None
                count, last = 0, -length
                for item in self._items_of(container, stream):
                    if item is None:  # its place is right after what came before it
                        last += length
                        yield max(0.0, last), length, None
                        continue
                    at = float(item.pts * item.time_base) if item.pts is not None and item.time_base else count * length
                    origin = at if origin is None else origin
                    count += 1
                    last = max(0.0, at - origin)
                    yield last, length, item
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise JobFailedError("broken", "unreadable", f"{self._path}: {error}") from error

    def _opened(self) -> av.container.InputContainer:
        return av.open(
            self._path,
            options=codec_options(self._limits),
            container_options={"format_whitelist": _FORMATS, "protocol_whitelist": "file"},
        )

    def _set_limits(self, context: av.VideoCodecContext) -> None:
        if context.width * context.height > self._limits.largest_pixels:
            detail = f"{self._path} has more than {self._limits.largest_pixels} px a picture"
            raise JobFailedError("broken", "too_large", detail)
        context.thread_count = 1  # more would hold back pictures and add latency
        context.options = codec_options(self._limits)

    def _items_of(
        self, container: av.container.InputContainer, stream: av.VideoStream
    ) -> Iterator[av.Packet[av.VideoStream] | av.VideoFrame | None]:
        for packet in container.demux(stream):
            if self.facts.passthrough:
                if packet.size:
                    yield packet
                continue
            try:
                yield from packet.decode()
            except av.error.InvalidDataError:
                yield None

    def _holds_whole_jpegs(self) -> bool:
        """Tell whether packets are JPEGs as they are; frames of old AVI files lack their Huffman tables."""
        with self._opened() as container:
            for packet in container.demux(container.streams.video[0]):
                if packet.size:
                    try:
                        return read_header(bytes(packet), largest_pixels=1 << 32).has_huffman_tables
                    except UnusablePictureError:
                        return False
        return False

    def _encoded(self, frame: av.VideoFrame, position: float) -> Decoded:
        return jpeg_of(frame, self._limits, position)

    def _whole_jpeg(self, jpeg: bytes, position: float) -> Decoded:
        try:
            header = read_header(jpeg, self._limits.largest_pixels)
        except UnusablePictureError as error:
            raise unusable(f"{self._path}: {error}") from error
        return Decoded(jpeg, header.width, header.height, position)
