from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.camera_events import WaterIdentity
from services.cli.bench.measuring import dry_weather
from services.cli.bench.measuring.dry_weather import DryClip, Image, measure_dry_weather
from services.detect.accuracy.intervals import wilson_interval
from services.detect.networks import InputsBgr
from services.detect.water import WaterDetector

GREY = {"asphalt": 90, "paving": 200}
"""Mean brightness of each clip."""
STRONGEST_MINUTES = 8
"""Of the 12 of a story: from minute 4 on the weather and the rule's median are at their strongest."""


class DarkIsWater(WaterDetector):
    """Takes what is darker than dry asphalt for water: asphalt floods when it is wet, paving never."""

    def __init__(self) -> None:
        self.identity = WaterIdentity("dark", "0" * 64)

    def infer(self, inputs_bgr: InputsBgr) -> NDArray[np.uint8]:
        cells = np.asarray(inputs_bgr).reshape(len(inputs_bgr), 18, 16, 32, 16, 3).mean(axis=(2, 4, 5))
        return np.where(cells < 78, 255, 0).astype(np.uint8)


def clips() -> dict[str, DryClip]:
    ground = ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0))
    return {name: DryClip(name, Path(name), 1, ground) for name in GREY}


def pictures(clip: DryClip) -> list[Image]:
    noise = np.random.default_rng(1).integers(-40, 40, (144, 256, 3))
    return [np.asarray(GREY[clip.name] + noise, np.uint8)]


@pytest.fixture
def water(monkeypatch: pytest.MonkeyPatch) -> DarkIsWater:
    monkeypatch.setattr(dry_weather, "dry_clips", clips)
    monkeypatch.setattr(dry_weather, "pictures", pictures)
    return DarkIsWater()


def test_each_weather_has_its_ratio_by_clip_and_the_share_of_clips_that_it_floods(water: DarkIsWater) -> None:
    said: list[tuple[int, int]] = []
    measured = measure_dry_weather(water, lambda *done: said.append(done), ("wet_road", "rain_0.3"))
    expected = {
        "water_dry_ratio_asphalt_wet_road": (1.0, STRONGEST_MINUTES),
        "water_dry_ratio_asphalt_rain_0.3": (0.0, STRONGEST_MINUTES),
        "water_dry_ratio_paving_wet_road": (0.0, STRONGEST_MINUTES),
        "water_dry_ratio_paving_rain_0.3": (0.0, STRONGEST_MINUTES),
        "water_false_flood_wet_road": (0.5, 2),
        "water_false_flood_rain_0.3": (0.0, 2),
        "water_false_flood": (0.25, 4),
    }
    assert {each.name: each.cases for each in measured} == {name: cases for name, (_, cases) in expected.items()}
    for each in measured:
        assert each.low <= each.value <= each.high
        assert each.value == pytest.approx(expected[each.name][0], abs=0.03)
    ends = {each.name: (each.low, each.high) for each in measured}
    assert ends["water_false_flood_wet_road"] == wilson_interval(1, 2)
    assert ends["water_false_flood"] == wilson_interval(1, 4)
    assert said == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_no_weather_is_an_error(water: DarkIsWater) -> None:
    with pytest.raises(ValueError, match="no weather"):
        measure_dry_weather(water, weathers=())
