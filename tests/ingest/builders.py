"""Cameras, pictures and tools, every field defaulted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from pydantic import SecretStr

from schemas.cameras import Camera, Place, Source
from services.ingest.decoding.pool import DecodingLimits, DecodingPool
from services.ingest.http.client import HttpLimits
from services.ingest.network_policy import NetworkPolicy
from services.ingest.secret_store import SecretStore
from services.ingest.source import SourceTools

SECRETS = {
    "gate": SecretStr("admin:geheim"),
    "wrong": SecretStr("admin:falsch"),
    "token": SecretStr("bearer abc123"),
}


def make_camera(camera_id: str = "cam-1", url: str = "clip.mp4", kind: Any = "file", **changes: Any) -> Camera:
    camera = Camera(
        camera_id=camera_id,
        revision=1,
        name="Camera",
        kind="street",
        place=Place("Candisari", "Jatingaleh", -7.03, 110.42),
        source=Source(kind, url),
    )
    return msgspec.structs.replace(camera, **changes)


def square_rgb(number: int = 0, width: int = 160, height: int = 120) -> NDArray[np.uint8]:
    """A white square on grey that moves 8 px to the right with each number."""
    image = np.full((height, width, 3), 90, np.uint8)
    left = (number * 8) % (width - 32)
    image[40:72, left : left + 32] = 255
    return image


def square_left(jpeg: bytes) -> int:
    """Give the number of the picture that ``square_rgb`` drew."""
    row = simplejpeg.decode_jpeg(jpeg, colorspace="GRAY")[56, :, 0]
    return round(int(np.argmax(row > 180)) / 8)


def make_jpeg(number: int = 0, width: int = 160, height: int = 120) -> bytes:
    jpeg: bytes = simplejpeg.encode_jpeg(square_rgb(number, width, height), quality=85, colorspace="RGB")
    return jpeg


def write_video(path: Path, codec: str = "mpeg4", pictures: int = 20, fps: int = 10) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = 160, 120
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number in range(pictures):
            frame = av.VideoFrame.from_ndarray(square_rgb(number), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@contextmanager
def source_tools(period_seconds: float = 0.1, response_seconds: float = 1.0) -> Iterator[SourceTools]:
    """Give tools for one event loop, or for none; decoding processes are ended whatever becomes of the loop."""
    decoding = DecodingPool(DecodingLimits(largest_pixels=4_000_000, jpeg_quality=85), children=1)
    try:
        yield SourceTools(
            period_seconds=period_seconds,
            largest_picture_bytes=2_000_000,
            largest_picture_pixels=4_000_000,
            decoding=decoding,
            network=NetworkPolicy(["http", "rtsp", "rtsps"], ["loopback"]),
            secrets=SecretStore(None, SECRETS),
            http=HttpLimits(1.0, response_seconds),
        )
    finally:
        decoding.kill()
