"""Effects are pure, and detect's own measures of a scene react to them as they would to the real thing."""

from __future__ import annotations

import numpy as np
import pytest

from deploy.local.footage import ensure_footage
from deploy.local.testing import SHARED_STATE
from schemas.cameras import Effect, EffectName
from services.ingest.simulation.effects import DRAWN, apply_effects
from tests.ingest.simulation_scenes import Image, distances, facts, made_street, pictures_of, with_effect

SEEDS = range(4)


@pytest.mark.parametrize("name", list(DRAWN))
def test_an_effect_is_the_same_each_time_and_leaves_its_input_alone(name: EffectName) -> None:
    image = made_street().copy()
    first, again = with_effect(image, name, 0.6), with_effect(image, name, 0.6)
    assert first.shape == image.shape
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert np.array_equal(image, made_street())
    assert not np.array_equal(first, image)


@pytest.mark.parametrize("name", list(DRAWN))
def test_strength_0_draws_nothing_and_more_strength_changes_more(name: EffectName) -> None:
    image = made_street()
    changes = [np.abs(with_effect(image, name, strength).astype(int) - image).mean() for strength in (0.0, 0.01, 0.9)]
    assert changes[0] == 0
    assert changes[1] < changes[2]


@pytest.mark.parametrize("name", ["rain", "water", "cover", "night", "loss"])
def test_what_moves_in_the_world_moves_with_time_so_that_no_camera_looks_frozen(name: EffectName) -> None:
    shown = [with_effect(made_street(), name, 1.0 if name == "cover" else 0.7, at) for at in (5.0, 6.0)]
    assert facts(shown[0]).content_hash != facts(shown[1]).content_hash


@pytest.mark.parametrize("name", ["cover", "shift", "rain"])
def test_two_cameras_do_not_look_the_same(name: EffectName) -> None:
    assert not np.array_equal(
        with_effect(made_street(), name, 0.5, seed=1), with_effect(made_street(), name, 0.5, seed=2)
    )


@pytest.mark.parametrize("name", list(DRAWN))
@pytest.mark.parametrize("size", [(1, 1), (7, 400), (16, 16), (17, 160), (121, 67)])
def test_any_size_of_picture_is_drawn_over(name: EffectName, size: tuple[int, int]) -> None:
    image = np.full((*size, 3), 120, np.uint8)
    for strength in (0.01, 0.5, 1.0):
        assert with_effect(image, name, strength, at_seconds=1e6).shape == image.shape


def test_effects_are_laid_on_in_the_order_in_which_a_picture_comes_about() -> None:
    night, water = (Effect(effect="night"), 0.9, 1.0), (Effect(effect="water"), 0.5, 1.0)
    assert np.array_equal(
        apply_effects(made_street(), (night, water), 1), apply_effects(made_street(), (water, night), 1)
    )


def test_freeze_and_skew_draw_nothing() -> None:
    image = made_street()
    assert apply_effects(image, ((Effect(effect="freeze"), 1.0, 1.0), (Effect(effect="skew"), 1.0, 1.0)), 1) is image


@pytest.mark.parametrize("seed", SEEDS)
def test_a_covered_lens_loses_contrast_and_sharpness(seed: int) -> None:
    before, after = facts(made_street()), facts(with_effect(made_street(), "cover", 1.0, seed=seed))
    assert after.contrast < min(0.06, before.contrast / 2)
    assert after.sharpness < before.sharpness / 5
    assert after.luma < before.luma / 2


@pytest.mark.parametrize("strength", [0.25, 0.5, 0.75])
def test_cover_hides_about_the_part_of_the_picture_that_it_names(strength: float) -> None:
    white = np.full((360, 640, 3), 230, np.uint8)
    for seed in SEEDS:
        hidden = (with_effect(white, "cover", strength, seed=seed).mean(axis=2) < 150).mean()
        assert hidden == pytest.approx(strength, abs=0.06)


@pytest.mark.parametrize("strength", [0.25, 0.5, 0.75])
def test_water_stands_as_high_as_it_names(strength: float) -> None:
    lit = np.full((360, 640, 3), 200, np.uint8)
    wet = (np.abs(with_effect(lit, "water", strength).astype(int) - 200).max(axis=2) > 8).mean()
    assert wet == pytest.approx(0.9 * strength, abs=0.07)


def test_defocus_takes_sharpness_and_leaves_the_light() -> None:
    facts_by_strength = [
        facts(with_effect(made_street(), "defocus", strength)) for strength in (0.0, 0.1, 0.3, 0.6, 1.0)
    ]
    sharpness = [found.sharpness for found in facts_by_strength]
    assert sharpness == sorted(sharpness, reverse=True)
    assert sharpness[3] < sharpness[0] / 20
    assert facts_by_strength[-1].luma == pytest.approx(facts_by_strength[0].luma, rel=0.1)


def test_night_takes_the_light() -> None:
    lumas = [facts(with_effect(made_street(), "night", strength)).luma for strength in (0.0, 0.3, 0.6, 1.0)]
    assert lumas == sorted(lumas, reverse=True)
    assert lumas[3] < 0.1


def test_lamps_stay_bright_at_night() -> None:
    image = np.full((360, 640, 3), 90, np.uint8)
    image[100:104, 300:304] = 255
    assert with_effect(image, "night", 1.0)[98:106, 298:306].max() > 100


@pytest.mark.parametrize("strength", [0.2, 0.6])
def test_rain_takes_contrast_and_some_of_it_is_light(strength: float) -> None:
    before, after = facts(made_street()), facts(with_effect(made_street(), "rain", strength))
    assert after.contrast < before.contrast * 0.95
    assert after.luma > 0.5 * before.luma


@pytest.mark.integration
def test_on_real_footage_a_moved_camera_stands_out_from_traffic_and_weather_does_not() -> None:
    views = _views()
    traffic = max(distances(views[:1], views[1:]))
    shifted = [with_effect(view, "shift", 0.1, seed=seed) for view in views[:3] for seed in SEEDS]
    turned = [with_effect(view, "rotate", 0.3, seed=seed) for view in views[:3] for seed in SEEDS]
    moved = min(distances(shifted, views[3:6]) + distances(turned, views[3:6]))
    weather: list[Image] = []
    for seed in SEEDS:
        weather += [with_effect(views[0], "rain", 0.8, seed=seed), with_effect(views[1], "water", 0.4, seed=seed)]
    assert moved > 1.5 * traffic
    assert max(distances(weather, views[3:6])) < moved


def _views() -> list[Image]:
    """Ten views of one street: of the clip, or, where that can't be had, of the street that is made here."""
    footage = ensure_footage(SHARED_STATE, print)
    if footage.rendered:  # its areas are flat: their signature is that of their noise
        return [made_street(moment) for moment in range(10)]
    return pictures_of(footage.path, every=30, count=10)
