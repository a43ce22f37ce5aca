"""Raw rows give back the events that they were made of."""

from __future__ import annotations

import pytest

from schemas.camera_events import CameraEvent, ShedReason, WaterIdentity
from services.aggregate.event_rows import decision_row, detections_row, status_row
from services.aggregate.recompute_events import (
    decision_event,
    detections_event,
    shed_event,
    shed_offset,
    status_event,
)
from services.aggregate.rows import FrameOutcomeRow
from tests.aggregate.make_events import make_decision, make_frame, make_shed, make_status, person, rows_of, vehicle


def test_detections_come_back_whole() -> None:
    for event in (
        make_frame(3, [person(0.2), vehicle(0.7)]),
        make_frame(4, water=bytes(range(192)) * 3, water_detector=WaterIdentity("wet", "a" * 64), simulated=True),
    ):
        assert detections_event(detections_row(event, 9)) == event


def test_statuses_come_back_whole() -> None:
    event = make_status(60, 7, missed={"late": 2, "unusable": 1}, bytes=9, reconnects=3)
    assert status_event(status_row(event, 9)) == event


def test_a_decision_comes_back_with_the_time_of_its_effect() -> None:
    mask = make_decision(3, "static_object_masked", mask=((0.0, 0.0), (0.1, 0.0), (0.1, 0.1)))
    assert decision_event(decision_row(mask, mask.decided_at_ms, 4)) == mask
    later = decision_event(decision_row(mask, mask.decided_at_ms + 9_000, 4))
    assert later.decided_at_ms == mask.decided_at_ms + 9_000
    review = make_decision(3, "episode_confirmed", episode_id="a" * 32)
    assert decision_event(decision_row(review, review.decided_at_ms, 4)) == review


@pytest.mark.parametrize("reason", ["stale", "overload", "undecodable", "refused"])
def test_a_shed_frame_comes_back_but_for_its_place_in_kafka(reason: ShedReason) -> None:
    event = make_shed(5, reason, sequence=0)
    before: list[CameraEvent] = [make_status(second) for second in range(5)]
    (row,) = rows_of(FrameOutcomeRow, [*before, event])
    found = shed_event(row)
    assert found.frame.appended_at_ms == event.frame.appended_at_ms
    assert (found.reason, found.event_id, found.sequence) == (event.reason, event.event_id, event.sequence)
    assert (found.captured_at_ms, found.shed_at_ms) == (event.captured_at_ms, event.shed_at_ms)
    assert shed_offset(row) == 5
