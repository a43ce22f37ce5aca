"""Decode a single keyframe, which needs no other picture."""

from __future__ import annotations

import av
import av.error

from services.ingest.decoding.failures import unusable
from services.ingest.decoding.jobs import Decoded, DecodeKeyframe
from services.ingest.decoding.limits import DecodingLimits
from services.ingest.decoding.pictures import codec_options, jpeg_of


def decode_keyframe(job: DecodeKeyframe, limits: DecodingLimits) -> Decoded:
    """Decode an access unit with a decoder of its own, so that nothing of another camera's picture can show in it.

    Raises:
        JobFailedError: It is broken, incomplete, or too large.
    """
    context = av.CodecContext.create(job.codec, "r")
    context.options = codec_options(limits)
    try:
        frames = [*context.decode(av.Packet(job.access_unit)), *context.decode(None)]
    except (av.error.FFmpegError, ValueError) as error:
        raise unusable(f"the keyframe can't be decoded: {error}") from error
    if not frames or frames[-1].is_corrupt:
        raise unusable("the keyframe is not whole")
    return jpeg_of(frames[-1], limits)
