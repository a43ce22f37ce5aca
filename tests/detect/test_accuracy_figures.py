"""The yardsticks themselves, on cases whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from schemas.camera_events import DetectedObject, FrameDetections
from services.detect.accuracy.average_precision import average_precision, iou_matrix
from services.detect.accuracy.intervals import wilson_interval
from services.detect.accuracy.mot_truth import read_mot_truth
from services.detect.accuracy.pklot import (
    Occupancy,
    ParkingSpace,
    SpacesAndEvent,
    chosen_threshold,
    empty_figure,
    empty_stills,
    occupancy,
    occupancy_figures,
    read_spaces,
)
from services.detect.pipeline import CameraPolicy, Tools, judge
from tests.detect.accuracy_cases import A, B, C, judged_frame
from tests.detect.pictures import make_frame, nanodet


def test_all_found_and_nothing_else_is_one() -> None:
    assert average_precision([judged_frame([(A, 0.9), (B, 0.4)], [A, B])]) == 1.0


def test_a_miss_costs_its_share_of_recall() -> None:
    assert average_precision([judged_frame([(A, 0.9)], [A, B])]) == 0.5


def test_a_false_box_between_two_right_ones_lowers_precision_from_there_on() -> None:
    assert average_precision([judged_frame([(A, 0.9), (C, 0.8), (B, 0.7)], [A, B])]) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_false_boxes_below_all_right_ones_cost_nothing() -> None:
    assert average_precision([judged_frame([(A, 0.9), (C, 0.1)], [A])]) == 1.0


def test_a_thing_found_twice_is_right_once() -> None:
    assert average_precision([judged_frame([(A, 0.9), (A, 0.8), (B, 0.7)], [A, B])]) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_of_two_people_close_together_both_boxes_are_right() -> None:
    near = (2.0, 0.0, 12.0, 10.0)
    assert average_precision([judged_frame([(A, 0.9), (A, 0.8)], [A, near])]) == 1.0


def test_scores_are_ranked_over_all_frames() -> None:
    frames = [judged_frame([(C, 0.95)], [A]), judged_frame([(A, 0.9)], [A])]
    assert average_precision(frames) == pytest.approx(0.25)


def test_without_truth_and_without_boxes() -> None:
    assert average_precision([judged_frame([(A, 0.9)], [])]) == 0.0
    assert average_precision([judged_frame([], [A])]) == 0.0


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


def empty_spaces(count: int) -> SpacesAndEvent:
    """A frame of empty spaces side by side; in the first ones stand false cars of score .10, .20 and .30."""
    outlines = [np.array([(x, 0), (x + 1, 0), (x + 1, 1), (x, 1)], np.float32) for x in range(0, 2 * count, 2)]
    cars = [
        DetectedObject("car", score, ((2 * i) / 640, 0, (2 * i + 1) / 640, 1 / 360)) for i, score in enumerate(FALSE)
    ]
    return [ParkingSpace(outline, occupied=False) for outline in outlines], event_with(*cars)


FALSE = (0.10, 0.20, 0.30)


def test_the_threshold_is_the_lowest_that_keeps_false_spaces_rare() -> None:
    """Of 200 spaces one may look occupied, and of 600 three."""
    assert chosen_threshold([empty_spaces(200)]) == pytest.approx(0.21)
    assert chosen_threshold([empty_spaces(600)]) == pytest.approx(0.05)


def test_no_threshold_is_chosen_where_none_is_good_enough() -> None:
    spaces, event = empty_spaces(10)
    certain = replace(event, objects=tuple(replace(each, score=1.0) for each in event.objects))
    with pytest.raises(ValueError, match="every threshold"):
        chosen_threshold([(spaces, certain)])


def test_false_cars_in_an_empty_car_park_are_counted_from_the_threshold_up() -> None:
    judged = [empty_spaces(10), empty_spaces(10)]
    figure = empty_figure("2x2", judged, 0.2)
    assert (figure.name, figure.value, figure.cases) == ("pklot_false_rate_timelapse_2x2", 0.2, 20)
    assert empty_figure("2x2", judged, 0.31).value == 0.0


def test_empty_frames_are_of_days_that_no_threshold_was_chosen_on(tmp_path: Path) -> None:
    (tmp_path / "timelapse").mkdir()
    for day in ("2013-02-24", "2013-03-03"):
        for minute in range(7):
            (tmp_path / "timelapse" / f"{day}_06_{minute:02}_00.jpg").touch()
    assert [still.name for still in empty_stills(tmp_path)] == ["2013-03-03_06_00_00.jpg", "2013-03-03_06_06_00.jpg"]


def test_parking_figures_carry_wilsons_intervals() -> None:
    recall, false_rate = occupancy_figures("2x2", Occupancy(occupied=57, found=57, empty=100, false=0))
    assert (recall.name, recall.value, recall.high, recall.cases) == ("pklot_recall_2x2", 1.0, 1.0, 57)
    assert recall.low == pytest.approx(0.937, abs=1e-3)
    assert (false_rate.name, false_rate.value, false_rate.cases) == ("pklot_false_rate_2x2", 0.0, 100)
    assert false_rate.high == pytest.approx(0.037, abs=1e-3)


def event_with(*objects: DetectedObject) -> FrameDetections:
    policy = CameraPolicy(stale_after_ms=None)
    (event,) = judge([make_frame()], Tools(nanodet(), "nanodet", policy_of=lambda _: policy))
    assert isinstance(event, FrameDetections)
    return replace(event, width=640, height=360, objects=objects)
