"""Faults by day after a camera has seen a night, and darkness at night."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from schemas.camera_events import SceneFacts
from services.aggregate.scene_faults import SceneState, observe
from tests.aggregate.scene_looks import (
    OTHER_VIEW,
    PERIOD_MS,
    VIEW,
    Look,
    black,
    covered,
    dark,
    defocused,
    holds,
    make_facts,
    shifted,
    show,
)

NIGHT_VIEW = VIEW ^ (1 << 50) - 1
"""A fifth of the bits is another in the light of lamps."""


def left_of_day(seconds: float) -> float:
    """Give the part of a day's light that is left: a day of two hours, dusk from .5 h on, night, day from 1.5 h on."""
    into_night = min(1.0, max(0.0, min(seconds - 1800, 5400 - seconds) / 1200))
    return math.pow(0.05, into_night)


def a_day(bits_at: Callable[[int, float], int], begins_at_seconds: int = 0, softness: float = 0.0) -> SceneState:
    """Give a camera after two hours that stand for a day, in which nothing is an incident.

    ``softness``: the part of the night's detail that is not there.
    """
    state = SceneState()
    for number in range(begins_at_seconds // 5, 7200 // 5):
        left = left_of_day(number * 5)
        sharpness = 1000 * (0.1 + 0.9 * left) ** 2 * (1 - softness * (1 - left))
        facts = make_facts(number, bits_at(number, left), 0.4 * left, 0.02 + 0.18 * left, sharpness)
        assert observe(state, facts, number * 5000, 5000) == []
    return state


def in_noise(number: int, left: float) -> int:
    """Give the view's bits; the darker it is, the more cells are as dark as their neighbours, but for noise."""
    noisy = (1 << round(-240 * math.log10(left) / math.log10(20))) - 1
    drawn = random.Random(number)
    noise = drawn.getrandbits(256) & drawn.getrandbits(256) & drawn.getrandbits(256)
    return VIEW & ~noisy | noise & noisy


def in_utter_noise(number: int, left: float) -> int:
    noisy = (1 << round(-240 * math.log10(left) / math.log10(20))) - 1
    return VIEW ^ random.Random(number).getrandbits(256) & noisy


def in_lamplight(_: int, left: float) -> int:
    changed = (1 << round(-50 * math.log10(left) / math.log10(20))) - 1
    return VIEW ^ changed


@pytest.mark.parametrize("bits_at", [in_noise, in_lamplight])
@pytest.mark.parametrize(
    ("look", "kind"),
    [(dark, "dark"), (black, "dark"), (covered, "covered"), (shifted, "shifted"), (defocused, "defocused")],
)
def test_after_a_day_with_its_night_faults_by_day_are_found_as_on_the_first(
    bits_at: Callable[[int, float], int], look: Look, kind: str
) -> None:
    state = a_day(bits_at)
    assert not holds(state)
    first = state.at_ms // PERIOD_MS + 1
    assert [incident.kind for incident in show(state, [look] * 60, first=first)] == [kind]


def covered_as_by_night(number: int) -> SceneFacts:
    return make_facts(number, OTHER_VIEW, luma=0.03, contrast=0.03, sharpness=20.0)


@pytest.mark.parametrize("look", [shifted, covered_as_by_night, defocused])
def test_a_night_that_a_camera_began_in_fits_no_picture_by_day(look: Look) -> None:
    for state in (
        a_day(in_utter_noise, begins_at_seconds=3600),
        a_day(in_lamplight, begins_at_seconds=3600, softness=0.9),
    ):
        assert all(int.from_bytes(light.steady).bit_count() >= 32 for light in state.view.lights)
        first = state.at_ms // PERIOD_MS + 1
        assert len(show(state, [look] * 60, first=first)) == 1


def test_a_night_that_is_known_explains_darkness_after_a_gap_and_none_that_comes_at_once() -> None:
    def night(number: int) -> SceneFacts:
        return make_facts(number, NIGHT_VIEW, luma=0.02, contrast=0.029, sharpness=21.0)

    at_once = a_day(in_lamplight)
    assert len(at_once.view.lights) >= 2
    assert [one.kind for one in show(at_once, [night] * 60, first=at_once.at_ms // PERIOD_MS + 1)] == ["dark"]
    later = a_day(in_lamplight)
    assert show(later, [night] * 600, first=later.at_ms // PERIOD_MS + 1200) == []
    assert not holds(later)
