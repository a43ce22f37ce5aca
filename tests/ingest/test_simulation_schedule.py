from __future__ import annotations

import pytest

from schemas.cameras import Effect
from services.ingest.simulation.schedule import SimulationMemory, holding, loses_picture

FLOOD = Effect(effect="water", from_seconds=100, until_seconds=200, ramp_seconds=20, strength=0.5)


def strength_at(effect: Effect, seconds: float) -> float:
    return holding((effect,), seconds)[0].strength if holding((effect,), seconds) else 0.0


@pytest.mark.parametrize(
    ("seconds", "strength"),
    [(0, 0), (99, 0), (100, 0), (105, 0.125), (110, 0.25), (120, 0.5), (150, 0.5), (190, 0.25), (195, 0.125), (200, 0)],
)
def test_water_rises_stands_and_falls(seconds: float, strength: float) -> None:
    assert strength_at(FLOOD, seconds) == pytest.approx(strength)


def test_without_a_ramp_it_holds_from_its_beginning_up_to_but_not_including_its_end() -> None:
    effect = Effect(effect="freeze", from_seconds=10, until_seconds=20, strength=1.0)
    assert [bool(holding((effect,), seconds)) for seconds in (9.999, 10, 19.999, 20)] == [False, True, True, False]


def test_without_an_end_it_holds_for_ever() -> None:
    assert strength_at(Effect(effect="night", ramp_seconds=10, strength=0.8), 1e9) == 0.8


def test_it_is_told_how_long_it_has_held() -> None:
    assert holding((FLOOD,), 130)[0].at_seconds == 30


def test_repeated_it_starts_over_with_all_that_it_does() -> None:
    effect = Effect(effect="rain", from_seconds=10, until_seconds=30, ramp_seconds=10, strength=1.0, repeat_seconds=60)
    assert [strength_at(effect, second) for second in (15, 40, 60, 75, 140)] == [0.5, 0, 0, 0.5, 1.0]
    assert holding((effect,), 75)[0].at_seconds == 5


def test_several_hold_at_once_in_their_order() -> None:
    both = (FLOOD, Effect(effect="rain", strength=0.3), Effect(effect="night", from_seconds=500))
    assert [one.effect.effect for one in holding(both, 150)] == ["water", "rain"]


def test_an_effect_without_strength_of_its_own_has_the_level_of_its_ramp() -> None:
    skew = Effect(effect="skew", skew_seconds=60, ramp_seconds=10)
    assert [one.level for one in holding((skew,), 5)] == [0.5]


def test_as_many_pictures_are_lost_as_the_strength_says_the_same_ones_each_time() -> None:
    lost = [loses_picture(0.6, second, 7) for second in range(2000)]
    assert sum(lost) / 2000 == pytest.approx(0.3, abs=0.04)
    assert lost == [loses_picture(0.6, second, 7) for second in range(2000)]
    assert lost != [loses_picture(0.6, second, 8) for second in range(2000)]
    assert not any(loses_picture(0.0, second, 7) for second in range(100))


def test_the_simulation_begins_once() -> None:
    memory = SimulationMemory()
    assert [memory.seconds_at(now) for now in (1000.0, 1005.0, 990.0)] == [0.0, 5.0, 0.0]
