from __future__ import annotations

from dataclasses import replace

import pytest

from services.cli.city_registry.areas import read_areas
from services.cli.seed.cameras import seed_cameras
from services.cli.seed.city import DAY, HOUR, City
from services.cli.seed.minutes import minute_statements
from tests.conftest import STATE

UNTIL = 1_795_664_400
"""2026-11-26 03:40 UTC."""


@pytest.fixture(scope="module")
def city() -> City:
    return City(seed_cameras(read_areas(STATE), 1100, 1), days=30, until_s=UNTIL, ruleset="7")


def test_cities_that_end_on_other_days_have_the_same_weather_on_the_days_that_they_share(city: City) -> None:
    later = replace(city, until_s=UNTIL + 3 * DAY)
    shared = [rain for rain in later.rains if rain.start_s < UNTIL - DAY and rain.start_s >= later.from_s]
    assert shared == [rain for rain in city.rains if rain.start_s < UNTIL - DAY and rain.start_s >= later.from_s]
    assert len(shared) > 5


def test_it_rains_before_the_end_so_that_a_flood_is_open(city: City) -> None:
    assert UNTIL - 3 * HOUR < city.rains[-1].start_s < UNTIL - 2 * HOUR


def test_a_camera_is_in_one_trouble_at_most(city: City) -> None:
    troubled = [number for numbers in city.trouble for number in numbers]
    assert len(troubled) == len(set(troubled)) > 20


def test_ownerships_begin_at_full_hours_the_newest_before_the_raw_hours(city: City) -> None:
    first, second, third = replace(city, raw_hours=6).epochs_s
    assert first < second < third == UNTIL // HOUR * HOUR - 6 * HOUR
    assert all(epoch % HOUR == 0 for epoch in (first, second, third))


@pytest.mark.parametrize("ahead_s", [0, 20 * 60, 7 * HOUR])
def test_each_day_of_each_kind_of_minute_is_inserted_once_up_to_the_end(city: City, ahead_s: int) -> None:
    ahead = replace(city, ahead_s=ahead_s)
    for table in ("camera_minutes", "counter_minutes", "parking_minutes", "flood_minutes"):
        selects = [select for name, select in minute_statements(ahead) if name == table]
        assert len(selects) == 30 + (ahead_s > HOUR)
        assert all("'7' AS ruleset" in select for select in selects)
        told = [f"toUInt32({ahead.from_s + day * DAY} + n * 60)" for day in range(30)]
        assert all(first in select for first, select in zip(told, selects, strict=False))
