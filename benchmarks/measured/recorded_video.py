"""Encoders for recorded minutes, side by side: where the table of ADR 16 comes from. Takes a minute a clip.

Usage: SVT_LOG=0 python -m benchmarks.measured.recorded_video CLIP...

Of each clip 60 pictures, one a second of it (there and back again where it is shorter), become JPEGs of ingest's
quality, and those one minute by each encoder, one thread each. CPU time is of decoding the JPEGs and encoding; the
ratio is of the file's bytes to the JPEGs'; the PSNR is to the JPEGs' pictures.
"""

from __future__ import annotations

import io
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import simplejpeg
from av.video.stream import VideoStream

PICTURES = 60
JPEG_QUALITY = 85
GOP_PICTURES = 10
_SVT = "lp=1:pred-struct=1"
_VP9 = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "b": "0"}
WAYS: tuple[tuple[str, dict[str, str]], ...] = (
    ("libsvtav1", {"preset": "8", "crf": "35", "svtav1-params": _SVT}),
    ("libsvtav1", {"preset": "10", "crf": "42", "svtav1-params": _SVT}),
    ("libsvtav1", {"preset": "11", "crf": "35", "svtav1-params": _SVT}),
    ("libsvtav1", {"preset": "11", "crf": "42", "svtav1-params": _SVT}),
    ("libvpx-vp9", {**_VP9, "crf": "36"}),
    ("libvpx-vp9", {**_VP9, "crf": "40"}),
    ("libvpx-vp9", {"deadline": "good", "cpu-used": "5", "crf": "36", "b": "0"}),
    ("mpeg4", {"flags": "+qscale", "global_quality": str(118 * 5)}),
)


def jpegs_of(clip: Path) -> list[bytes]:
    """Give a minute of JPEGs of a clip."""
    found: list[bytes] = []
    with av.open(str(clip), "r") as container:
        stream = container.streams.video[0]
        step = max(1, round(float(stream.average_rate or 1)))
        for number, frame in enumerate(container.decode(stream)):
            if number % step == 0 and len(found) < PICTURES:
                image = np.ascontiguousarray(frame.to_ndarray(format="rgb24"))
                found.append(simplejpeg.encode_jpeg(image, JPEG_QUALITY, "RGB", "420"))
    there_and_back = [*found, *found[-2:0:-1]]
    return [there_and_back[number % len(there_and_back)] for number in range(PICTURES)]


def encoded(encoder: str, options: dict[str, str], jpegs: list[bytes]) -> tuple[bytes, float]:
    """Give the minute, and the CPU seconds that it took."""
    began, file = time.process_time(), io.BytesIO()
    with av.open(file, "w", format="mp4", options={"moov_size": "16384"}) as container:
        stream = container.add_stream(encoder, rate=1, options=dict(options))
        assert isinstance(stream, VideoStream)
        height, width, *_ = simplejpeg.decode_jpeg_header(jpegs[0])
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        stream.codec_context.gop_size, stream.codec_context.thread_count = GOP_PICTURES, 1
        for number, jpeg in enumerate(jpegs):
            image = simplejpeg.decode_jpeg(jpeg, "RGB")
            frame = av.VideoFrame.from_ndarray(image, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue(), time.process_time() - began


def psnr(data: bytes, jpegs: list[bytes]) -> float:
    """Give the mean over the pictures, in dB."""
    with av.open(io.BytesIO(data), "r") as container:
        pairs = [
            (frame.to_ndarray(format="rgb24").astype(np.float32), simplejpeg.decode_jpeg(jpeg, "RGB"))
            for frame, jpeg in zip(container.decode(video=0), jpegs, strict=True)
        ]
    errors = [float(((shown - image) ** 2).mean()) for shown, image in pairs]
    return float(np.mean([10 * np.log10(255**2 / max(error, 1e-9)) for error in errors]))


def main(clips: list[str]) -> None:
    """Print a line for each clip and encoder."""
    for clip in clips:
        jpegs = jpegs_of(Path(clip))
        size = sum(len(jpeg) for jpeg in jpegs)
        height, width = simplejpeg.decode_jpeg(jpegs[0]).shape[:2]
        print(f"{Path(clip).name}: {width} x {height}, {size // PICTURES // 1024} KiB a JPEG")
        for encoder, options in WAYS:
            data, seconds = encoded(encoder, options, jpegs)
            told = " ".join(f"{name}={value}" for name, value in options.items() if value != _SVT)
            print(f"  {encoder} {told}: {len(data) / size:.3f}, {seconds:.2f} s, {psnr(data, jpegs):.1f} dB")


if __name__ == "__main__":
    main(sys.argv[1:])
