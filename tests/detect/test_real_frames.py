"""The pipeline on frames of real cameras: what drawn streets can't show."""

from __future__ import annotations

from functools import cache
from itertools import islice

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.camera_events import FrameDetections
from services.detect.accuracy.average_precision import iou_matrix, shared_areas
from services.detect.accuracy.labelled_footage import pets_clip
from services.detect.decode import JpegLimits, decode, read_size
from services.detect.detector import Tiles
from services.detect.footage import Footage
from services.detect.pipeline import CameraPolicy, Tools, judge
from services.detect.tiles import OVERLAP
from services.runtime.errors import ConfigurationError
from tests.detect.pictures import APPENDED_AT_MS, BlueCells, jpeg_of, make_frame, nanodet

CROP_HW = (360, 480)
PART_RATIO = 0.5
"""A box of which so much lies inside the person shows it, or a part of it."""
SAME_PERSON_IOU = 0.6


@cache
def pets_jpegs(count: int) -> list[bytes]:
    try:
        frames = Footage(pets_clip(), camera_id="pets", every=90).frames()
        return [frame.jpeg for frame in islice(frames, count)]
    except ConfigurationError as error:
        pytest.skip(str(error))


def judged(jpegs: list[bytes], tiles: Tiles = "1x1") -> list[FrameDetections]:
    policy = CameraPolicy(tiles=tiles, stale_after_ms=None, water=True)
    tools = Tools(nanodet(), "nanodet", lambda _: policy, clock=lambda: APPENDED_AT_MS, batch_size=4, water=BlueCells())
    outcomes = judge([make_frame(jpeg, sequence=index) for index, jpeg in enumerate(jpegs)], tools)
    events = [outcome for outcome in outcomes if isinstance(outcome, FrameDetections)]
    assert len(events) == len(jpegs)
    return events


def boxes_px(event: FrameDetections) -> NDArray[np.float64]:
    boxes = np.array([each.box for each in event.objects if each.label == "person"], np.float64).reshape(-1, 4)
    return boxes * ([event.width, event.height] * 2)


@pytest.mark.parametrize("tiles", ["1x1", "2x2"])
def test_a_batch_of_real_frames_gives_what_they_give_one_by_one(tiles: Tiles) -> None:
    jpegs = pets_jpegs(5)
    together = judged(jpegs, tiles)
    assert sum(len(event.objects) for event in together) >= 15
    for index, event in enumerate(together):
        alone = msgspec.structs.replace(judged([jpegs[index]], tiles)[0], event_id="", sequence=0, frame=event.frame)
        among = msgspec.structs.replace(event, event_id="", sequence=0)
        assert msgspec.structs.replace(alone, objects=()) == msgspec.structs.replace(among, objects=())
        assert [each.label for each in alone.objects] == [each.label for each in among.objects]
        for a, b in zip(alone.objects, among.objects, strict=True):
            assert abs(a.score - b.score) <= 2e-4
            assert np.abs(np.subtract(a.box, b.box)).max() <= 2e-4


PERSON_XYXY_PX = (464, 236, 496, 332)
"""Of the fourth picture: nobody is near, and there is room around for crops with a seam through the person."""


@pytest.mark.parametrize("x", [round(CROP_HW[1] * (1 - OVERLAP) / 2), round(CROP_HW[1] * (1 + OVERLAP) / 2)])
@pytest.mark.parametrize("y", [80, CROP_HW[0] // 2, 280])
def test_a_person_on_a_seam_is_one_person(x: int, y: int) -> None:
    """Cropped so that the person's middle lies at (x, y): on the edge of tiles, whole in one row of them or in none."""
    jpeg = pets_jpegs(4)[3]
    image_bgr = decode(jpeg, read_size(jpeg, JpegLimits())).image_bgr
    left, top = sum(PERSON_XYXY_PX[::2]) // 2 - x, sum(PERSON_XYXY_PX[1::2]) // 2 - y
    crop = image_bgr[top : top + CROP_HW[0], left : left + CROP_HW[1]]
    assert crop.shape[:2] == CROP_HW
    (event,) = judged([jpeg_of(crop, 95)], "2x2")
    person = np.array([PERSON_XYXY_PX], np.float64) - [left, top, left, top]
    boxes = boxes_px(event)
    inside = shared_areas(boxes, person)[:, 0] / np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    assert (inside >= PART_RATIO).sum() == 1
    assert iou_matrix(boxes, person).max() > SAME_PERSON_IOU
