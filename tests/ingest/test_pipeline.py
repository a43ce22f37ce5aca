from __future__ import annotations

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.cameras import Zone
from services.detect.decode import JpegLimits
from services.ingest.jpeg_header import UnusablePictureError
from services.ingest.pipeline import LEAST_SIDE_PX, MOST_ASPECT_RATIO, FrameLimits, must_decode, prepare
from services.ingest.private_zones import private_mask
from services.ingest.settings import IngestSettings
from services.ingest.source import Picture
from tests.ingest.builders import make_camera, make_jpeg

LIMITS = FrameLimits(largest_pixels=5_000_000, largest_frame_bytes=100_000, jpeg_quality=85)
PRIVATE = Zone("window", "private", polygon=((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))


def noise_jpeg(width: int, height: int) -> bytes:
    image = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    jpeg: bytes = simplejpeg.encode_jpeg(image, quality=95, colorspace="RGB")
    return jpeg


def test_a_jpeg_passes_through_untouched() -> None:
    picture = Picture(make_jpeg(), 7)
    frame = prepare(picture, make_camera(), LIMITS)
    assert frame.jpeg is picture.jpeg
    assert (frame.width, frame.height, frame.captured_at_ms, frame.reencoded) == (160, 120, 7, ())
    assert not must_decode(picture, make_camera(), LIMITS)


@pytest.mark.parametrize("size", [(400, 300), (1600, 900)])
def test_a_jpeg_that_kafka_would_not_take_is_made_to_fit(size: tuple[int, int]) -> None:
    picture = Picture(noise_jpeg(*size), 0)
    assert must_decode(picture, make_camera(), LIMITS)
    frame = prepare(picture, make_camera(), LIMITS)
    assert len(frame.jpeg) <= LIMITS.largest_frame_bytes
    assert frame.reencoded == ("fit",)
    header = simplejpeg.decode_jpeg_header(frame.jpeg)
    assert header[:2] == (frame.height, frame.width)


@pytest.mark.parametrize("size", [(12, 12), (400, 20), (20, 400)])
def test_slivers_are_unusable(size: tuple[int, int]) -> None:
    with pytest.raises(UnusablePictureError, match="too small"):
        prepare(Picture(noise_jpeg(*size), 0), make_camera(), LIMITS)


def test_by_default_a_picture_that_detectors_would_refuse_does_not_leave_ingest() -> None:
    ingest, detect = IngestSettings(), JpegLimits()
    assert ingest.largest_picture_pixels <= detect.most_pixels
    assert ingest.largest_frame_bytes <= detect.most_bytes
    assert detect.least_side <= LEAST_SIDE_PX
    assert detect.most_aspect_ratio >= MOST_ASPECT_RATIO


def test_what_can_not_be_made_to_fit_is_unusable() -> None:
    limits = FrameLimits(largest_pixels=5_000_000, largest_frame_bytes=1_000, jpeg_quality=85)
    with pytest.raises(UnusablePictureError, match="made to fit"):
        prepare(Picture(noise_jpeg(400, 300), 0), make_camera(), limits)


def test_private_zones_are_black_before_a_frame_leaves_and_the_rest_is_not() -> None:
    camera = make_camera(zones=(PRIVATE,))
    picture = Picture(make_jpeg(), 0)
    assert must_decode(picture, camera, LIMITS)
    image = simplejpeg.decode_jpeg(prepare(picture, camera, LIMITS).jpeg, colorspace="RGB")
    assert image[:, :78].max() < 20
    assert image[:, 90:].min() > 60


def test_a_private_picture_that_can_not_be_decoded_does_not_leave() -> None:
    camera = make_camera(zones=(PRIVATE,))
    whole = make_jpeg()
    with pytest.raises(UnusablePictureError, match="decoded"):
        prepare(Picture(whole[: whole.index(b"\xff\xda")] + b"\xff\xda", 0), camera, LIMITS)


POINTS = st.tuples(st.floats(0, 1), st.floats(0, 1))


@settings(max_examples=50, deadline=None)
@given(st.lists(POINTS, min_size=3, max_size=6))
def test_the_mask_covers_every_px_whose_centre_is_inside(corners: list[tuple[float, float]]) -> None:
    width, height = 32, 24
    mask = private_mask((tuple(corners),), height, width)
    for row in range(height):
        for column in range(width):
            if _inside(corners, (column + 0.5) / width, (row + 0.5) / height):
                assert mask[row, column]


def _inside(corners: list[tuple[float, float]], x: float, y: float) -> bool:
    inside = False
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (y1 <= y) != (y2 <= y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1) - 1e-9:
            inside = not inside
    return inside
