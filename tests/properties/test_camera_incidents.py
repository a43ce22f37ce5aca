"""Whatever a camera shows, and whoever releases it when: its rows agree with each other, in any order and pieces."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.camera_events import CameraEvent
from schemas.table import Row
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.observation import MINUTE_MS
from services.aggregate.rows import CameraMinuteRow
from tests.aggregate.camera_stories import CAMERA, LEARNED, closed, computed, judged_in_pieces, shown, within_lateness
from tests.aggregate.make_events import lasting, make_decision, ms
from tests.aggregate.scene_looks import Look, covered, dark, defocused, frozen, shifted, usual

Part = tuple[Look, int, int, bool]
"""What is seen, for how many frames, the seconds that are missing then, and whether a person releases the camera."""

PARTS: st.SearchStrategy[list[Part]] = st.lists(
    st.tuples(
        st.sampled_from([usual, shifted, covered, dark, defocused, frozen]),
        st.sampled_from([1, 7, 59, 60, 61, 75]),
        st.sampled_from([0, 0, 0, 3, 61, 1800]),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


def events_of(parts: Sequence[Part]) -> list[CameraEvent]:
    told = shown(LEARNED)
    number = len(LEARNED)
    for look, frames, gap, is_released in parts:
        told += shown([look] * frames, first=number)
        number += frames
        if is_released:
            told.append(make_decision(number - 0.5, "quarantine_released"))
        number += gap
    return closed([*told, *shown([usual] * 2, first=number)])


def expected_validity(tables: dict[str, list[Row]]) -> dict[int, bool]:
    """Give what minutes must be by what the episodes say: not valid where a quarantine overlaps them."""
    spans = [
        (row.started_at, row.ended_at if row.phase == "ended" else 2**62)
        for row in tables["episodes"]
        if isinstance(row, EpisodeRow) and row.quarantined
    ]
    return {
        row.minute: not any(start < row.minute + MINUTE_MS and end > row.minute for start, end in spans)
        for row in tables["camera_minutes"]
        if isinstance(row, CameraMinuteRow)
    }


@settings(max_examples=12, deadline=None)
@given(PARTS)
def test_minutes_are_invalid_where_a_quarantine_that_is_told_overlaps_them_and_only_there(parts: list[Part]) -> None:
    tables = computed(events_of(parts)[:-1], CAMERA)
    valid = {row.minute: row.valid for row in tables["camera_minutes"] if isinstance(row, CameraMinuteRow)}
    assert valid == expected_validity(tables)


@settings(max_examples=12, deadline=None)
@given(PARTS)
def test_an_incident_lies_within_its_frames(parts: list[Part]) -> None:
    events = events_of(parts)
    taken = {event.event_id: event.captured_at_ms for event in events if hasattr(event, "captured_at_ms")}
    for row in computed(events[:-1], CAMERA)["episodes"]:
        assert isinstance(row, EpisodeRow)
        first, best, last = (taken[each] for each in (row.first_event_id, row.best_event_id, row.last_event_id))
        assert ms(0) <= row.started_at == first < best <= last == row.last_seen_at
        assert (row.phase == "ended") == bool(row.ended_because) == bool(row.ended_at)
        assert row.ended_at == 0 or row.ended_at >= last
        assert bool(row.released_by) == (row.ended_because == "released")
        assert not row.quarantined or row.ended_because in {"", "released"}


@settings(max_examples=12, deadline=None)
@given(PARTS, st.data())
def test_restarts_and_drains_anywhere_change_no_row(parts: list[Part], data: st.DataObject) -> None:
    events = events_of(parts)
    places = st.frozensets(st.integers(0, len(events) - 1), max_size=12)
    pieces = judged_in_pieces(events, CAMERA, data.draw(places), data.draw(places))
    assert lasting(pieces) == lasting(judged_in_pieces(events, CAMERA, frozenset(), frozenset()))


@settings(max_examples=12, deadline=None)
@given(PARTS, st.integers(0, 2**32))
def test_any_order_within_the_lateness_gives_the_same_rows(parts: list[Part], seed: int) -> None:
    events = events_of(parts)
    mixed = [*within_lateness(events[:-1], seed), events[-1]]
    expected, found = (lasting(judged_in_pieces(one, CAMERA, frozenset(), frozenset())) for one in (events, mixed))
    for table in (EpisodeRow.TABLE, "decisions", "camera_minutes"):
        assert found[table] == expected[table], table
