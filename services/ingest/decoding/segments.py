"""Decode pictures of a whole media segment of an HLS stream: MPEG-TS, or fMP4 behind its initialisation."""

from __future__ import annotations

import contextlib
import io
import itertools
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean, median

import av
import av.error

from services.ingest.decoding.failures import unusable
from services.ingest.decoding.jobs import Decoded, DecodeSegment, Segment
from services.ingest.decoding.limits import DecodingLimits
from services.ingest.decoding.pictures import HALF_TICK_SECONDS, codec_options, decoder_of, jpeg_of
from services.ingest.decoding.transport_stream import ends_with_its_picture

_CONTAINER_OPTIONS = {
    "format_whitelist": "mpegts,mov,mp4",
    "protocol_whitelist": "none",
    "enable_drefs": "0",
    "use_absolute_path": "0",
    "codec_whitelist": "none",
}
"""Nothing but the bytes that were given is ever opened, whatever they say. ``codec_whitelist`` is that of the look at
the segment when it is opened: its first keyframe would be decoded there once more, half of all the time."""

_CODECS = ("h264", "hevc")

_Shown = tuple[float, av.VideoFrame]
"""A picture, and its position: seconds from the segment's first picture."""


@dataclass(frozen=True, slots=True)
class _Timed:
    """A packet of the video, whole, and its position: seconds from the segment's first picture."""

    packet: av.Packet[av.VideoStream]
    position: float


@dataclass(frozen=True, slots=True)
class _Rhythm:
    """When a segment's pictures come; times in seconds."""

    duration: float
    frame_seconds: float
    keyframe_seconds: float
    longest_without_keyframe: float


def decode_segment(job: DecodeSegment, limits: DecodingLimits) -> Segment:
    """Decode the pictures that show at the job's positions.

    Raises:
        JobFailedError: It is no such segment, or nothing of it can be decoded.
    """
    try:
        with av.open(io.BytesIO(job.data), "r", container_options=_CONTAINER_OPTIONS) as container:
            context = decoder_of(container.streams.video[0]) if container.streams.video else None
            if context is None or context.name not in _CODECS:
                raise unusable("the segment holds no H.264 and no H.265")
            return _decoded(container, context, job, limits)
    except (av.error.FFmpegError, OSError, ValueError, IndexError) as error:
        raise unusable(f"the segment can't be decoded: {error}") from error


def _decoded(
    container: av.container.InputContainer, context: av.VideoCodecContext, job: DecodeSegment, limits: DecodingLimits
) -> Segment:
    context.thread_count = 1
    context.options = codec_options(limits)
    packets = _whole_packets(container, job.data)
    if not packets:
        raise unusable("the segment holds no whole picture")
    rhythm = _rhythm(packets)
    decodes_all = rhythm.longest_without_keyframe > job.keyframe_most_seconds + rhythm.frame_seconds
    frames = _all_frames(context, packets) if decodes_all else _key_frames(context, packets, job.positions)
    return Segment(
        pictures=tuple(_encoded(frames, job.positions, limits)),
        codec=context.name,
        container="mpegts" if container.format.name == "mpegts" else "fmp4",
        frames_per_second=1 / rhythm.frame_seconds if rhythm.frame_seconds else 0.0,
        keyframe_seconds=rhythm.keyframe_seconds,
        duration=rhythm.duration,
        decoded_all=decodes_all,
    )


def _whole_packets(container: av.container.InputContainer, data: bytes) -> list[_Timed]:
    """Give the packets that are known to be whole, in the order of decoding."""
    stream = container.streams.video[0]
    packets = [packet for packet in container.demux(stream) if packet.size]
    if packets and container.format.name == "mpegts" and not ends_with_its_picture(data, stream.id):
        packets.pop()
    whole = [packet for packet in packets if packet.pts is not None and not packet.is_corrupt]
    base = min((packet.pts or 0 for packet in whole), default=0)
    return [_Timed(packet, float(((packet.pts or 0) - base) * packet.time_base)) for packet in whole]


def _rhythm(packets: list[_Timed]) -> _Rhythm:
    positions = sorted(timed.position for timed in packets)
    steps = [after - before for before, after in itertools.pairwise(positions) if after > before]
    frame_seconds = median(steps) if steps else 0.0
    duration = positions[-1] + frame_seconds
    keys = [timed.position for timed in _keys(packets)]
    gaps = [after - before for before, after in itertools.pairwise(keys)]
    return _Rhythm(
        duration,
        frame_seconds,
        fmean(gaps) if gaps else 0.0,
        max(after - before for before, after in itertools.pairwise([0.0, *keys, duration])),
    )


def _keys(packets: list[_Timed]) -> list[_Timed]:
    """Give the keyframes by rising position. A sender may have them in another order."""
    return sorted((timed for timed in packets if timed.packet.is_keyframe), key=lambda timed: timed.position)


def _key_frames(context: av.VideoCodecContext, packets: list[_Timed], positions: tuple[float, ...]) -> Iterator[_Shown]:
    """Decode those keyframes, each by itself, that are the newest at a position that is asked for."""
    keys = _keys(packets)
    wanted = {bisect_right(keys, at + HALF_TICK_SECONDS, key=lambda timed: timed.position) - 1 for at in positions}
    for timed in (keys[index] for index in sorted(wanted) if index >= 0):
        with contextlib.suppress(av.error.FFmpegError):
            frames = [*context.decode(timed.packet), *context.decode(None)]
            if frames and not frames[-1].is_corrupt:
                yield timed.position, frames[-1]
        context.flush_buffers()


def _all_frames(context: av.VideoCodecContext, packets: list[_Timed]) -> Iterator[_Shown]:
    """Decode everything; behind an error nothing until the next keyframe."""
    base = min(timed.packet.pts or 0 for timed in packets)
    time_base = packets[0].packet.time_base
    waits = True
    for packet in [*(timed.packet for timed in packets), None]:
        waits = waits and not (packet is not None and packet.is_keyframe)
        if waits:
            continue
        try:
            for frame in context.decode(packet):
                waits = waits or frame.is_corrupt
                if not waits and frame.pts is not None:
                    yield float((frame.pts - base) * time_base), frame
        except av.error.FFmpegError:
            waits = True
        if waits:
            context.flush_buffers()


def _encoded(frames: Iterator[_Shown], positions: tuple[float, ...], limits: DecodingLimits) -> Iterator[Decoded]:
    """Encode of frames, by rising position, each that is the newest at a position that is asked for."""
    newest: _Shown | None = None
    upcoming = next(frames, None)
    for at in positions:
        given = newest
        while upcoming is not None and upcoming[0] <= at + HALF_TICK_SECONDS:
            newest, upcoming = upcoming, next(frames, None)
        if newest is not None and newest is not given:
            yield jpeg_of(newest[1], limits, newest[0])
