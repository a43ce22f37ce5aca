"""What scored too low to count is told apart, for hiding people alone; what counts is as it was without."""

from __future__ import annotations

import numpy as np
import pytest

from schemas.camera_events import ObjectClass
from services.detect.events import faint_objects, reported_objects
from services.detect.faint import MOST_FAINT_PERSONS, MOST_FAINT_VEHICLES
from services.detect.objects import CLASSES, Objects

THRESHOLDS: dict[ObjectClass, float] = {name: 0.35 if name == "person" else 0.26 for name in CLASSES}
HW = (400, 400)
Thing = tuple[ObjectClass, float, tuple[float, float, float, float]]
UPRIGHT = (100.0, 100.0, 140.0, 200.0)


def objects(*things: Thing) -> Objects:
    """Give objects by falling score."""
    return Objects(
        np.array([box for *_, box in things], np.float32).reshape(-1, 4),
        np.array([score for _, score, _ in things], np.float32),
        np.array([CLASSES.index(label) for label, *_ in things], np.int64),
    ).by_score()


def faint_scores(*things: Thing, frame_height: int = 400) -> list[float]:
    return [each.score for each in faint_objects(objects(*things), HW, frame_height, THRESHOLDS)]


def test_each_object_counts_or_is_faint_and_never_both() -> None:
    found = objects(("person", 0.9, UPRIGHT), ("person", 0.36, UPRIGHT), ("person", 0.34, UPRIGHT))
    counted = [each.score for each in reported_objects(found, HW, THRESHOLDS)]
    faint = [each.score for each in faint_objects(found, HW, 400, THRESHOLDS)]
    assert (counted, faint) == ([0.9, 0.36], [0.34])


@pytest.mark.parametrize(
    ("thing", "is_told"),
    [
        (("person", 0.08, UPRIGHT), True),
        (("person", 0.079, UPRIGHT), False),
        (("person", 0.1, (10, 10, 18, 33)), False),
        (("person", 0.1, (10, 10, 18, 35)), True),
        (("person", 0.1, (0, 0, 390, 300)), False),
        (("car", 0.2, UPRIGHT), True),
        (("car", 0.19, UPRIGHT), False),
        (("car", 0.2, (10, 10, 60, 45)), False),
        (("truck", 0.2, (0, 0, 400, 200)), False),
        (("bicycle", 0.25, UPRIGHT), False),
    ],
)
def test_what_can_show_a_face_or_a_plate_is_told(thing: Thing, is_told: bool) -> None:
    assert bool(faint_scores(thing)) is is_told


def test_sizes_are_those_of_the_frame_and_not_of_the_decoded_picture() -> None:
    small: Thing = ("person", 0.1, (10, 10, 18, 30))
    assert faint_scores(small, frame_height=400) == []
    assert faint_scores(small, frame_height=800) == [0.1]


def test_only_the_best_are_told_so_that_a_crowd_makes_no_long_event() -> None:
    people: list[Thing] = [("person", 0.3 - index / 1000, UPRIGHT) for index in range(60)]
    cars: list[Thing] = [("car", 0.25 - index / 1000, UPRIGHT) for index in range(20)]
    scores = faint_scores(*people, *cars)
    assert len(scores) == MOST_FAINT_PERSONS + MOST_FAINT_VEHICLES
    assert scores == sorted(scores, reverse=True)
    assert max(scores) == 0.3
