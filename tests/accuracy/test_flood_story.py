"""A flood over real dry footage is one episode with its times; weather without water, on the best and the worst clip.

What is true: the flood begins when water covers 15 % of the zone and has gone when it covers 5 %, as the rule's
thresholds say of r. The rule's times are the starts of its runs, and r is the median of the trailing minute, so half a
minute of delay is the rule's own. How it is with other surfaces and paces: docs/floods.md; with other clips and
weather: the water network's card.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from schemas.table import Row
from services.cli.bench.measuring.dry_weather import (
    START_MS,
    WEATHER_S,
    WET_FROM_S,
    DryClip,
    Image,
    dry_clips,
    floods_of,
    judged,
    minutes_of,
    pictures,
    weather_of,
)
from services.runtime.errors import ConfigurationError
from tests.accuracy.flood_story import Flood, network, surfaces

pytestmark = pytest.mark.accuracy

WITHIN_S = 60
CLEARING_S = 420
"""So long the story goes on when the water has gone: clearing takes 300 s, the median 30."""
WORST_RATIO = 0.65
"""The largest r of PETS09 in the weather that looks most like a flood there (a night without lamps): .54, and room."""


@cache
def clip_of(name: str) -> DryClip:
    try:
        return dry_clips()[name]
    except ConfigurationError as error:
        pytest.skip(str(error))


@cache
def photographed_water() -> list[Image]:
    """Give the two large pieces of water in every 15th photograph."""
    clip_of("street")
    first, second = surfaces(every=15, least_height_px=160).values()
    return [first, second]


@pytest.mark.parametrize("number", range(2))
def test_a_flood_that_rises_and_falls_is_one_episode_with_its_times(number: int) -> None:
    clip, story = clip_of("street"), Flood(photographed_water()[number])
    onset_ms, cleared_ms = (START_MS + 1000 * s for s in (story.onset_s(clip.ground), story.cleared_s(clip.ground)))
    rows = judged(clip, story, story.until_s + CLEARING_S, network())
    (found,) = floods_of(rows)
    onset_late_s, cleared_late_s = (found.started_at - onset_ms) / 1000, (found.cleared_at - cleared_ms) / 1000
    print(f"onset {onset_late_s:+.0f} s, clearing {cleared_late_s:+.0f} s, peak {found.peak_ratio:.2f}")
    assert (found.phase, found.ended_because, found.simulated) == ("ended", "cleared", True)
    assert abs(onset_late_s) <= WITHIN_S
    assert abs(cleared_late_s) <= WITHIN_S
    assert found.started_at < found.peak_at <= found.recession_at < found.cleared_at
    states = [row.state for row in minutes_of(rows)]
    assert (states[0], states[1], states[-1]) == ("dry", "dry", "dry")
    assert "flood" in states


def in_weather(clip: DryClip, name: str) -> dict[str, list[Row]]:
    """Give the rows of a story whose weather is checked to be seen at all."""
    altered, picture = weather_of(name, clip), pictures(clip)[0]
    assert np.abs(altered(picture, WET_FROM_S + 60.0).astype(int) - picture).mean() > 3, "else it would prove nothing"
    rows = judged(clip, altered, WET_FROM_S + WEATHER_S, network())
    ratios = [row.ratio_max for row in minutes_of(rows)]
    print(f"{clip.name}, {name}: largest r {max(ratios):.3f}")
    assert len(ratios) == (WET_FROM_S + WEATHER_S) // 60
    return rows


@pytest.mark.parametrize("name", ["rain_1", "night_1", "wet_road"])
def test_on_a_street_a_cloudburst_a_night_without_lamps_and_a_wet_road_are_no_flood(name: str) -> None:
    assert floods_of(in_weather(clip_of("street"), name)) == []


@pytest.mark.parametrize("name", ["rain_0.3", "wet_road"])
def test_on_pale_paving_steady_rain_and_wet_ground_are_no_flood(name: str) -> None:
    assert floods_of(in_weather(clip_of("pets"), name)) == []


def test_on_pale_paving_a_night_without_lamps_is_a_false_flood_that_is_no_larger_than_the_card_says() -> None:
    (found,) = floods_of(in_weather(clip_of("pets"), "night_1"))
    assert found.review == "suspected"
    assert 0.15 <= found.peak_ratio <= WORST_RATIO
