"""Change a whole picture: simulated effects, private zones, the size in bytes. Also a PNG's way to a JPEG."""

from __future__ import annotations

from collections.abc import Iterator

import av
import av.error
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from services.ingest.decoding.failures import unusable
from services.ingest.decoding.jobs import Decoded, Rework
from services.ingest.decoding.limits import DecodingLimits
from services.ingest.decoding.pictures import ImageRgb, codec_options, jpeg_of_rgb, rgb_of
from services.ingest.jpeg_header import UnusablePictureError, read_header
from services.privacy.burning import burn_out

FIT_STEPS = ((80, 1), (65, 1), (50, 1), (65, 2), (50, 2), (50, 4))
"""(quality, divisor of width and height), tried in this order. The last one fits 16 times the bytes and more."""

_PNG_START = b"\x89PNG\r\n\x1a\n"


def rework(job: Rework, limits: DecodingLimits) -> Decoded:
    """Decode a picture, change it as asked, and encode it.

    Raises:
        JobFailedError: It is broken or too large, or can't be made to fit.
    """
    image_rgb = (
        _decoded_png(job.image, limits) if job.image.startswith(_PNG_START) else _decoded_jpeg(job.image, limits)
    )
    changes = bool(job.effects or job.private) or not 0 < job.largest_bytes < len(job.image)
    if job.effects:
        image_rgb = _simulated(image_rgb, job)
    if job.private:
        image_rgb = np.array(image_rgb, order="C")
        burn_out(image_rgb, job.private)
    for step, (quality, divisor) in enumerate(_steps(limits.jpeg_quality, changes)):
        encoded = jpeg_of_rgb(_shrunk(image_rgb, divisor), quality)
        if job.largest_bytes == 0 or len(encoded.jpeg) <= job.largest_bytes:
            return Decoded(encoded.jpeg, encoded.width, encoded.height, fitted=not changes or step > 0)
    raise unusable(f"{image_rgb.shape[1]} x {image_rgb.shape[0]} px can't be made to fit {job.largest_bytes} B")


def _simulated(image_rgb: ImageRgb, job: Rework) -> ImageRgb:
    """Return the image with the effects of a simulated camera, which alone need OpenCV."""
    try:
        from services.ingest.simulation.effects import apply_effects
    except ModuleNotFoundError as error:
        raise unusable(
            f"{error.name} is missing, which simulated effects need: pip install 'tilik[simulation]'"
        ) from error
    return apply_effects(image_rgb, job.effects, job.seed)


def _steps(quality: int, changes: bool) -> Iterator[tuple[int, int]]:
    """Give what to try. A picture that only has to fit is known not to fit as it is."""
    if changes:
        yield quality, 1
    yield from FIT_STEPS


def _decoded_jpeg(jpeg: bytes, limits: DecodingLimits) -> ImageRgb:
    try:
        read_header(jpeg, limits.largest_pixels)
        image_rgb: ImageRgb = simplejpeg.decode_jpeg(jpeg, colorspace="RGB")
    except (UnusablePictureError, ValueError) as error:
        raise unusable(f"can't be decoded: {error}") from error
    return image_rgb


def _decoded_png(png: bytes, limits: DecodingLimits) -> ImageRgb:
    """Source of where the size is: PNG specification, IHDR."""
    width, height = int.from_bytes(png[16:20]), int.from_bytes(png[20:24])
    if not 0 < width * height <= limits.largest_pixels:
        raise unusable(f"PNG of {width} x {height} px, more than {limits.largest_pixels} px")
    context = av.CodecContext.create("png", "r")
    context.options = codec_options(limits)
    try:
        [frame, *_] = [*context.decode(av.Packet(png)), *context.decode(None)]
    except (av.error.FFmpegError, ValueError) as error:
        raise unusable(f"can't be decoded: {error}") from error
    return rgb_of(frame)


def _shrunk(image_rgb: NDArray[np.uint8], divisor: int) -> ImageRgb:
    """Give the mean of every ``divisor`` x ``divisor`` px; a rest at the right and bottom edge is cut off."""
    height, width = image_rgb.shape[0] // divisor, image_rgb.shape[1] // divisor
    if divisor == 1 or height == 0 or width == 0:
        return image_rgb
    blocks = image_rgb[: height * divisor, : width * divisor].reshape(height, divisor, width, divisor, 3)
    smaller: ImageRgb = blocks.mean(axis=(1, 3)).astype(np.uint8)
    return smaller
