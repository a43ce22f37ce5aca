"""What every way of decoding does alike: open a decoder within limits, and make a JPEG of a decoded picture."""

from __future__ import annotations

import av
import numpy as np
import simplejpeg
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from services.ingest.decoding.failures import unusable
from services.ingest.decoding.jobs import Decoded
from services.ingest.decoding.limits import DecodingLimits

ImageRgb = NDArray[np.uint8]


def codec_options(limits: DecodingLimits, strict: bool = True) -> dict[str, str]:
    """Give what libavcodec must be told: no picture beyond the limit, and, if ``strict``, an error instead of a picture
    that is partly made up."""
    options = {"max_pixels": str(limits.largest_pixels), "threads": "1"}
    return options | {"err_detect": "explode"} if strict else options


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
