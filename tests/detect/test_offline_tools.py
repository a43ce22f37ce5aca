"""What footage is judged with, where that differs from the service."""

from __future__ import annotations

import pytest

from schemas.camera_events import FrameDetections
from services.detect.detector import SCORE_FLOOR, DetectorOptions
from services.detect.offline import offline_tools
from services.detect.pipeline import judge
from tests.detect.pictures import make_frame


@pytest.mark.parametrize(("score_floor", "is_below"), [(0.02, True), (SCORE_FLOOR, False), (0.08, False)])
def test_a_score_floor_is_honoured_below_the_detectors_own_too(score_floor: float, is_below: bool) -> None:
    (event,) = judge([make_frame()], offline_tools("nanodet", DetectorOptions(), "1x1", score_floor))
    assert isinstance(event, FrameDetections)
    least = min(found.score for found in event.objects)
    assert least >= score_floor
    assert (least < SCORE_FLOOR) == is_below
