"""A flood over real dry footage is one episode with its times; rain, night and a wet road are none.

What is true: the flood begins when water covers 15 % of the zone and has gone when it covers 5 %, as the rule's
thresholds say of r. The rule's times are the starts of its runs, and r is the median of the trailing minute, so half a
minute of delay is the rule's own. How it is with other clips, surfaces and paces: docs/semantics.md, *Floods*.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from schemas.table import Row
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.rows import FloodMinuteRow
from services.runtime.errors import ConfigurationError
from tests.accuracy.flood_story import (
    WET_FROM_S,
    Alteration,
    DryClip,
    Flood,
    Image,
    dry_clips,
    judged,
    pictures,
    surfaces,
    weather,
    wet_road,
)
from tests.aggregate.make_events import START_MS

pytestmark = pytest.mark.accuracy

WITHIN_S = 60
CLEARING_S = 420
"""So long the story goes on when the water has gone: clearing takes 300 s, the median 30."""
WEATHER_S = 600


@cache
def street() -> DryClip:
    try:
        return dry_clips()["street"]
    except ConfigurationError as error:
        pytest.skip(str(error))


@cache
def photographed_water() -> list[Image]:
    """Give the two large pieces of water in every 15th photograph."""
    street()
    first, second = surfaces(every=15, least_height_px=160).values()
    return [first, second]


def floods_of(rows: dict[str, list[Row]]) -> list[EpisodeRow]:
    """Give the floods: a night is an incident of the camera, and rightly so."""
    found = [row for row in rows[EpisodeRow.TABLE] if isinstance(row, EpisodeRow)]
    return [row for row in found if row.episode_type == "flood_episode"]


def minutes_of(rows: dict[str, list[Row]]) -> list[FloodMinuteRow]:
    return [row for row in rows[FloodMinuteRow.TABLE] if isinstance(row, FloodMinuteRow)]


@pytest.mark.parametrize("number", range(2))
def test_a_flood_that_rises_and_falls_is_one_episode_with_its_times(number: int) -> None:
    clip, story = street(), Flood(photographed_water()[number])
    onset_ms, cleared_ms = (START_MS + 1000 * s for s in (story.onset_s(clip.ground), story.cleared_s(clip.ground)))
    rows = judged(clip, story, story.until_s + CLEARING_S)
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


def no_water(name: str) -> Alteration:
    return wet_road(street().ground) if name == "wet road" else weather(name, 1.0)


@pytest.mark.parametrize("name", ["rain", "night", "wet road"])
def test_a_cloudburst_a_night_without_lamps_and_a_wet_road_are_no_flood(name: str) -> None:
    clip, altered = street(), no_water(name)
    picture = pictures(clip)[0]
    assert np.abs(altered(picture, WET_FROM_S + 60.0).astype(int) - picture).mean() > 3, "else it would prove nothing"
    rows = judged(clip, altered, WET_FROM_S + WEATHER_S)
    ratios = [row.ratio_max for row in minutes_of(rows)]
    print(f"{name}: largest r {max(ratios):.3f}")
    assert len(ratios) == (WET_FROM_S + WEATHER_S) // 60
    assert floods_of(rows) == []
