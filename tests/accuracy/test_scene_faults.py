"""What the rule of a camera's scene must find, and must not take for a fault: a part of what the benchmark measures."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from services.cli.bench.measuring.scene_clips import TimeLapse, reported_clips
from services.cli.bench.measuring.scene_faults import (
    find_after_a_day,
    find_on_clip,
    incidents_of,
    quiet_incidents,
    timelapse_incidents,
)
from services.cli.bench.measuring.scene_trials import faults, harmless
from services.detect.accuracy.intervals import poisson_interval
from services.detect.accuracy.labelled_footage import data_folder
from services.runtime.errors import ConfigurationError

pytestmark = pytest.mark.accuracy

SEEDS = (11, 12)
"""None of those that the benchmark takes."""
AFTER_A_DAY = ("shift_0.2", "cover_0.8", "defocus_0.5", "night_0.9", "no_light")
TRAFFIC_AND_WEATHER = ("heavy_rain", "hand_for_30_s", "bus_for_30_s", "exposure")


@cache
def folder() -> Path:
    try:
        reported_clips(data_folder())
        return data_folder()
    except ConfigurationError as error:
        pytest.skip(str(error))


def test_simulated_faults_are_found_within_a_minute_and_called_what_they_are() -> None:
    clips = reported_clips(folder())
    found = [
        find_on_clip(clips[(number + seed) % len(clips)], fault, seed)
        for seed in SEEDS
        for number, fault in enumerate(faults())
    ]
    in_time = [one for one in found if one.delay_seconds is not None]
    print(f"{len(in_time)} of {len(found)}, {sum(one.kind_is_right for one in in_time)} with the right kind")
    assert len(in_time) >= 0.95 * len(found)
    assert sum(one.kind_is_right for one in in_time) >= 0.9 * len(in_time)
    assert not any(one.early for one in found)


def test_after_a_day_with_its_night_faults_by_day_are_found_within_a_minute() -> None:
    chosen = [fault for fault in faults() if fault.name in AFTER_A_DAY]
    assert {fault.kind for fault in chosen} == {"dark", "covered", "shifted", "defocused"}
    found = find_after_a_day(reported_clips(folder())[2], chosen, seed=11)
    assert [(one.fault.name, one.kind_is_right, one.early) for one in found] == [(it.name, True, 0) for it in chosen]


def test_traffic_and_weather_open_no_incident() -> None:
    clip = reported_clips(folder())[2]
    events = [event for event in harmless() if event.name in TRAFFIC_AND_WEATHER]
    assert len(events) == len(TRAFFIC_AND_WEATHER)
    assert {event.name: incidents_of(clip, event) for event in events} == {event.name: [] for event in events}
    assert quiet_incidents(clip, 600) == []


def test_28_hours_of_daylight_open_at_most_one_incident() -> None:
    lapse = TimeLapse(folder() / "pklot/timelapse")
    assert (len(lapse.stills), lapse.first_of_second_day) == (369, 152)
    assert len(timelapse_incidents(lapse)) <= 1


@pytest.mark.parametrize(("count", "low", "high"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.390)])
def test_interval_of_a_count_is_that_of_published_tables(count: int, low: float, high: float) -> None:
    """Source: Garwood 1936, table of exact confidence limits, 95 %."""
    assert list(poisson_interval(count)) == pytest.approx([low, high], abs=1e-3)
