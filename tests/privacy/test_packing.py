"""Packed frames say what they said before, and no box of them is smaller."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.camera_events import DetectedObject
from services.privacy.packing import (
    FACTS_SIZE,
    pack_boxes,
    pack_facts,
    pack_found,
    unpack_boxes,
    unpack_facts,
    unpack_found,
)
from tests.aggregate.make_events import make_frame
from tests.privacy.test_regions import BOXES, holds


@given(st.lists(BOXES, max_size=5))
def test_boxes_come_back_and_none_is_smaller(boxes: list[tuple[float, float, float, float]]) -> None:
    back = unpack_boxes(b"facts" + pack_boxes(boxes), 5)
    assert len(back) == len(boxes)
    for old, new in zip(boxes, back, strict=True):
        assert holds(new, old)
        assert max(abs(a - b) for a, b in zip(old, new, strict=True)) <= 1 / 65_535


def test_facts_come_back() -> None:
    event = make_frame(7, owner_epoch=1_760_000_000_000, simulated=True, camera_revision=3)
    topics: list[str] = ["other"]
    facts = unpack_facts(pack_facts(event, topics))
    assert topics == ["other", event.frame.topic]
    assert facts.coordinates(topics) == event.frame
    assert facts[:3] == (event.owner_epoch, event.sequence, event.captured_at_ms)
    assert (facts.camera_revision, bool(facts.simulated)) == (3, True)


def test_what_was_found_comes_back_faint_or_not() -> None:
    sure, faint = DetectedObject("car", 0.9, (0.1, 0.2, 0.3, 0.4)), DetectedObject("person", 0.08, (0.5, 0.5, 0.6, 0.9))
    event = make_frame(0, [sure], faint=(faint,), width=1280, height=720)
    aspect, objects = unpack_found(bytes(FACTS_SIZE) + pack_found(event))
    assert abs(aspect - 16 / 9) < 1e-6
    assert [(each.label, each.score) for each in objects] == [("car", 0.9), ("person", 0.08)]
    assert all(holds(new.box, old.box) for new, old in zip(objects, (sure, faint), strict=True))
