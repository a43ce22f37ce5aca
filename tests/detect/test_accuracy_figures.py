"""The yardsticks themselves, on cases whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from schemas.camera_events import DetectedObject, FrameDetections
from services.detect.accuracy.average_precision import JudgedFrame, average_precision, iou_matrix
from services.detect.accuracy.intervals import wilson_interval
from services.detect.accuracy.mot_truth import read_mot_truth
from services.detect.accuracy.pklot import Occupancy, occupancy, read_spaces
from services.detect.pipeline import CameraPolicy, Tools, judge
from tests.detect.pictures import make_frame, nanodet

A, B, C = (0.0, 0.0, 10.0, 10.0), (20.0, 0.0, 30.0, 10.0), (50.0, 50.0, 60.0, 60.0)


def frame(found: list[tuple[tuple[float, ...], float]], truth: list[tuple[float, ...]]) -> JudgedFrame:
    boxes = np.array([box for box, _ in found], np.float64).reshape(-1, 4)
    scores = np.array([score for _, score in found], np.float64)
    return JudgedFrame(boxes, scores, np.array(truth, np.float64).reshape(-1, 4))


def test_all_found_and_nothing_else_is_one() -> None:
    assert average_precision([frame([(A, 0.9), (B, 0.4)], [A, B])]) == 1.0


def test_a_miss_costs_its_share_of_recall() -> None:
    assert average_precision([frame([(A, 0.9)], [A, B])]) == 0.5


def test_a_false_box_between_two_right_ones_lowers_precision_from_there_on() -> None:
    assert average_precision([frame([(A, 0.9), (C, 0.8), (B, 0.7)], [A, B])]) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_false_boxes_below_all_right_ones_cost_nothing() -> None:
    assert average_precision([frame([(A, 0.9), (C, 0.1)], [A])]) == 1.0


def test_a_thing_found_twice_is_right_once() -> None:
    assert average_precision([frame([(A, 0.9), (A, 0.8), (B, 0.7)], [A, B])]) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_of_two_people_close_together_both_boxes_are_right() -> None:
    near = (2.0, 0.0, 12.0, 10.0)
    assert average_precision([frame([(A, 0.9), (A, 0.8)], [A, near])]) == 1.0


def test_scores_are_ranked_over_all_frames() -> None:
    frames = [frame([(C, 0.95)], [A]), frame([(A, 0.9)], [A])]
    assert average_precision(frames) == pytest.approx(0.25)


def test_without_truth_and_without_boxes() -> None:
    assert average_precision([frame([(A, 0.9)], [])]) == 0.0
    assert average_precision([frame([], [A])]) == 0.0


def test_iou_of_known_boxes() -> None:
    boxes = np.array([A, (5.0, 0.0, 15.0, 10.0)])
    assert iou_matrix(boxes, boxes)[0].tolist() == pytest.approx([1.0, 1 / 3])


def test_mot_frames_are_counted_from_zero_and_boxes_have_corners(tmp_path: Path) -> None:
    path = tmp_path / "gt.txt"
    path.write_text("1,7,10,20,30,40,1,-1,-1,-1\n3,7,1.5,2,3,4,0,0,0,0\n")
    truth = read_mot_truth(path)
    assert {index: boxes.tolist() for index, boxes in truth.items()} == {0: [[10, 20, 40, 60]], 2: [[1.5, 2, 4.5, 6]]}


def test_a_broken_line_of_truth_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gt.txt"
    path.write_text("1,7,10,20,30,40\n1,7\n")
    with pytest.raises(ValueError, match=r"gt\.txt:2"):
        read_mot_truth(path)


@pytest.mark.parametrize(
    ("hits", "cases", "low", "high"),
    [(57, 57, 0.937, 1.0), (0, 100, 0.0, 0.037), (5, 10, 0.237, 0.763), (0, 0, 0.0, 1.0)],
)
def test_wilson_intervals_of_known_counts(hits: int, cases: int, low: float, high: float) -> None:
    assert wilson_interval(hits, cases) == pytest.approx((low, high), abs=1e-3)


XML = """<parking id="p"><space id="1" occupied="1"><contour><point x="0" y="0"/><point x="100" y="0"/>
<point x="100" y="100"/><point x="0" y="100"/></contour></space><space id="2" occupied="0"><contour>
<point x="200" y="0"/><point x="300" y="0"/><point x="300" y="100"/><point x="200" y="100"/></contour></space>
<space id="3"><contour><point x="0" y="0"/><point x="1" y="0"/><point x="1" y="1"/></contour></space></parking>"""


def test_spaces_are_occupied_by_the_centre_of_a_vehicle(tmp_path: Path) -> None:
    path = tmp_path / "spaces.xml"
    path.write_text(XML)
    spaces = read_spaces(path)
    assert [space.occupied for space in spaces] == [True, False]
    car, person = DetectedObject("car", 0.5, (0.0, 0.0, 0.2, 0.2)), DetectedObject("person", 0.9, (0.35, 0, 0.45, 0.2))
    event = event_with(car, person)
    assert occupancy([(spaces, event)]) == Occupancy(occupied=1, found=1, empty=1, false=0)
    assert occupancy([(spaces, event)], least_score=0.6) == Occupancy(occupied=1, found=0, empty=1, false=0)


def event_with(*objects: DetectedObject) -> FrameDetections:
    from msgspec.structs import replace

    policy = CameraPolicy(stale_after_ms=None)
    (event,) = judge([make_frame()], Tools(nanodet(), "nanodet", policy_of=lambda _: policy))
    assert isinstance(event, FrameDetections)
    return replace(event, width=640, height=360, objects=objects)
