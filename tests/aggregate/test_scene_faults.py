"""Incidents of a camera's scene: what opens them, what does not, and who ends them."""

from __future__ import annotations

import random

import msgspec
import pytest

from schemas.camera_events import SceneFacts
from services.aggregate.scene_faults import SceneIncident, SceneState, release
from tests.aggregate.scene_looks import (
    OTHER_VIEW,
    PERIOD_MS,
    VIEW,
    Look,
    black,
    covered,
    dark,
    defocused,
    exposed,
    frozen,
    half_covered,
    holds,
    learned,
    make_facts,
    shifted,
    show,
    usual,
)


@pytest.mark.parametrize(
    ("look", "kind"),
    [
        (shifted, "shifted"),
        (covered, "covered"),
        (half_covered, "covered"),
        (defocused, "defocused"),
        (dark, "dark"),
        (black, "dark"),
    ],
)
def test_fault_is_held_at_its_first_frame_and_an_incident_within_a_minute_of_it(look: Look, kind: str) -> None:
    state = learned()
    began_ms = state.at_ms + PERIOD_MS
    assert not holds(state)
    assert show(state, [look]) == []
    assert holds(state)
    (incident,) = show(state, [look] * 59)
    assert (incident.kind, incident.started_at_ms) == (kind, began_ms)
    assert incident.opened_at_ms == began_ms + 59_000
    assert incident.why.value != incident.why.threshold
    assert show(state, [look] * 300) == []


def test_frozen_is_the_same_content_for_a_minute_and_started_with_its_first_frame() -> None:
    state = learned()
    (incident,) = show(state, [frozen] * 61)
    assert (incident.kind, incident.quarantined) == ("frozen", True)
    assert incident.started_at_ms == 90_000
    assert incident.opened_at_ms == 150_000


def test_frozen_takes_three_periods_where_frames_are_rare() -> None:
    state = learned(period_ms=60_000)
    assert show(state, [frozen] * 3, period_ms=60_000) == []
    assert [incident.kind for incident in show(state, [frozen], period_ms=60_000)] == ["frozen"]


@pytest.mark.parametrize("look", [shifted, covered, defocused, dark, frozen])
def test_what_passes_within_half_a_minute_is_held_back_and_no_incident(look: Look) -> None:
    state = learned()
    held = []
    for _ in range(5):
        assert show(state, [look] * 30) == []
        held.append(holds(state))
        assert show(state, [usual] * 60) == []
        assert not holds(state)
    assert all(held)


def test_frames_without_fault_in_between_do_not_start_it_over_while_they_are_few() -> None:
    state = learned()
    assert [incident.kind for incident in show(state, ([covered] * 11 + [usual]) * 6)] == ["covered"]
    state = learned()
    assert show(state, ([covered] * 5 + [usual]) * 30) == []


def test_steps_of_exposure_are_no_fault() -> None:
    state = learned()
    assert show(state, [exposed] * 120 + [usual] * 120) == []
    assert not holds(state)


def test_glare_and_darkness_make_cells_equal_and_are_no_other_view() -> None:
    equal = VIEW & random.Random(4).getrandbits(256)

    def glare(number: int) -> SceneFacts:
        return make_facts(number, equal, luma=0.6, contrast=0.22, sharpness=1700.0)

    def darkness(number: int) -> SceneFacts:
        return make_facts(number, VIEW & equal >> 1, luma=0.04, contrast=0.03, sharpness=25.0)

    assert show(learned(), [glare] * 300) == []
    assert [incident.kind for incident in show(learned(), [darkness] * 60)] == ["dark"]


@pytest.mark.parametrize(("lost_bits", "expected"), [(68, []), (90, ["shifted"])])
def test_rain_may_cost_more_bits_than_another_view_in_clear_air(lost_bits: int, expected: list[str]) -> None:
    lost = (1 << lost_bits) - 1

    def rain(number: int) -> SceneFacts:
        return make_facts(number, VIEW ^ lost, luma=0.36, contrast=0.1, sharpness=300.0)

    def clear(number: int) -> SceneFacts:
        return make_facts(number, VIEW ^ lost)

    assert [incident.kind for incident in show(learned(), [rain] * 120)] == expected
    assert [incident.kind for incident in show(learned(), [clear] * 120)] == ["shifted"]


def test_light_that_goes_slowly_is_followed_and_light_that_fails_is_dark() -> None:
    def dusk(number: int) -> SceneFacts:
        left = 0.1 ** ((number - 90) / 720)
        return make_facts(number, luma=0.4 * left, contrast=0.2 * left, sharpness=1000 * left**2)

    state = learned()
    assert show(state, [dusk] * 720) == []
    assert not holds(state)
    assert [incident.kind for incident in show(learned(), [dark] * 60)] == ["dark"]


def test_view_that_changes_slowly_is_followed_but_never_another_view() -> None:
    def shadows(number: int) -> SceneFacts:
        gone = (1 << min(128, max(0, (number - 90) // 30))) - 1
        return make_facts(number, VIEW & ~gone | OTHER_VIEW & gone)

    state = learned()
    assert show(state, [shadows] * 3840) == []
    state = learned()
    show(state, [shifted] * 7200)
    assert show(state, [usual] * 60) == []
    assert state.view.now is not None
    assert int.from_bytes(state.view.now.bits).bit_count() == pytest.approx(VIEW.bit_count(), abs=4)


def test_two_suspect_samples_are_an_incident_where_frames_are_minutes_apart() -> None:
    state = learned(period_ms=300_000, frames=10)
    assert show(state, [shifted, usual, covered], period_ms=300_000) == []
    assert [incident.kind for incident in show(state, [covered], period_ms=300_000)] == ["covered"]


def test_incident_has_the_kind_of_most_of_its_frames() -> None:
    state = learned()
    assert [incident.kind for incident in show(state, [shifted] * 20 + [covered] * 40)] == ["covered"]


@pytest.mark.parametrize("look", [defocused, dark])
def test_focus_and_light_that_come_back_end_the_incident_after_a_minute(look: Look) -> None:
    state = learned()
    (opened,) = show(state, [look] * 100)
    assert not opened.quarantined
    assert show(state, [usual] * 59) == []
    assert holds(state)
    (ended,) = show(state, [usual])
    assert (ended.kind, ended.ended_because, ended.started_at_ms) == (look.__name__, "cleared", opened.started_at_ms)
    assert ended.ended_at_ms == ended.last_seen_at_ms == 189_000
    assert not holds(state)


@pytest.mark.parametrize("look", [shifted, covered, frozen])
def test_another_view_and_a_frozen_picture_end_by_a_person_alone(look: Look) -> None:
    state = learned()
    (opened,) = show(state, [look] * 90)
    assert show(state, [usual] * 600) == []
    assert holds(state)
    (ended,) = release(state, state.at_ms)
    assert (ended.ended_because, ended.ended_at_ms) == ("released", state.at_ms)
    assert ended.started_at_ms == opened.started_at_ms
    assert not holds(state)
    assert show(state, [usual] * 300) == []


def test_view_that_a_person_released_is_known_beside_the_one_before() -> None:
    state = learned()
    show(state, [shifted] * 90)
    release(state, state.at_ms)
    assert show(state, [shifted] * 120 + [usual] * 120 + [shifted] * 120) == []
    third = random.Random(3).getrandbits(256)
    assert [one.kind for one in show(state, [lambda number: make_facts(number, third)] * 60)] == ["shifted"]


def test_while_a_camera_looks_elsewhere_no_other_fault_of_its_view_is_told() -> None:
    state = learned()
    assert [incident.kind for incident in show(state, [shifted] * 90 + [covered] * 90 + [dark] * 90)] == ["shifted"]


def test_cover_in_the_dark_is_an_incident_of_its_own() -> None:
    state = learned()
    changed = show(state, [dark] * 90 + [covered] * 150)
    assert [(one.kind, one.ended_because) for one in changed] == [("dark", ""), ("covered", ""), ("dark", "cleared")]


def test_long_gap_ends_runs_and_keeps_the_view() -> None:
    state = learned()
    assert show(state, [covered] * 50) == []
    later = 10_000
    assert show(state, [covered] * 50, first=later) == []
    assert [incident.kind for incident in show(state, [covered] * 10)] == ["covered"]


def test_nothing_but_blackness_is_told_before_the_view_is_known() -> None:
    state = SceneState()
    assert show(state, [usual] * 30 + [shifted] * 20) == []
    assert [incident.kind for incident in show(SceneState(), [black] * 60)] == ["dark"]


def test_state_goes_through_its_blob_at_any_frame_and_is_small() -> None:
    looks = [usual] * 90 + [shifted] * 20 + [usual] * 20 + [dark] * 80 + [usual] * 100 + [covered] * 70
    whole, pieces = SceneState(), SceneState()
    expected = show(whole, looks)
    found: list[SceneIncident] = []
    size = 0
    for look in looks:
        blob = msgspec.msgpack.encode(pieces)
        size = max(size, len(blob))
        pieces = msgspec.msgpack.decode(blob, type=SceneState)
        found += show(pieces, [look])
    assert found == expected
    assert [one.kind for one in found] == ["dark", "dark", "covered"]
    assert size < 2048


def test_half_an_hour_without_a_frame_ends_what_no_person_must_end() -> None:
    state = learned()
    show(state, [dark] * 90)
    last_seen_at_ms = state.at_ms
    (ended,) = show(state, [usual], first=state.at_ms // PERIOD_MS + 1800)
    assert (ended.kind, ended.ended_because, ended.ended_at_ms) == ("dark", "no_data", last_seen_at_ms)
    assert not holds(state)
    state = learned()
    show(state, [dark] * 90)
    assert show(state, [dark], first=state.at_ms // PERIOD_MS + 1799) == []
    state = learned()
    show(state, [shifted] * 90)
    assert show(state, [usual] * 90, first=state.at_ms // PERIOD_MS + 3600) == []
    assert holds(state)


def test_nothing_is_held_after_the_release_of_a_frozen_picture() -> None:
    state = learned()
    show(state, [frozen] * 90)
    assert [one.kind for one in release(state, state.at_ms)] == ["frozen"]
    assert not holds(state)
