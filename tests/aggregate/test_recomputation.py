"""Recomputing from events alone."""

from __future__ import annotations

import pytest

from services.aggregate import recomputation
from services.aggregate.judgement import UnknownRevisionError
from services.aggregate.recomputation import NewestRows, PlacedEvent, recompute, version_of
from services.aggregate.rows import ROW_TYPES, FrameOutcomeRow
from tests.aggregate.make_events import (
    counter_camera,
    frames,
    lasting,
    make_camera,
    make_frame,
    make_shed,
    person,
    rows_of,
)


def test_every_table_is_given_even_without_rows() -> None:
    assert recompute([], [make_camera()]) == {row_type.TABLE: [] for row_type in ROW_TYPES}


def test_tables_are_sorted_by_key() -> None:
    events = [make_frame(n) for n in (3, 1, 0, 2)]
    assert [row.sequence for row in rows_of(FrameOutcomeRow, events)] == [0, 1, 2, 3]


def test_any_revision_is_judged_under_the_given_camera() -> None:
    events = [make_frame(n, [person(0.2)], camera_revision=1 + n // 10) for n in range(100)]
    first = recompute(events, [counter_camera()])["counter_minutes"][0]
    assert first.queue_max == 1  # type: ignore[attr-defined]


def test_a_camera_that_is_not_given_is_an_error() -> None:
    with pytest.raises(UnknownRevisionError):
        recompute([make_frame(0, camera_id="elsewhere")], [make_camera()])


def test_which_reason_rules_depends_neither_on_order_nor_on_place() -> None:
    overload, stale = make_shed(0, "overload"), make_shed(0, "stale")
    for events in (
        [PlacedEvent(5, overload), PlacedEvent(9, stale)],
        [PlacedEvent(5, stale), PlacedEvent(9, overload)],
    ):
        for order in (events, events[::-1]):
            rows = recompute(order, [make_camera()])["frame_outcomes"]
            assert [row.reason for row in rows] == ["overload"]  # type: ignore[attr-defined]


def test_an_episode_is_what_was_said_last_even_where_places_are_out_of_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recomputation, "DRAIN_EVERY", 1)
    events = [make_frame(n, [person(0.2)] if n < 300 else []) for n in range(500)]
    placed = [PlacedEvent(n ^ 3, event) for n, event in enumerate(events)]
    (episode,) = recompute(placed, [counter_camera()])["episodes"]
    assert episode.phase == "ended"  # type: ignore[attr-defined]
    assert lasting(recompute(placed, [counter_camera()])) == lasting(recompute(events, [counter_camera()]))


def test_rows_do_not_depend_on_how_often_they_are_drained(monkeypatch: pytest.MonkeyPatch) -> None:
    events = frames(0, 200, [person(0.2)])
    seldom = recompute(events, [counter_camera()])
    monkeypatch.setattr(recomputation, "DRAIN_EVERY", 1)
    assert lasting(recompute(events, [counter_camera()])) == lasting(seldom)


def test_progress_is_told_after_each_event() -> None:
    told: list[int] = []
    recompute(frames(0, 7), [make_camera()], lambda: told.append(1))
    assert len(told) == 7


def test_of_rows_of_one_key_the_largest_version_is_kept() -> None:
    old, new = (recompute(frames(0, n), [make_camera()])["capture_counters"][0] for n in (1, 5))
    for batches in ([old, new], [new, old]):
        newest = NewestRows()
        for row in batches:
            newest.add({row.TABLE: [row]})
        assert newest.sorted()["capture_counters"] == [new]
    assert version_of(new) > version_of(old)
