"""Decode pictures of a whole media segment of an HLS stream: MPEG-TS, or fMP4 behind its initialisation."""

from __future__ import annotations

import contextlib
import io
import itertools
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import av
import av.error

from services.ingest.decoding.failures import unusable
from services.ingest.decoding.jobs import Decoded, DecodeSegment, Segment
from services.ingest.decoding.limits import DecodingLimits
from services.ingest.decoding.pictures import codec_options, jpeg_of

_CONTAINER_OPTIONS = {
    "format_whitelist": "mpegts,mov,mp4",
    "protocol_whitelist": "none",
    "codec_whitelist": "h264,hevc",
    "enable_drefs": "0",
    "use_absolute_path": "0",
}
"""Nothing but the bytes that were given is ever opened, whatever they say."""

_CODECS = ("h264", "hevc")
_TS_PACKET_BYTES = 188

_Shown = tuple[float, av.VideoFrame]
"""A picture, and its position: seconds from the segment's first picture."""


@dataclass(frozen=True, slots=True)
class _Timed:
    """A packet of the video, whole, and its position: seconds from the segment's first picture."""

    packet: av.Packet[av.VideoStream]
    position: float


def decode_segment(job: DecodeSegment, limits: DecodingLimits) -> Segment:
    """Decode the pictures that show at the job's positions.

    Raises:
        JobFailedError: It is no such segment, or nothing of it can be decoded.
    """
    try:
        with av.open(
            io.BytesIO(job.data), "r", options=codec_options(limits), container_options=_CONTAINER_OPTIONS
        ) as container:
            return _Reading(container, job, limits).segment()
    except (av.error.FFmpegError, OSError, ValueError, IndexError) as error:
        raise unusable(f"the segment can't be decoded: {error}") from error


class _Reading:
    def __init__(self, container: av.container.InputContainer, job: DecodeSegment, limits: DecodingLimits) -> None:
        if not container.streams.video or container.streams.video[0].codec_context.name not in _CODECS:
            raise unusable("the segment holds no H.264 and no H.265")
        self._container = container
        self._stream = container.streams.video[0]
        self._context = self._stream.codec_context
        self._context.options = codec_options(limits)
        self._job = job
        self._limits = limits

    def segment(self) -> Segment:
        packets = self._whole_packets()
        if not packets:
            raise unusable("the segment holds no whole picture")
        frame_seconds = self._frame_seconds(packets)
        duration = max(timed.position for timed in packets) + frame_seconds
        keys = [timed for timed in packets if timed.packet.is_keyframe]
        gaps = [after.position - before.position for before, after in itertools.pairwise(keys)]
        longest = max([*gaps, duration - keys[-1].position]) if keys else duration
        decodes_all = longest > self._job.keyframe_most_seconds + frame_seconds
        frames = self._all_frames(packets) if decodes_all else self._key_frames(keys)
        return Segment(
            pictures=tuple(self._encoded(frames)),
            codec=self._context.name,
            container=self._container.format.name,
            frames_per_second=1 / frame_seconds if frame_seconds else 0.0,
            keyframe_seconds=sum(gaps) / len(gaps) if gaps else 0.0,
            duration=duration,
            decoded_all=decodes_all,
        )

    def _whole_packets(self) -> list[_Timed]:
        """Give the packets that are known to be whole, in the order of decoding.

        A picture of MPEG-TS ends where the next one begins. Behind the last one nothing tells that it is whole, but
        that the segment does not end in the middle of a TS packet; what is cut at its edge fails to be decoded.
        """
        packets = [packet for packet in self._container.demux(self._stream) if packet.size]
        if packets and self._container.format.name == "mpegts" and len(self._job.data) % _TS_PACKET_BYTES:
            packets.pop()
        whole = [packet for packet in packets if packet.pts is not None and not packet.is_corrupt]
        base = min((packet.pts or 0 for packet in whole), default=0)
        return [_Timed(packet, float(((packet.pts or 0) - base) * packet.time_base)) for packet in whole]

    def _frame_seconds(self, packets: list[_Timed]) -> float:
        positions = sorted(timed.position for timed in packets)
        steps = [after - before for before, after in itertools.pairwise(positions) if after > before]
        return median(steps) if steps else 0.0

    def _key_frames(self, keys: list[_Timed]) -> Iterator[_Shown]:
        """Decode those keyframes, each by itself, that are the newest at a position that is asked for."""
        wanted = {bisect_right(keys, at, key=lambda timed: timed.position) - 1 for at in self._job.positions}
        for timed in (keys[index] for index in sorted(wanted) if index >= 0):
            with contextlib.suppress(av.error.FFmpegError):
                frames = [*self._context.decode(timed.packet), *self._context.decode(None)]
                if frames and not frames[-1].is_corrupt:
                    yield timed.position, frames[-1]
            self._context.flush_buffers()

    def _all_frames(self, packets: list[_Timed]) -> Iterator[_Shown]:
        """Decode everything; behind an error nothing until the next keyframe."""
        base = min(timed.packet.pts or 0 for timed in packets)
        waits = True
        for packet in [*(timed.packet for timed in packets), None]:
            waits = waits and not (packet is not None and packet.is_keyframe)
            if waits:
                continue
            try:
                for frame in self._context.decode(packet):
                    if not frame.is_corrupt and frame.pts is not None and frame.time_base is not None:
                        yield float((frame.pts - base) * frame.time_base), frame
            except av.error.FFmpegError:
                waits = True
                self._context.flush_buffers()

    def _encoded(self, frames: Iterator[_Shown]) -> Iterator[Decoded]:
        """Encode of frames, by rising position, each that is the newest at a position that is asked for."""
        newest: _Shown | None = None
        upcoming = next(frames, None)
        for at in self._job.positions:
            given = newest
            while upcoming is not None and upcoming[0] <= at:
                newest, upcoming = upcoming, next(frames, None)
            if newest is not None and newest is not given:
                yield jpeg_of(newest[1], self._limits, newest[0])
