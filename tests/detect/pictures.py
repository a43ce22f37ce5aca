"""Pictures and frames for the tests of detect."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from schemas.camera_events import FrameCoordinates, WaterIdentity
from schemas.frames import FRAME_SCHEMA, FrameHeaders
from schemas.topics import FRAMES
from services.detect.detector import Detector, DetectorOptions, load_detector
from services.detect.frame import Frame
from services.detect.networks import InputsBgr
from services.runtime.kafka import ConsumedRecord

APPENDED_AT_MS = 1_700_000_000_000


@cache
def street_bgr(height: int = 360, width: int = 640) -> NDArray[np.uint8]:
    """A drawn street with something that looks a little like cars and people; not a test of what is found."""
    image = np.full((height, width, 3), 120, np.uint8)
    cv2.rectangle(image, (0, height // 2), (width, height), (70, 70, 70), -1)
    for x in range(40, width - 60, 90):
        cv2.rectangle(image, (x, height // 2 - 20), (x + 55, height // 2 + 15), (30, 30, 180), -1)
        cv2.circle(image, (x + 12, height // 2 + 15), 8, (10, 10, 10), -1)
        cv2.circle(image, (x + 70, height // 2 + 40), 6, (150, 170, 210), -1)
        cv2.rectangle(image, (x + 64, height // 2 + 46), (x + 76, height // 2 + 90), (140, 60, 20), -1)
    noise = np.random.default_rng(1).integers(0, 20, image.shape, dtype=np.uint8)
    return cv2.add(image, noise).astype(np.uint8)


@cache
def textured_bgr(height: int = 360, width: int = 640) -> NDArray[np.uint8]:
    """Soft structure everywhere, as in a real view: a flat area has no signature but its noise."""
    noise = np.random.default_rng(2).normal(size=(height, width, 1)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), height / 20)
    return np.asarray(np.clip(cv2.merge([soft] * 3) / soft.std() * 40 + 128, 0, 255), np.uint8)


def jpeg_of(image_bgr: NDArray[np.uint8], quality: int = 90) -> bytes:
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(image_bgr), quality, colorspace="BGR"))


@cache
def nanodet(score_floor: float = 0.05) -> Detector:
    return load_detector("nanodet", DetectorOptions(models_folder=Path(".tilik/models"), score_floor=score_floor))


class BlueCells:
    """A water network that holds a cell for as watery as it is blue, so that its grids tell pictures apart."""

    def __init__(self, name: str = "blue-cells") -> None:
        self.identity = WaterIdentity(name, "a" * 64)

    def infer(self, inputs_bgr: InputsBgr) -> NDArray[np.uint8]:
        blue = np.asarray(inputs_bgr)[..., 0]
        count, height, width = blue.shape
        cells = blue.reshape(count, height // 16, 16, width // 16, 16).mean(axis=(2, 4))
        return np.asarray(np.rint(cells), np.uint8)


def make_headers(sequence: int = 0, owner_epoch: int = 1, captured_at_ms: int = APPENDED_AT_MS - 500) -> FrameHeaders:
    return FrameHeaders(
        schema=FRAME_SCHEMA,
        captured_at_ms=captured_at_ms,
        owner_epoch=owner_epoch,
        sequence=sequence,
        width=640,
        height=360,
        source_kind="file",
        camera_revision=1,
        ingest_instance="test",
        simulated=False,
    )


def make_frame(
    jpeg: bytes | None = None, sequence: int = 0, camera_id: str = "cam-1", appended_at_ms: int = APPENDED_AT_MS
) -> Frame:
    coordinates = FrameCoordinates(FRAMES.name, 0, sequence, appended_at_ms)
    return Frame(camera_id, make_headers(sequence), coordinates, jpeg_of(street_bgr()) if jpeg is None else jpeg)


def make_record(frame: Frame) -> ConsumedRecord:
    place = frame.coordinates
    return ConsumedRecord(
        topic=place.topic,
        partition=place.partition,
        offset=place.offset,
        timestamp_ms=place.appended_at_ms,
        key=frame.camera_id.encode(),
        value=frame.jpeg,
        headers=frame.headers.to_kafka(),
    )
