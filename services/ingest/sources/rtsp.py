"""RTSP: H.264 or H.265 over TCP or UDP. Only keyframes are decoded, where they are frequent enough for the samples."""

from __future__ import annotations

import asyncio
import time

from schemas.cameras import Source as SourceEntry
from services.ingest.decoding.jobs import DecodeChain, Decoded, DecodeKeyframe, VideoCodec
from services.ingest.jpeg_header import UnusablePictureError
from services.ingest.rtsp.access_units import Depacketizer
from services.ingest.rtsp.client import RtspClient
from services.ingest.rtsp.connection import Inlet
from services.ingest.rtsp.h264 import H264Payload
from services.ingest.rtsp.h265 import H265Payload
from services.ingest.rtsp.rtp import parse_rtcp
from services.ingest.rtsp.sampled_units import SampledUnits, Wanted
from services.ingest.rtsp.sdp import VideoTrack
from services.ingest.source import Picture, Sample, SourceTools
from services.ingest.source_errors import SourceFailed, SourceRefused
from services.ingest.source_facts import SourceFacts

_PAYLOADS: dict[str, tuple[VideoCodec, type[H264Payload] | type[H265Payload]]] = {
    "H264": ("h264", H264Payload),
    "H265": ("hevc", H265Payload),
    "HEVC": ("hevc", H265Payload),
}
_LARGEST_UNIT_BYTES = 8_000_000
"""A keyframe of a 12 Mpx camera at its best quality has about 4 MB."""
_MOST_KEPT_BYTES = 16_000_000
"""Of one camera, between two samples: 13 s at 10 Mbit/s."""
_NO_KEYFRAME_SECONDS = 25.0
"""Less than what a reader waits for a silent stream, so that this reason is the one that is told."""


class RtspSource:
    """See ``source.Source``. A picture's capture time is when its first packet came."""

    stall_means_broken = True

    def __init__(self, entry: SourceEntry, tools: SourceTools) -> None:
        self.facts = SourceFacts()
        self._tools = tools
        self._period = tools.period_seconds
        self._transport = entry.transport
        self._news = asyncio.Event()
        inlet = Inlet(self._take_video, self._take_control, self._news.set)
        self._client = RtspClient(entry, tools.network, tools.secrets.find(entry.secret), tools.http, inlet)
        self._stream = tools.decoding.new_stream("rtsp")
        self._codec: VideoCodec = "h264"
        self._depacketizer: Depacketizer | None = None
        self._units: SampledUnits | None = None
        self._opened = 0.0

    async def open(self) -> None:
        """Connect, and have the video sent."""
        track = await self._client.describe()
        self._prepare(track)
        await self._client.play()
        self.facts.server = self._client.server
        self.facts.container = f"rtp/{self._transport}"
        self._opened = time.monotonic()

    async def read(self, sample: Sample) -> Picture | None:
        """Wait for the instant; decode the newest picture that is at most half a period older, or the next one."""
        units = self._units
        if units is None:
            raise SourceFailed("closed", "the camera is not connected")
        earliest = sample.due - self._period / 2
        wanted: Wanted | None = None
        try:
            async with asyncio.timeout_at(sample.deadline):
                await asyncio.sleep(sample.due - asyncio.get_running_loop().time())
                while (wanted := units.wanted(earliest, time.monotonic())) is None:
                    self._client.check()
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            self._client.check()
            units.end_sample(time.monotonic())
            self._expect_keyframes(units)
        self._learn(units)
        return await self._decoded(wanted, units) if wanted is not None else None

    async def close(self) -> None:
        """Say goodbye and disconnect."""
        self._tools.decoding.release(self._stream)
        await self._client.close()

    def _prepare(self, track: VideoTrack) -> None:
        if track.encoding not in _PAYLOADS:
            other = ", or add it by its MJPEG or snapshot URL" if track.encoding == "JPEG" else ""
            raise SourceRefused("codec", f"the camera sends {track.encoding}: set it to H.264 or H.265{other}")
        self._codec, payload = _PAYLOADS[track.encoding]
        self.facts.codec = self._codec
        self.facts.frames_per_second = track.frames_per_second
        largest = min(self._tools.largest_picture_bytes, _LARGEST_UNIT_BYTES)
        self._units = SampledUnits(self._period, track.clock_rate, _MOST_KEPT_BYTES)
        self._depacketizer = Depacketizer(payload(), track.payload_type, track.parameter_sets, largest)

    def _take_video(self, data: bytes, start: int, end: int) -> None:
        depacketizer, units = self._depacketizer, self._units
        if depacketizer is None or units is None:
            return
        if done := depacketizer.feed(data, start, end):
            for unit in done:
                units.take(unit)
            depacketizer.keyframes_only = units.mode == "keyframes"
            self._news.set()

    def _take_control(self, data: bytes, start: int, end: int) -> None:
        news = parse_rtcp(data[start:end])
        if news.clock_seconds is not None:
            self.facts.clock = "rtcp"
            self.facts.clock_ahead_seconds = round(news.clock_seconds - time.time(), 3)
        if news.goodbye:
            raise SourceFailed("stream_ended", "the camera ended its stream")

    def _learn(self, units: SampledUnits) -> None:
        """Note what was learnt; and have the depacketizer drop what is not needed any more."""
        if self._depacketizer is not None:
            self._depacketizer.keyframes_only = units.mode == "keyframes"
        if units.mode != "unknown":
            self.facts.decoding = units.mode
        self.facts.keyframe_seconds = round(units.keyframe_seconds, 3)
        self.facts.frames_per_second = round(units.frames_per_second, 2) or self.facts.frames_per_second

    def _expect_keyframes(self, units: SampledUnits) -> None:
        seconds = time.monotonic() - self._opened
        if units.lacks_keyframe and seconds > _NO_KEYFRAME_SECONDS:
            raise SourceFailed("no_keyframe", f"pictures, but no keyframe in {seconds:.0f} s: set a shorter interval")

    async def _decoded(self, wanted: Wanted, units: SampledUnits) -> Picture | None:
        data = tuple(unit.data for unit in wanted.units)
        captured_at_ms = round((time.time() - time.monotonic() + wanted.units[-1].arrived) * 1000)
        job = (
            DecodeChain(self._codec, data, wanted.restart) if wanted.chained else DecodeKeyframe(self._codec, data[-1])
        )
        try:
            decoded = await self._tools.decoding.find(self._stream, job, Decoded)
        except UnusablePictureError:
            units.break_chain()
            raise
        return Picture(decoded.jpeg, captured_at_ms) if decoded is not None else None
