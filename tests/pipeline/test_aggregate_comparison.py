"""The comparison tells what differs, and a city is the same each time: else the exactness test would prove nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from schemas.camera_events import CAMERA_EVENT_CODEC, CameraEvent, FrameDetections
from schemas.cameras import CAMERA_CODEC
from schemas.table import Row
from services.aggregate.recomputation import recompute
from services.aggregate.rows import DetectionsRow
from tests.aggregate.make_events import frames, make_camera
from tests.pipeline.aggregate_city import City
from tests.pipeline.aggregate_comparison import Table, differing
from tests.pipeline.aggregate_comparison import lasting as lasting_values

CAMERAS, FRAMES = 22, 60


def detections() -> Table:
    rows: list[Row] = recompute(frames(0, 20), (make_camera(),))[DetectionsRow.TABLE]
    return {row.key(): lasting_values(row) for row in rows}


def without_first(table: Table) -> Table:
    return dict(list(table.items())[1:])


def with_another(table: Table) -> Table:
    key, values = next(iter(table.items()))
    return {**table, (*key[:-1], 999): values}


def with_a_changed_column(table: Table) -> Table:
    key, values = next(iter(table.items()))
    return {**table, key: ("other", *values[1:])}


def test_equal_tables_differ_in_nothing() -> None:
    assert len(detections()) == 20
    assert differing(DetectionsRow, detections(), detections()) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [(without_first, "1 missing"), (with_another, "1 extra"), (with_a_changed_column, "1 differ")],
)
def test_a_row_that_is_missing_extra_or_changed_is_told(change: Callable[[Table], Table], told: str) -> None:
    texts = differing(DetectionsRow, detections(), change(detections()))
    assert len(texts) == 1
    assert told in texts[0]


def events_of(seed: int) -> tuple[list[bytes], City]:
    city = City(seed, CAMERAS, FRAMES)
    return [record.value for step in city.steps() for record in step.events], city


def test_a_seed_gives_the_same_city_each_time_and_another_one_another() -> None:
    assert events_of(1)[0] == events_of(1)[0]
    assert events_of(1)[0] != events_of(2)[0]


def test_a_city_holds_what_makes_aggregation_hard() -> None:
    values, city = events_of(3)
    events: list[CameraEvent] = [CAMERA_EVENT_CODEC.decode(value) for value in values]
    judged = [event for event in events if isinstance(event, FrameDetections)]
    captured: dict[str, list[int]] = {}
    for frame in judged:
        captured.setdefault(frame.camera_id, []).append(frame.captured_at_ms)
    names = [CAMERA_CODEC.decode(record.value).camera_id for record in city.registry()]
    assert len(set(names)) == CAMERAS
    assert {name.partition("-")[0] for name in names} == {"counter", "parking", "water", "street", "stills"}
    assert any(times != sorted(times) for times in captured.values()), "nothing is out of order"
    assert max(Counter(frame.event_id for frame in judged).values()) > 1, "nothing is repeated"
    assert any(frame.water is not None for frame in judged)
    assert {type(event).__name__ for event in events} == {"FrameDetections", "FrameShed", "CameraStatus", "Decision"}
