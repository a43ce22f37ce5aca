"""Read a video file: pictures in rising order of their position, JPEG where the file holds JPEG, encoded otherwise."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path

import av
import av.error
import simplejpeg

from services.ingest.jpeg_header import UnusablePictureError, read_header
from services.ingest.source_errors import SourceEnded, SourceFailed

_FALLBACK_FPS = Fraction(25)

Undecoded = tuple[float, "av.Packet[av.VideoStream] | av.VideoFrame | None"]
"""Seconds from the start of the footage, and a JPEG as it is, a picture, or None: FFmpeg refuses what is there."""


class Footage:
    """A video file that is read forward, from its start, over and over if ``loop``.

    Blocks: for a worker thread. ``close`` may be called by another thread and ends a read under way.

    Raises:
        SourceFailed: The file can't be opened, has no video, or its pictures have more than ``largest_pixels``.
    """

    def __init__(self, path: Path, loop: bool, jpeg_quality: int, largest_pixels: int) -> None:
        self._path = path
        self._largest_pixels = largest_pixels
        self._loop = loop
        self._jpeg_quality = jpeg_quality
        self._lock = threading.Lock()
        self._closing = False
        self._end = 0.0
        self._passthrough = False
        self._items = self._all_items()
        self._shown: Undecoded | None = None
        self._next: Undecoded | None = next(self._items, None)
        if self._next is None:
            raise SourceFailed("no_video", f"{path} holds no picture")

    def picture_at(self, seconds: float) -> tuple[float, bytes] | None:
        """Give position and JPEG of the last picture at or before ``seconds``; None if it was given already.

        Raises:
            SourceEnded: The footage is over before ``seconds``, and does not loop.
            SourceFailed: The file can't be read on.
            UnusablePictureError: What is there is refused by FFmpeg; later pictures may be better.
        """
        with self._lock:
            fresh = self._advance(seconds)
            if self._shown is None or not fresh:
                return None
            position, item = self._shown
            if item is None:
                raise UnusablePictureError(f"{self._path}: refused by FFmpeg at {position:.1f} s")
            return position, self._jpeg(item)

    def close(self) -> None:
        """Release the file, after the read under way."""
        self._closing = True
        with self._lock:
            self._items.close()

    def _advance(self, seconds: float) -> bool:
        fresh = False
        while self._next is not None and self._next[0] <= seconds:
            if self._closing:
                raise SourceFailed("closed", "the footage is closed")
            self._shown, fresh = self._next, True
            self._next = next(self._items, None)
        if self._next is None and seconds >= self._end:
            raise SourceEnded("ended", f"{self._path} is over")
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
            start = end

    def _one_round(self) -> Iterator[tuple[float, float, av.Packet[av.VideoStream] | av.VideoFrame | None]]:
        try:
            with av.open(str(self._path)) as container:
                if not container.streams.video:
                    return
                stream = container.streams.video[0]
                if stream.codec_context.width * stream.codec_context.height > self._largest_pixels:
                    raise SourceFailed("too_large", f"{self._path} has more than {self._largest_pixels} px a picture")
                stream.thread_type = "SLICE"  # frame threads hold back pictures and add latency
                length = float(1 / (stream.average_rate or _FALLBACK_FPS))
                self._passthrough = stream.codec_context.name == "mjpeg" and self._holds_whole_jpegs()
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
            raise SourceFailed("unreadable", f"{self._path}: {error}") from error

    def _items_of(
        self, container: av.container.InputContainer, stream: av.VideoStream
    ) -> Iterator[av.Packet[av.VideoStream] | av.VideoFrame | None]:
        for packet in container.demux(stream):
            if self._passthrough:
                if packet.size:
                    yield packet
                continue
            try:
                yield from packet.decode()
            except av.error.InvalidDataError:
                yield None

    def _holds_whole_jpegs(self) -> bool:
        """Tell whether packets are JPEGs as they are; frames of old AVI files lack their Huffman tables."""
        with av.open(str(self._path)) as container:
            for packet in container.demux(container.streams.video[0]):
                if packet.size:
                    try:
                        return read_header(bytes(packet), largest_pixels=1 << 32).has_huffman_tables
                    except UnusablePictureError:
                        return False
        return False

    def _jpeg(self, item: av.Packet[av.VideoStream] | av.VideoFrame) -> bytes:
        if isinstance(item, av.Packet):
            return bytes(item)
        image_rgb = item.to_ndarray(format="rgb24")
        jpeg: bytes = simplejpeg.encode_jpeg(
            image_rgb, quality=self._jpeg_quality, colorspace="RGB", colorsubsampling="420"
        )
        return jpeg
