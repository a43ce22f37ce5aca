"""Which minutes a camera's incidents make invalid, in all four tables, also where their rows were written before."""

from __future__ import annotations

import pytest

from schemas.camera_events import CameraEvent, DecisionKind
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.judgement import Judgement
from services.aggregate.recomputation import any_revision_of
from services.aggregate.rules.camera import REACHES_BACK_MS
from services.aggregate.state import CameraState, decode_state
from services.aggregate.windows import LATENESS_MS
from tests.aggregate.camera_stories import (
    CAMERA,
    LEARNED,
    WITH_ZONES,
    closed,
    computed,
    judged_with_a_drain_after_each,
    minutes_valid,
    shown,
)
from tests.aggregate.make_events import CAMERA_ID, lasting, make_camera, make_decision, make_frame, ms, person
from tests.aggregate.scene_looks import Look, covered, dark, defocused, frozen, shifted, usual

TABLES = ("camera_minutes", "counter_minutes", "parking_minutes", "flood_minutes")
RELEASED: DecisionKind = "quarantine_released"


def validity(events: list[CameraEvent]) -> dict[int, bool]:
    """Give by minute whether its rows are valid: the same for rows written at once and for those of a recomputation."""
    at_once = judged_with_a_drain_after_each(closed(events), CAMERA)
    together = computed(events)
    assert lasting(at_once)["camera_minutes"] == lasting(together)["camera_minutes"]
    return minutes_valid(together)


def state_after(events: list[CameraEvent]) -> CameraState:
    judgement = Judgement(any_revision_of([CAMERA]))
    for offset, event in enumerate(events):
        judgement.apply(event, offset)
    return decode_state(judgement.drain().blobs[CAMERA_ID])


@pytest.mark.parametrize("look", [shifted, covered, frozen])
def test_minutes_from_the_first_suspect_frame_are_invalid_in_every_table(look: Look) -> None:
    events = shown([*LEARNED, *[look] * 70], water=bytes(576), objects=[person(0.2)])
    tables = computed(events, WITH_ZONES)
    at_once = lasting(judged_with_a_drain_after_each(closed(events), WITH_ZONES))
    for table in TABLES:
        assert minutes_valid(tables, table) == {0: True, 1: False, 2: False}, table
        assert at_once[table] == lasting(tables)[table]


def test_an_incident_that_starts_with_a_minute_leaves_the_one_before_valid() -> None:
    assert validity(shown([*[usual] * 120, *[shifted] * 70])) == {0: True, 1: True, 2: False, 3: False}
    assert validity(shown([*[usual] * 119, *[shifted] * 70])) == {0: True, 1: False, 2: False, 3: False}


@pytest.mark.parametrize("look", [dark, defocused])
def test_a_dark_or_defocused_camera_is_believed(look: Look) -> None:
    assert all(validity(shown([*LEARNED, *[look] * 90])).values())


def test_what_is_suspect_for_less_than_a_minute_makes_nothing_invalid() -> None:
    assert all(validity(shown([*LEARNED, *[shifted] * 59, *[usual] * 60])).values())


def test_minutes_are_invalid_until_a_release_however_the_picture_is() -> None:
    events = shown([*LEARNED, *[shifted] * 60, *[usual] * 150])
    assert validity(events) == {0: True, 1: False, 2: False, 3: False, 4: False, 5: False}
    released = [*events, make_decision(299.5, RELEASED), *shown([usual] * 90, first=300)]
    assert validity(released) == {0: True, 1: False, 2: False, 3: False, 4: False, 5: True, 6: True}


def test_a_release_at_the_start_of_a_minute_leaves_that_minute_valid_and_a_moment_later_does_not() -> None:
    before, after = shown([*LEARNED, *[shifted] * 90]), shown([usual] * 90, first=180)
    assert validity([*before, make_decision(180, RELEASED), *after])[3]
    assert not validity([*before, make_decision(180.001, RELEASED), *after])[3]


def test_a_release_in_the_minute_of_its_incident() -> None:
    events = shown([*[usual] * 122, *[shifted] * 70])
    released = [*events[:182], make_decision(182.5, RELEASED), *shown([shifted] * 60, first=183)]
    assert validity(released) == {0: True, 1: True, 2: False, 3: False, 4: True}


def test_minutes_that_were_written_as_invalid_and_come_after_a_late_release_are_valid_again() -> None:
    """The release takes effect at the watermark, 5 s before the frames that are already counted."""
    events = shown([*LEARNED, *[shifted] * 90, *[usual] * 64])
    judgement = Judgement(any_revision_of([CAMERA]))
    for offset, event in enumerate(events):
        judgement.apply(event, offset)
    written = {row.minute: row.valid for row in judgement.drain().rows["camera_minutes"]}  # type: ignore[attr-defined]
    assert list(written.values())[-1] is False
    late = [*events, make_decision(100, RELEASED), *shown([usual] * 7, first=244)]
    assert validity(late) == {0: True, 1: False, 2: False, 3: False, 4: True}


def test_two_quarantines_at_once_are_one_from_the_first_start_to_the_release() -> None:
    looks: list[Look] = [*LEARNED, *[shifted] * 90, *[frozen] * 70]
    events = [*shown(looks), make_decision(250.5, RELEASED), *shown([usual] * 120, first=251)]
    assert validity(events) == {0: True, 1: False, 2: False, 3: False, 4: False, 5: True, 6: True}
    assert state_after(closed(events)).camera.quarantines == [(ms(90), ms(250.5))]


def test_a_cover_whose_picture_is_frozen_too_is_invalid_from_the_first_frame_of_both() -> None:
    looks: list[Look] = [*LEARNED, *[lambda _: covered(7)] * 62]
    events = shown(looks)
    assert validity(events) == {0: True, 1: False, 2: False}
    assert state_after(closed(events)).camera.quarantines == [(ms(90), -1)]


def test_a_release_where_nothing_is_quarantined_makes_nothing_invalid_or_valid() -> None:
    quiet = [*shown([*LEARNED, *[usual] * 30]), make_decision(119.5, RELEASED), *shown([usual] * 60, first=120)]
    assert all(validity(quiet).values())
    after = [*quiet, *shown([shifted] * 60, first=180)]
    assert validity(after) == {0: True, 1: True, 2: True, 3: False, 4: False}


def test_a_release_decided_before_its_incident_opened_has_gone_by() -> None:
    events = [*shown([*LEARNED, *[shifted] * 40]), make_decision(129.5, RELEASED)]
    assert all(validity([*events, *shown([shifted] * 60, first=130)]).values()), "the view that it released is known"
    events = [*shown([*LEARNED, *[frozen] * 40]), make_decision(129.5, RELEASED)]
    assert validity([*events, *shown([frozen] * 61, first=130)]) == {0: True, 1: True, 2: False, 3: False}


def test_a_release_from_before_any_frame_that_comes_late_ends_nothing_that_begins_after_its_effect() -> None:
    events = [*shown([usual] * 170), make_decision(-600, RELEASED), *shown([shifted] * 61, first=170)]
    assert validity(events) == {0: True, 1: True, 2: False, 3: False}


def test_a_release_for_later_waits_for_its_time() -> None:
    events = [*shown([*LEARNED, *[shifted] * 61]), make_decision(300, RELEASED), *shown([usual] * 250, first=151)]
    assert validity(events) == {0: True, 1: False, 2: False, 3: False, 4: False, 5: True, 6: True}


def test_hours_without_a_frame_end_no_quarantine() -> None:
    events = [*shown([*LEARNED, *[shifted] * 61]), *shown([usual] * 60, first=30_000)]
    assert validity(events) == {0: True, 1: False, 2: False, 500: False, 501: False}
    released = [*events[:151], make_decision(20_000, RELEASED), *events[151:]]
    assert validity(released) == {0: True, 1: False, 2: False, 500: True, 501: True}


def test_late_frames_amend_a_minute_that_stays_invalid() -> None:
    events = shown([*LEARNED, *[shifted] * 70, *[usual] * 40])
    late = events.pop(130)
    release = [make_decision(200.5, RELEASED), *shown([usual] * 120, first=201)]
    for told in ([*events, late], [*events, *release, late]):
        assert validity(told)[2] is False


def test_minutes_are_let_go_as_invalid_and_an_old_quarantine_goes_with_its_last_minute() -> None:
    events = shown([*LEARNED, *[shifted] * 61])
    old = [*events, *shown([usual] * 130, first=8_000, period=1)]
    state = state_after(old)
    assert min(state.minutes) * 60_000 > ms(151)
    assert [until for _, until in state.camera.quarantines] == [-1]
    assert validity(old)[2] is False
    released = [*old, make_decision(8_129.5, RELEASED), *shown([usual] * 130, first=8_130)]
    assert validity(released) == {**validity(old), 136: True, 137: True}
    assert len(state_after(released).camera.quarantines) == 1
    assert state_after([*released, *shown([usual] * 130, first=16_000)]).camera.quarantines == []


def test_a_quarantine_reaches_back_an_hour_at_most_and_those_minutes_are_still_held() -> None:
    """Suspect frames 59 s apart at 5 frames/s observe 0.4 s each: the incident opens after more than two hours."""
    assert REACHES_BACK_MS == LATENESS_MS
    camera = make_camera(sample_fps=5)
    learned = [make_frame(n / 5, sequence=n, scene=usual(n)) for n in range(400)]
    rare = [make_frame(80 + 59 * n, sequence=400 + n, scene=shifted(n)) for n in range(160)]
    told = closed([*learned, *rare])
    tables = computed([*learned, *rare], camera)
    (row,) = tables["episodes"]
    assert isinstance(row, EpisodeRow)
    assert row.started_at == rare[0].captured_at_ms
    opened_ms = next(frame.captured_at_ms for frame in rare if frame.event_id == row.best_event_id)
    assert opened_ms - rare[0].captured_at_ms > 2 * REACHES_BACK_MS
    assert lasting(judged_with_a_drain_after_each(told, camera))["camera_minutes"] == lasting(tables)["camera_minutes"]
    invalid = [row.minute for row in tables["camera_minutes"] if not row.valid]  # type: ignore[attr-defined]
    assert min(invalid) == (opened_ms - REACHES_BACK_MS) // 60_000 * 60_000


def test_a_minute_that_only_a_wrong_clock_reached_is_judged_with_the_others() -> None:
    """Its row is written before the incident opens, and lies hours ahead of the frames that open and end it."""
    skewed = make_frame(50_000, sequence=95, appended_after_ms=-30_001)
    told = shown([*LEARNED, *[shifted] * 61])
    open_one = [*told[:95], skewed, *told[96:]]
    released = [*open_one, make_decision(151.5, RELEASED), *shown([usual] * 60, first=152)]
    for events, expected in ((open_one, False), (released, True)):
        closing = make_frame(260, sequence=212)
        at_once = minutes_valid(judged_with_a_drain_after_each([*events, closing], CAMERA))
        assert at_once[832] is expected
