from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.cameras import Zone
from services.detect.decode import JpegLimits
from services.ingest.jpeg_header import UnusablePictureError
from services.ingest.pipeline import LEAST_SIDE_PX, MOST_ASPECT_RATIO, FrameLimits, PreparedFrame, prepare
from services.ingest.settings import IngestSettings
from services.ingest.source import Picture
from services.privacy.burning import burn_out
from tests.ingest.builders import make_camera, make_jpeg, source_tools

LIMITS = FrameLimits(largest_pixels=5_000_000, largest_frame_bytes=100_000)
PRIVATE = Zone("window", "private", polygon=((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))


def noise_jpeg(width: int, height: int) -> bytes:
    image = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    jpeg: bytes = simplejpeg.encode_jpeg(image, quality=95, colorspace="RGB")
    return jpeg


def prepared(picture: Picture, limits: FrameLimits = LIMITS, **camera: Any) -> PreparedFrame:
    """Give the frame that a picture becomes; a decoding process is started where it needs one."""

    async def work() -> PreparedFrame:
        with source_tools() as tools:
            return await prepare(picture, make_camera(**camera), limits, tools.decoding)

    return asyncio.run(work())


def test_a_jpeg_passes_through_untouched() -> None:
    picture = Picture(make_jpeg(), 7)
    frame = prepared(picture)
    assert frame.jpeg is picture.jpeg
    assert (frame.width, frame.height, frame.captured_at_ms, frame.reencoded) == (160, 120, 7, ())


@pytest.mark.integration
@pytest.mark.parametrize("size", [(400, 300), (1600, 900)])
def test_a_jpeg_that_kafka_would_not_take_is_made_to_fit(size: tuple[int, int]) -> None:
    frame = prepared(Picture(noise_jpeg(*size), 0))
    assert len(frame.jpeg) <= LIMITS.largest_frame_bytes
    assert frame.reencoded == ("fit",)
    header = simplejpeg.decode_jpeg_header(frame.jpeg)
    assert header[:2] == (frame.height, frame.width)


@pytest.mark.parametrize("size", [(12, 12), (400, 20), (20, 400)])
def test_slivers_are_unusable(size: tuple[int, int]) -> None:
    with pytest.raises(UnusablePictureError, match="too small"):
        prepared(Picture(noise_jpeg(*size), 0))


def test_by_default_a_picture_that_detectors_would_refuse_does_not_leave_ingest() -> None:
    ingest, detect = IngestSettings(), JpegLimits()
    assert ingest.largest_picture_pixels <= detect.most_pixels
    assert ingest.largest_frame_bytes <= detect.most_bytes
    assert detect.least_side <= LEAST_SIDE_PX
    assert detect.most_aspect_ratio >= MOST_ASPECT_RATIO


@pytest.mark.integration
def test_what_can_not_be_made_to_fit_is_unusable() -> None:
    limits = FrameLimits(largest_pixels=5_000_000, largest_frame_bytes=1_000)
    with pytest.raises(UnusablePictureError, match="made to fit"):
        prepared(Picture(noise_jpeg(400, 300), 0), limits)


@pytest.mark.integration
def test_private_zones_are_black_before_a_frame_leaves_and_the_rest_is_not() -> None:
    frame = prepared(Picture(make_jpeg(), 0), zones=(PRIVATE,))
    assert frame.reencoded == ("private",)
    image = simplejpeg.decode_jpeg(frame.jpeg, colorspace="RGB")
    assert image[:, :78].max() < 20
    assert image[:, 90:].min() > 60


@pytest.mark.integration
def test_a_private_picture_that_must_be_made_smaller_is_black_there_too() -> None:
    frame = prepared(Picture(noise_jpeg(1600, 900), 0), zones=(PRIVATE,))
    assert frame.reencoded == ("private", "fit")
    image = simplejpeg.decode_jpeg(frame.jpeg, colorspace="RGB")
    assert image[:, : frame.width // 2 - 8].max() < 20
    assert image[:, frame.width // 2 + 8 :].mean() > 100


@pytest.mark.integration
def test_a_private_picture_that_can_not_be_decoded_does_not_leave() -> None:
    whole = make_jpeg()
    with pytest.raises(UnusablePictureError, match="decoded"):
        prepared(Picture(whole[: whole.index(b"\xff\xda")] + b"\xff\xda", 0), zones=(PRIVATE,))


POINTS = st.tuples(st.floats(0, 1), st.floats(0, 1))


@settings(max_examples=50, deadline=None)
@given(st.lists(POINTS, min_size=3, max_size=6))
def test_every_px_whose_centre_is_inside_is_burnt_out(corners: list[tuple[float, float]]) -> None:
    width, height = 32, 24
    image_rgb = np.ones((height, width, 3), np.uint8)
    burn_out(image_rgb, (tuple(corners),))
    for row in range(height):
        for column in range(width):
            if _inside(corners, (column + 0.5) / width, (row + 0.5) / height):
                assert not image_rgb[row, column].any()


def _inside(corners: list[tuple[float, float]], x: float, y: float) -> bool:
    inside = False
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (y1 <= y) != (y2 <= y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1) - 1e-9:
            inside = not inside
    return inside
