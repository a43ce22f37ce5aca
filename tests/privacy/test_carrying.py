"""One missed detection flashes no face: who was found before and after is hidden in between, however far apart."""

from __future__ import annotations

import pytest

from schemas.camera_events import DetectedObject
from schemas.geometry import BoxXyxy
from services.privacy.carrying import CARRY_MS, SURE_SCORE, SURER_SCORE, carried
from services.privacy.sighting import Sighting


def person(x: float, score: float = 0.9, height: float = 0.3) -> DetectedObject:
    """Give a person whose box is centred on x."""
    return DetectedObject("person", score, (x - height / 6, 0.4, x + height / 6, 0.4 + height))


def sighting(at_ms: int, *things: DetectedObject) -> Sighting:
    return Sighting(at_ms, 1.0, things)


def boxes(found: list[DetectedObject]) -> list[BoxXyxy]:
    return [tuple(round(edge, 3) for edge in thing.box) for thing in found]  # type: ignore[misc]


def test_who_was_missed_between_two_finds_is_where_the_way_leads() -> None:
    missed = carried(sighting(1000), [sighting(0, person(0.4))], [sighting(2000, person(0.6))])
    assert boxes(missed) == boxes([person(0.5)])


def test_who_was_found_is_not_carried() -> None:
    assert carried(sighting(1000, person(0.5)), [sighting(0, person(0.4))], [sighting(2000, person(0.6))]) == []


@pytest.mark.parametrize(("period_ms", "reached"), [(100, False), (250, True), (1000, True), (5000, True)])
def test_the_slower_pictures_come_the_farther_a_person_may_have_gone(period_ms: int, reached: bool) -> None:
    before, after = sighting(0, person(0.4, 0.45)), sighting(2 * period_ms, person(0.6, 0.45))
    missed = carried(sighting(period_ms), [before], [after])
    assert boxes(missed) == (boxes([person(0.5)]) if reached else [])


def test_a_thing_found_on_one_side_alone_stays_for_half_a_second_where_it_was() -> None:
    assert boxes(carried(sighting(CARRY_MS), [sighting(0, person(0.4))], [])) == boxes([person(0.4)])
    assert carried(sighting(CARRY_MS + 1), [sighting(0, person(0.4))], []) == []
    assert carried(sighting(CARRY_MS), [sighting(0, person(0.4, SURER_SCORE - 0.01))], []) == []


def test_faint_finds_are_not_carried() -> None:
    faint = SURE_SCORE - 0.01
    assert carried(sighting(1000), [sighting(0, person(0.5, faint))], [sighting(2000, person(0.5, faint))]) == []


def test_a_person_and_a_car_are_never_one_thing() -> None:
    car = DetectedObject("car", 0.9, person(0.6).box)
    assert carried(sighting(5000), [sighting(0, person(0.4))], [sighting(10_000, car)]) == []


def test_a_child_does_not_become_a_grown_up() -> None:
    assert carried(sighting(2000), [sighting(0, person(0.4, height=0.1))], [sighting(4000, person(0.4))]) == []


def test_two_people_close_together_are_both_carried() -> None:
    both = (person(0.4), person(0.5))
    missed = carried(sighting(1000, person(0.4)), [sighting(0, *both)], [sighting(2000, *both)])
    assert boxes(missed) == boxes([person(0.5)])


def test_of_quick_pictures_the_nearest_find_of_a_thing_counts() -> None:
    before = [sighting(800), sighting(600, person(0.4))]
    after = [sighting(1200, person(0.5)), sighting(1400, person(0.55))]
    [missed] = carried(sighting(1000), before, after)
    assert 0.4 < (missed.box[0] + missed.box[2]) / 2 < 0.5
