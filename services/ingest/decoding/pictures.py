"""What every way of decoding does alike: open a decoder within limits, and make a JPEG of a decoded picture."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
import simplejpeg
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from services.ingest.decoding.failures import unusable
from services.ingest.decoding.jobs import Decoded, VideoCodec
from services.ingest.decoding.limits import DecodingLimits

HALF_TICK_SECONDS = 0.0005
"""Positions are told in ms, and are sums of fractions: a picture that shows this much later shows there."""

_START_CODE = b"\x00\x00\x01"
_FIRST_PARAMETER_SET, _PREFIX_SEI = 32, 39

ImageRgb = NDArray[np.uint8]


def codec_options(limits: DecodingLimits) -> dict[str, str]:
    """Give what libavcodec must be told: no picture beyond the limit, and no threads."""
    return {"max_pixels": str(limits.largest_pixels), "threads": "1"}


def decoder_of(stream: av.VideoStream) -> av.VideoCodecContext | None:
    """Give a stream's decoder; None: it is of a codec that there is no decoder for."""
    return stream.codec_context


def opened_decoder(codec: VideoCodec, limits: DecodingLimits, low_delay: bool = False) -> av.VideoCodecContext:
    """Give a new decoder of bare access units.

    libavcodec marks a picture of H.264 that it had to make up in part. Of H.265 it does not, so there it must fail.
    """
    context = av.CodecContext.create(codec, "r")
    context.options = codec_options(limits)
    if codec == "hevc":
        context.options |= {"err_detect": "explode"}
    if low_delay:
        context.options |= {"flags": "low_delay"}
    return context


def packet_of(codec: VideoCodec, access_unit: bytes) -> av.Packet[Any]:
    """Give an access unit (Annex B) to a decoder. H.265 goes without the messages (SEI) that stand before its picture:
    no picture needs them, and a decoder that fails at what is broken would fail at those that cameras get wrong."""
    if codec == "hevc":
        access_unit = without_prefix_sei(access_unit)
    return av.Packet(access_unit)


def without_prefix_sei(access_unit: bytes) -> bytes:
    """Give an H.265 access unit without SEI NAL units before its first slice. Source: ITU-T H.265, table 7-1."""
    kept, start = [], access_unit.find(_START_CODE)
    while start >= 0 and start + 3 < len(access_unit):
        unit_type = (access_unit[start + 3] >> 1) & 0x3F
        if unit_type < _FIRST_PARAMETER_SET:
            kept.append(access_unit[start:])
            break
        following = access_unit.find(_START_CODE, start + 3)
        if unit_type != _PREFIX_SEI:
            kept.append(access_unit[start : following if following >= 0 else None])
        start = following
    return b"".join(kept)


def jpeg_of(frame: av.VideoFrame, limits: DecodingLimits, position: float = 0.0) -> Decoded:
    """Encode a picture of a video, turned as its container says, in JPEG's own colours (BT.601, full range)."""
    if frame.width * frame.height > limits.largest_pixels:
        raise unusable(f"{frame.width} x {frame.height} px, more than {limits.largest_pixels} px")
    if frame.rotation % 360:
        return jpeg_of_rgb(_turned(rgb_of(frame), frame.rotation), limits.jpeg_quality, position)
    full = frame.reformat(
        format="yuvj420p", dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.JPEG, threads=1
    )
    jpeg: bytes = simplejpeg.encode_jpeg_yuv_planes(*(_plane(plane) for plane in full.planes), limits.jpeg_quality)
    return Decoded(jpeg, frame.width, frame.height, position)


def jpeg_of_rgb(image_rgb: ImageRgb, quality: int, position: float = 0.0) -> Decoded:
    """Encode an image (height, width, 3; uint8)."""
    jpeg: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(image_rgb), quality=quality, colorspace="RGB", colorsubsampling="420"
    )
    return Decoded(jpeg, image_rgb.shape[1], image_rgb.shape[0], position)


def rgb_of(frame: av.VideoFrame) -> ImageRgb:
    """Give a picture as (height, width, 3; uint8, RGB)."""
    return np.asarray(frame.to_ndarray(format="rgb24", threads=1), np.uint8)


def _plane(plane: av.video.plane.VideoPlane) -> NDArray[np.uint8]:
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return np.ascontiguousarray(rows[: plane.height, : plane.width])


def _turned(image_rgb: ImageRgb, degrees: int) -> ImageRgb:
    """Turn an image as it is to be shown: counter-clockwise, in right angles."""
    if degrees % 90:
        raise unusable(f"a picture that is turned by {degrees}°")
    return np.rot90(image_rgb, degrees // 90)
