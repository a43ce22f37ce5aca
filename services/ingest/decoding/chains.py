"""Decode a stream of pictures each of which builds on the last."""

from __future__ import annotations

import av
import av.error

from services.ingest.decoding.failures import unusable
from services.ingest.decoding.jobs import DecodeChain, Decoded, NoPicture, VideoCodec
from services.ingest.decoding.limits import DecodingLimits
from services.ingest.decoding.pictures import jpeg_of, opened_decoder, packet_of


class Chain:
    """One stream's decoder.

    Args:
        codec: Of the stream.
        limits: What it may use.
    """

    def __init__(self, codec: VideoCodec, limits: DecodingLimits) -> None:
        self._limits = limits
        self._context = opened_decoder(codec, limits, low_delay=True)
        self._broken = False

    def decode(self, job: DecodeChain) -> Decoded | NoPicture:
        """Decode access units, and encode the newest picture that there is then.

        Raises:
            JobFailedError: They can't be decoded. From there on only a restart, with a keyframe, helps.
        """
        if job.restart:
            self._context = opened_decoder(job.codec, self._limits, low_delay=True)
            self._broken = False
        if self._broken:
            raise unusable("the stream is broken until its next keyframe")
        newest = self._newest(job)
        return NoPicture() if newest is None else jpeg_of(newest, self._limits)

    def _newest(self, job: DecodeChain) -> av.VideoFrame | None:
        newest: av.VideoFrame | None = None
        self._broken = True  # unless all goes well
        try:
            for access_unit in job.access_units:
                for frame in self._context.decode(packet_of(job.codec, access_unit)):
                    newest = frame
                    if frame.is_corrupt:
                        raise unusable("a picture is not whole")
        except (av.error.FFmpegError, ValueError) as error:
            raise unusable(f"the stream can't be decoded: {error}") from error
        self._broken = False
        return newest
