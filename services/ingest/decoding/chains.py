"""Decode a stream of pictures each of which builds on the last."""

from __future__ import annotations

import av
import av.error

from services.ingest.decoding.failures import unusable
from services.ingest.decoding.jobs import DecodeChain, Decoded, NoPicture, VideoCodec
from services.ingest.decoding.limits import DecodingLimits
from services.ingest.decoding.pictures import codec_options, jpeg_of


class Chain:
    """One stream's decoder.

    Args:
        codec: Of the stream.
        limits: What it may use.
    """

    def __init__(self, codec: VideoCodec, limits: DecodingLimits) -> None:
        self._limits = limits
        self._codec = codec
        self._context = self._new_context()

    def decode(self, job: DecodeChain) -> Decoded | NoPicture:
        """Decode access units, and encode the newest picture that there is then.

        Raises:
            JobFailedError: They can't be decoded: the next keyframe is to be waited for.
        """
        if job.restart:
            self._codec = job.codec
            self._context = self._new_context()
        newest: av.VideoFrame | None = None
        try:
            for access_unit in job.access_units:
                for frame in self._context.decode(av.Packet(access_unit)):
                    newest = frame if newest is None or not frame.is_corrupt else newest
        except (av.error.FFmpegError, ValueError) as error:
            raise unusable(f"the stream can't be decoded: {error}") from error
        if newest is None:
            return NoPicture()
        if newest.is_corrupt:
            raise unusable("the picture is not whole")
        return jpeg_of(newest, self._limits)

    def _new_context(self) -> av.VideoCodecContext:
        context = av.CodecContext.create(self._codec, "r")
        context.options = codec_options(self._limits) | {"flags": "low_delay"}
        return context
