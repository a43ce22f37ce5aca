"""Parking: places are compared by the time for which they were watched; hours in Asia/Jakarta."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from services.aggregate.dashboards.parking import DASHBOARD
from tests.aggregate.dashboards.asked_panels import RULESET, add_camera, add_episode, add_sight, add_verdict, answer
from tests.integration.store_scene import StoreScene, store_scene

pytestmark = pytest.mark.integration

_END = datetime(2026, 5, 3, 17, tzinfo=UTC)


@pytest.fixture(scope="module")
def database(clickhouse_port: int) -> Iterator[StoreScene]:
    with store_scene(clickhouse_port, "parking_tests") as scene:
        yield scene


@pytest.fixture
def scene(database: StoreScene) -> StoreScene:
    database.clear()
    database.choose(RULESET, "2026-01-01")
    return database


def add_case(scene: StoreScene, number: int, camera_id: str, started_at: str, **columns: object) -> None:
    ended = {"phase": "ended", "ended_because": "left", "last_seen_at": started_at, "ended_at": started_at}
    add_episode(scene, number, camera_id, "parking_case", started_at=started_at, dwell_s=600.0, **ended, **columns)


def add_watch(scene: StoreScene, camera_id: str, hour: str, seconds: float) -> None:
    scene.insert("parking_hours", {"camera_id": camera_id, "zone_id": "z", "hour": hour, "forbidden_s": seconds})


def test_a_place_has_a_rate_only_where_it_was_watched_for_long_enough(scene: StoreScene) -> None:
    for camera_id in ("long", "short"):
        add_camera(scene, camera_id)
    add_case(scene, 1, "long", "2026-05-03T01:10:00Z")
    add_case(scene, 2, "long", "2026-05-03T02:10:00Z")
    add_case(scene, 3, "long", "2026-05-03T03:10:00Z")
    add_verdict(scene, 3, "long", "rejected")
    add_case(scene, 4, "short", "2026-05-03T01:10:00Z")
    add_case(scene, 5, "short", "2026-05-03T01:10:00Z", simulated=True)
    add_watch(scene, "long", "2026-05-03T01:00:00Z", 20_000.0)
    add_watch(scene, "short", "2026-05-03T01:00:00Z", 3600.0)
    rows = answer(scene, DASHBOARD, "Places where it happens again", _END)
    assert [(row["camera_id"], row["cases"], row["rejected"], row["per_10_hours"]) for row in rows] == [
        ("long", 2, 1, pytest.approx(3.6)),
        ("short", 1, 0, None),
    ]


def test_an_hour_of_a_street_is_a_figure_a_zero_or_unknown(scene: StoreScene) -> None:
    add_camera(scene, "c")
    add_case(scene, 1, "c", "2026-05-03T01:10:00Z")
    add_watch(scene, "c", "2026-05-03T02:00:00Z", 3600.0)
    [row] = answer(scene, DASHBOARD, "By street and hour", _END)
    assert (row["h08"], row["h09"], row["h10"]) == (1, 0, None)
    by_hour = {
        row["hour_of_day"]: row["suspected"] for row in answer(scene, DASHBOARD, "Cases by hour of the day", _END)
    }
    assert (by_hour["08"], by_hour["09"], by_hour["10"]) == (1, 0, None)


def test_open_cases_are_counted_by_the_time_that_they_were_seen(scene: StoreScene) -> None:
    add_camera(scene, "c")
    add_sight(scene, "c", "parking_minutes", in_force=True)
    for number, dwell_s in enumerate((300.0, 1800.0, 9000.0), start=1):
        add_episode(scene, number, "c", "parking_case", dwell_s=dwell_s)
    assert [row["suspected"] for row in answer(scene, DASHBOARD, "Open cases by age")] == [1, 0, 1, 0, 1]
    assert answer(scene, DASHBOARD, "Standing over 30 minutes") == [{"cases": 2}]
    assert [row["dwell_s"] for row in answer(scene, DASHBOARD, "Open cases, the oldest first")] == [9000, 1800, 300]
    assert answer(scene, DASHBOARD, "No-parking zones in force") == [{"zones": 1}]
