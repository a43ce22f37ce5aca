"""Pictures, and video that is made of them, to be decoded."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
import simplejpeg
from numpy.typing import NDArray

ImageRgb = NDArray[np.uint8]
FPS = 10


def scene_rgb(number: int, width: int = 320, height: int = 240) -> ImageRgb:
    """Draw a soft coloured landscape with a bright square that moves 8 px to the right with each number."""
    y, x = np.mgrid[0:height, 0:width]
    red = 90 + 60 * np.sin(x / 23) + 30 * np.cos(y / 17)
    green = 110 + 50 * np.sin((x + y) / 31)
    blue = 120 + 60 * np.cos(y / 29)
    image = np.stack([red, green, blue], axis=-1).clip(0, 255).astype(np.uint8)
    left = (number * 8) % (width - 32)
    image[40:72, left : left + 32] = 250
    return image


def psnr(jpeg: bytes, image_rgb: ImageRgb) -> float:
    """Give how near a JPEG is to an image, in dB."""
    difference = simplejpeg.decode_jpeg(jpeg, colorspace="RGB").astype(np.float64) - image_rgb
    return float(10 * np.log10(255**2 / np.mean(difference**2)))


def _context(codec: str, size: tuple[int, int], pix_fmt: str, options: dict[str, str]) -> av.VideoCodecContext:
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height = size
    context.pix_fmt = pix_fmt
    context.time_base, context.framerate = Fraction(1, FPS), Fraction(FPS)
    context.options = _quiet(codec, options)
    return context


def _quiet(codec: str, options: dict[str, str]) -> dict[str, str]:
    if codec == "libx265":
        options = options | {"x265-params": ":".join(filter(None, ["log-level=none", options.get("x265-params", "")]))}
    return {"crf": "14"} | options


def access_units(
    codec: str, images: Sequence[ImageRgb], pix_fmt: str = "yuv420p", options: dict[str, str] | None = None
) -> list[bytes]:
    """Encode images; give their access units (Annex B) in the order of decoding. No B pictures unless asked for."""
    height, width = images[0].shape[:2]
    context = _context(codec, (width, height), pix_fmt, {"bf": "0"} | (options or {}))
    units = []
    for number, image in enumerate(images):
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts = number
        units += [bytes(packet) for packet in context.encode(frame)]
    return units + [bytes(packet) for packet in context.encode(None)]


def segment(codec: str, container: str, images: Sequence[ImageRgb], keyframe_every: int, fps: int = FPS) -> bytes:
    """Encode images as a media segment: ``mpegts``, or ``mp4`` in fragments behind its initialisation."""
    height, width = images[0].shape[:2]
    file = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"} if container == "mp4" else {}
    with av.open(file, "w", format=container, options=options) as output:
        stream = output.add_stream(codec, rate=fps, options=_quiet(codec, {"g": str(keyframe_every)}))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for image in images:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        output.mux(stream.encode(None))
    return file.getvalue()


def huge_access_unit(width: int, height: int) -> bytes:
    """Give an H.264 keyframe whose header claims a size in px, multiples of 16. Source: ITU-T H.264, 7.3.2.1."""
    head = "".join(f"{value:08b}" for value in (0x67, 66, 0xC0, 62))
    fields = [0, 0, 2, 1]  # id, log2 of frame numbers, order of pictures, references
    bits = head + "".join(map(_exp_golomb, fields)) + "0"
    bits += _exp_golomb(width // 16 - 1) + _exp_golomb(height // 16 - 1) + "1100" + "1"
    bits += "0" * (-len(bits) % 8)
    parameters = int(bits, 2).to_bytes(len(bits) // 8)
    [small, *_] = access_units("libx264", [scene_rgb(0)], options={"profile": "baseline"})
    rest = small[small.index(b"\x00\x00\x01\x68") :]  # from its picture parameter set on
    return b"\x00\x00\x00\x01" + parameters + b"\x00" + rest


def _exp_golomb(value: int) -> str:
    bits = f"{value + 1:b}"
    return "0" * (len(bits) - 1) + bits
