"""What is hidden, by what was found and by kind of camera; it is never less than what was found."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.camera_events import DetectedObject
from schemas.geometry import BoxXyxy
from services.privacy.regions import Hiding, hidden_boxes, hiding_of
from services.privacy.sighting import Sighting
from tests.aggregate.make_events import make_camera

BOX: BoxXyxy = (0.4, 0.3, 0.5, 0.6)


def hidden(thing: DetectedObject, hiding: Hiding = "persons", aspect: float = 1.0) -> BoxXyxy | None:
    boxes = hidden_boxes(Sighting(0, aspect, [thing]), [], [], hiding)
    return boxes[0] if boxes else None


def holds(outer: BoxXyxy, inner: BoxXyxy) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and outer[2] >= inner[2] and outer[3] >= inner[3]


@pytest.mark.parametrize("score", [0.9, 0.1])
def test_a_whole_person_is_hidden_and_a_little_around(score: float) -> None:
    box = hidden(DetectedObject("person", score, BOX))
    assert box is not None
    assert holds(box, BOX)
    assert holds((0.35, 0.25, 0.55, 0.65), box)


def test_at_counters_that_ask_for_it_the_head_alone_is_hidden() -> None:
    box = hidden(DetectedObject("person", 0.9, BOX), "heads")
    assert box is not None
    assert holds(box, (0.4, 0.3, 0.5, 0.4))
    assert box[3] < 0.45, "hands and papers stay in view"


@pytest.mark.parametrize("label", ["car", "motorcycle", "bus", "truck"])
@pytest.mark.parametrize("hiding", ["persons", "heads"])
def test_the_lower_two_thirds_of_a_vehicle_are_hidden(label: Any, hiding: Hiding) -> None:
    box = hidden(DetectedObject(label, 0.9, BOX), hiding)
    assert box is not None
    assert holds(box, (0.4, 0.4, 0.5, 0.6))
    assert box[1] > 0.3


def test_a_bicycle_has_no_plate() -> None:
    assert hidden(DetectedObject("bicycle", 0.9, BOX)) is None


def test_growth_is_as_wide_as_high_in_pixels() -> None:
    """The detector misplaces small things by pixels of its input, the same in both directions."""
    faint = DetectedObject("person", 0.1, BOX)
    wide, tall = hidden(faint, aspect=2.0), hidden(faint, aspect=0.5)
    assert wide is not None
    assert tall is not None
    assert (BOX[1] - wide[1]) == pytest.approx(2 * (BOX[0] - wide[0]))
    assert (BOX[0] - tall[0]) == pytest.approx(2 * (BOX[1] - tall[1]))


@pytest.mark.parametrize(
    ("kind", "asked", "expected"),
    [
        ("counter", "heads", "heads"),
        ("counter", "persons", "persons"),
        ("street", "heads", "persons"),
        ("market", "heads", "persons"),
        ("pump", "persons", "persons"),
    ],
)
def test_heads_alone_are_hidden_at_counters_only(
    kind: Literal["counter", "market", "street", "pump"], asked: Hiding, expected: Hiding
) -> None:
    camera = msgspec.structs.replace(make_camera(), kind=kind, anonymisation=asked)
    assert hiding_of(camera) == expected


EDGES = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)
BOXES = st.tuples(EDGES, EDGES).map(lambda edges: (edges[0][0], edges[1][0], edges[0][1], edges[1][1]))
PEOPLE = st.lists(st.builds(DetectedObject, st.just("person"), st.floats(0.05, 1), BOXES), max_size=8)


@settings(max_examples=60, deadline=None)
@given(PEOPLE, PEOPLE, PEOPLE)
def test_whatever_was_found_in_the_picture_is_hidden(
    here: list[DetectedObject], before: list[DetectedObject], after: list[DetectedObject]
) -> None:
    boxes = hidden_boxes(Sighting(1000, 1.5, here), [Sighting(0, 1.5, before)], [Sighting(2000, 1.5, after)], "persons")
    assert all(any(holds(box, thing.box) for box in boxes) for thing in here)
    assert all(0 <= left <= right <= 1 and 0 <= top <= bottom <= 1 for left, top, right, bottom in boxes)
    assert not any(holds(a, b) for a in boxes for b in boxes if a is not b), "none lies in another"
