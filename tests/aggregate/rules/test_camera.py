"""Camera incidents as episodes: what opens and ends them, the frames that they name, and when they are published."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.camera_events import CameraEvent, make_event_id
from schemas.episodes import Crossing
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.judgement import Judgement
from tests.aggregate.camera_stories import (
    CAMERA,
    LEARNED,
    WITH_ZONES,
    closed,
    computed,
    incidents,
    judged_in_pieces,
    messages,
    shown,
    stills_camera,
    within_lateness,
)
from tests.aggregate.make_events import CAMERA_ID, lasting, make_camera, make_decision, make_frame, ms
from tests.aggregate.scene_looks import (
    Look,
    covered,
    dark,
    defocused,
    frozen,
    half_covered,
    make_facts,
    shifted,
    usual,
)

KINDS: list[tuple[Look, str, bool]] = [
    (shifted, "shifted", True),
    (covered, "covered", True),
    (half_covered, "covered", True),
    (defocused, "defocused", False),
    (dark, "dark", False),
]


@pytest.mark.parametrize(("look", "kind", "quarantined"), KINDS)
def test_a_minute_of_a_fault_is_an_incident_and_a_frame_less_is_none(look: Look, kind: str, quarantined: bool) -> None:
    assert incidents(shown([*LEARNED, *[look] * 59])) == []
    (row,) = incidents(shown([*LEARNED, *[look] * 60]))
    assert (row.episode_type, row.kind, row.quarantined) == ("camera_incident", kind, quarantined)
    assert (row.phase, row.review, row.started_at, row.last_seen_at) == ("open", "suspected", ms(90), ms(149))
    assert (row.zone_id, row.ended_at, row.ended_because, row.released_by) == ("", 0, "", "")


def test_the_same_picture_for_a_minute_is_an_incident_and_a_frame_less_is_none() -> None:
    assert incidents(shown([*LEARNED, *[frozen] * 60])) == []
    (row,) = incidents(shown([*LEARNED, *[frozen] * 61]))
    assert (row.kind, row.quarantined, row.started_at, row.last_seen_at) == ("frozen", True, ms(90), ms(150))
    assert (row.why_names, row.why_values, row.why_thresholds, row.why_units) == (
        ("unchanged",),
        (60.0,),
        (60.0,),
        ("s",),
    )


def test_stills_are_frozen_after_three_periods_and_two_suspect_ones_are_an_incident() -> None:
    camera = stills_camera(300)
    known: list[Look] = [usual] * 10
    assert incidents(shown([*known, frozen, frozen, frozen], period=300), camera) == []
    (row,) = incidents(shown([*known, frozen, frozen, frozen, frozen], period=300), camera)
    assert (row.kind, row.started_at, row.why_values) == ("frozen", ms(3000), (900.0,))
    assert incidents(shown([*known, shifted, usual, shifted, usual], period=300), camera) == []
    (row,) = incidents(shown([*known, shifted, shifted], period=300), camera)
    assert (row.kind, row.started_at, row.last_seen_at) == ("shifted", ms(3000), ms(3300))


def test_stills_just_under_a_minute_apart_need_the_third_and_a_frozen_minute() -> None:
    """A frame observes 25 s: suspicion takes three frames, and what is frozen for three periods four."""
    camera, known = stills_camera(25), [usual] * 10
    assert incidents(shown([*known, shifted, shifted], period=25), camera) == []
    assert len(incidents(shown([*known, shifted, shifted, shifted], period=25), camera)) == 1
    assert incidents(shown([*known, frozen, frozen, frozen], period=25), camera) == []
    assert len(incidents(shown([*known, frozen, frozen, frozen, frozen], period=25), camera)) == 1


def test_an_incident_names_its_first_frame_the_one_that_opened_it_and_the_last_that_shows_it() -> None:
    events = shown([*LEARNED, *[shifted] * 100, *[usual] * 30])
    last = messages(closed(events))[-1]
    (row,) = incidents(events)
    named = [events[number] for number in (90, 149, 180)]
    assert [row.first_event_id, row.best_event_id, row.last_event_id] == [event.event_id for event in named]
    assert [row.first_frame_offset, row.best_frame_offset, row.last_frame_offset] == [90, 149, 180]
    assert (last.first.frame.offset, last.best.captured_at_ms, last.last.captured_at_ms) == (90, ms(149), ms(180))
    assert last.why == (Crossing(name="view_lost", value=row.why_values[0], threshold=0.24, unit="ratio"),)
    assert row.why_values[0] > 0.24


def test_a_frozen_picture_names_the_first_frame_with_its_content() -> None:
    events = shown([*LEARNED, *[frozen] * 61])
    (row,) = incidents(events)
    assert row.first_event_id == events[90].event_id
    assert row.best_event_id == row.last_event_id == events[150].event_id


def test_an_incident_is_opened_by_a_frame_of_its_kind_whose_figure_is_why() -> None:
    events = shown([*LEARNED, *[defocused] * 50, *[dark] * 20, *[defocused] * 5])
    (row,) = incidents(events)
    assert (row.kind, row.why_names, row.started_at) == ("defocused", ("detail_of_usual",), ms(90))
    assert row.best_event_id == events[160].event_id
    (tied,) = incidents(shown([*[usual] * 10, dark, defocused], period=300), stills_camera(300))
    assert (tied.kind, tied.why_names) == ("defocused", ("detail_of_usual",))


def test_an_incident_is_published_when_it_opens_and_in_each_minute_in_which_it_is_seen() -> None:
    found = messages(closed(shown([*LEARNED, *[covered] * 200, *[usual] * 120])))
    assert [(one.revision, one.last_seen_at_ms) for one in found] == [
        (1, ms(149)),
        (2, ms(180)),
        (3, ms(240)),
    ]
    assert {one.episode_id for one in found} == {make_event_id("camera_incident", CAMERA_ID, "covered", ms(90))}
    assert all(one.phase == "open" for one in found)


@pytest.mark.parametrize("look", [defocused, dark])
def test_light_and_focus_that_are_back_for_a_minute_end_it_at_its_last_sight(look: Look) -> None:
    (row,) = incidents(shown([*LEARNED, *[look] * 100, *[usual] * 59]))
    assert row.phase == "open"
    (row,) = incidents(shown([*LEARNED, *[look] * 100, *[usual] * 60]))
    assert (row.phase, row.ended_because, row.ended_at, row.last_seen_at) == ("ended", "cleared", ms(189), ms(189))
    assert row.released_by == ""


def test_half_an_hour_without_a_frame_ends_what_no_person_must_end() -> None:
    gone = shown([*LEARNED, *[dark] * 90])
    (row,) = incidents([*gone, *shown([dark], first=179 + 1799)])
    assert row.phase == "open"
    (row,) = incidents([*gone, *shown([usual], first=179 + 1800)])
    assert (row.phase, row.ended_because, row.ended_at) == ("ended", "no_data", ms(179))
    (kept,) = incidents([*shown([*LEARNED, *[shifted] * 90]), *shown([usual] * 90, first=9000)])
    assert (kept.phase, kept.last_seen_at) == ("open", ms(149)), "as published in the last minute in which it was seen"


@pytest.mark.parametrize("look", [shifted, covered, frozen, defocused, dark])
def test_a_release_ends_it_at_its_time_of_effect_and_says_who_decided(look: Look) -> None:
    events = shown([*LEARNED, *[look] * 90])
    released = [*events, make_decision(179.5, "quarantine_released"), *shown([usual] * 90, first=180)]
    (row,) = incidents(released)
    assert (row.phase, row.ended_because, row.released_by) == ("ended", "released", "petugas")
    assert (row.ended_at, row.last_seen_at) == (ms(179.5), ms(179))


def test_a_release_that_comes_late_ends_it_at_the_watermark() -> None:
    events = [*shown([*LEARNED, *[shifted] * 120]), make_decision(160, "quarantine_released")]
    (row,) = incidents([*events, *shown([usual] * 30, first=210)])
    assert (row.ended_because, row.ended_at) == ("released", ms(204))


def test_one_release_ends_all_that_is_open() -> None:
    def still(_: int) -> Any:
        return shifted(7)

    events = [*shown([*LEARNED, *[still] * 70]), make_decision(159.5, "quarantine_released")]
    rows = incidents([*events, *shown([usual] * 30, first=160)])
    ended = {row.kind: (row.started_at, row.ended_because, row.ended_at) for row in rows}
    assert ended == dict.fromkeys(("shifted", "frozen"), (ms(90), "released", ms(159.5)))


def test_a_view_that_a_person_released_opens_no_incident_again_and_a_third_one_does() -> None:
    released = [*shown([*LEARNED, *[shifted] * 90]), make_decision(179.5, "quarantine_released")]
    assert len(incidents([*released, *shown([shifted] * 120, first=180), *shown([usual] * 120, first=300)])) == 1
    third = random.Random(3).getrandbits(256)
    moved = shown([lambda number: make_facts(number, third)] * 60, first=300)
    first, second = incidents([*released, *shown([shifted] * 120, first=180), *moved])
    assert (first.phase, second.phase, second.kind, second.started_at) == ("ended", "open", "shifted", ms(300))


def test_a_picture_that_stays_frozen_after_a_release_is_an_incident_again() -> None:
    released = [*shown([*LEARNED, *[frozen] * 90]), make_decision(179.5, "quarantine_released")]
    rows = incidents([*released, *shown([frozen] * 61, first=180)])
    assert [(row.phase, row.started_at) for row in rows] == [("ended", ms(90)), ("open", ms(180))]
    assert len({row.episode_id for row in rows}) == 2


def test_a_release_where_nothing_is_held_changes_nothing() -> None:
    quiet = shown([*LEARNED, *[usual] * 10])
    fault = shown([shifted] * 60, first=100)
    with_it = lasting(computed([*quiet, make_decision(99.5, "quarantine_released"), *fault]))
    without = lasting(computed([*quiet, *fault]))
    assert len(with_it.pop("decisions")) == 1
    assert not without.pop("decisions")
    assert with_it == without
    assert len(with_it["episodes"]) == 1


def test_a_release_decided_before_an_incident_opens_lets_suspicion_start_over() -> None:
    decision = make_decision(119.5, "quarantine_released")
    suspect = shown([*LEARNED, *[frozen] * 30])
    (row,) = incidents([*suspect, decision, *shown([frozen] * 100, first=120)])
    assert (row.started_at, row.phase) == (ms(120), "open")
    assert row.first_event_id == make_frame(120).event_id


def test_footage_that_loops_is_not_frozen() -> None:
    def looping(number: int) -> Any:
        return make_facts(number, content=number % 7)

    assert incidents(shown([*LEARNED, *[looping] * 300])) == []
    assert incidents([*shown([looping] * 100), *shown([looping] * 100, first=100, owner_epoch=2)]) == []


def test_a_gap_is_judged_by_the_period_of_the_frame_before_it() -> None:
    """The 300 s after the last frame of revision 1 are a gap beyond its 60 s: being the same starts anew."""
    revisions = {1: make_camera(), 2: stills_camera(300, revision=2)}
    judgement = Judgement(lambda _, revision: revisions[revision])
    stills = [
        make_frame(120 + 300 * number, sequence=120 + number, scene=frozen(0), camera_revision=2)
        for number in range(1, 6)
    ]
    opened = []
    for offset, event in enumerate([*shown([*LEARNED, *[frozen] * 31]), *stills]):
        judgement.apply(event, offset)
        opened += [(one.started_at_ms, one.best.captured_at_ms) for one in judgement.drain().episodes]
    assert opened == [(ms(420), ms(1320))]


def test_an_incident_of_simulated_pictures_says_so() -> None:
    (real,) = incidents(shown([*LEARNED, *[shifted] * 60]))
    (simulated,) = incidents([*shown(LEARNED), *shown([shifted] * 60, first=90, simulated=True)])
    assert (real.simulated, simulated.simulated) == (False, True)


def story() -> list[CameraEvent]:
    """Give faults of several kinds, releases of people, and a gap."""
    looks = [*LEARNED, *[shifted] * 65, *[dark] * 70, *[usual] * 70, *[frozen] * 70, *[usual] * 20, *[defocused] * 65]
    told = shown([*looks, *[usual] * 70])
    told[230:230] = [make_decision(229.5, "quarantine_released")]
    told.append(make_decision(519.5, "quarantine_released"))
    return closed([*told, *shown([usual] * 80, first=3000)])


STORY = story()
EXPECTED = lasting(computed(STORY, WITH_ZONES))


def test_the_story_has_incidents_of_several_kinds_that_end_in_several_ways() -> None:
    found = {(row["kind"], row["ended_because"]) for row in EXPECTED["episodes"] if row["kind"]}
    assert {("shifted", "released"), ("frozen", "released")} < found
    assert len(found) >= 3


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, len(STORY) - 1), max_size=40), st.lists(st.integers(0, len(STORY) - 1), max_size=8))
def test_where_it_is_drained_and_moved_to_another_worker_changes_no_row(drained: list[int], moved: list[int]) -> None:
    tables = judged_in_pieces(closed(STORY), WITH_ZONES, frozenset(drained), frozenset(moved))
    assert lasting(tables) == EXPECTED


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32))
def test_any_order_within_the_lateness_gives_the_same_incidents(seed: int) -> None:
    mixed = lasting(computed(within_lateness(STORY[:-1], seed), WITH_ZONES))
    for table in (EpisodeRow.TABLE, "camera_minutes", "counter_minutes", "decisions"):
        assert mixed[table] == EXPECTED[table], table


def test_a_restart_at_any_frame_around_an_opening_and_a_release_changes_no_message() -> None:
    events = closed(
        [*shown([*LEARNED, *[shifted] * 64]), make_decision(153.5, "quarantine_released"), *shown([usual] * 9, 154)]
    )
    whole = judged_in_pieces(events, CAMERA, frozenset(), frozenset())
    for place in (89, 90, 91, *range(147, len(events))):
        moved = judged_in_pieces(events, CAMERA, frozenset(), frozenset([place, place + 1]))
        assert lasting(moved)["episodes"] == lasting(whole)["episodes"], place


def test_no_two_messages_of_an_incident_bear_the_same_revision() -> None:
    revisions = [(one.episode_id, one.revision) for one in messages(STORY)]
    assert len(set(revisions)) == len(revisions) > 6
