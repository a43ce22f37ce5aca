"""City now: what counts, what is only shown, and what nobody can see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from services.aggregate.dashboards.city_now import DASHBOARD
from tests.aggregate.dashboards.asked_panels import (
    RULESET,
    add_camera,
    add_episode,
    add_sight,
    add_verdict,
    answer,
    minutes_ago,
)
from tests.integration.store_scene import StoreScene, store_scene

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def database(clickhouse_port: int) -> Iterator[StoreScene]:
    with store_scene(clickhouse_port, "city_now_tests") as scene:
        yield scene


@pytest.fixture
def scene(database: StoreScene) -> StoreScene:
    database.clear()
    database.choose(RULESET, "2026-01-01")
    return database


def test_where_no_zone_is_seen_there_is_no_figure_and_not_zero(scene: StoreScene) -> None:
    figures = ("Floods, confirmed", "Floods, suspected", "Counters unattended", "Open parking cases")
    add_camera(scene, "c")
    assert [list(answer(scene, DASHBOARD, title)[0].values()) for title in figures] == [[None]] * 4
    for table in ("flood_minutes", "counter_minutes", "parking_minutes"):
        add_sight(scene, "c", table)
    assert [list(answer(scene, DASHBOARD, title)[0].values()) for title in figures] == [[0]] * 4


def test_rejected_and_simulated_floods_are_not_counted_and_confirmed_ones_apart(scene: StoreScene) -> None:
    for number, camera_id in enumerate("cdef", start=1):
        add_camera(scene, camera_id)
        add_episode(scene, number, camera_id, "flood_episode", simulated=camera_id == "f")
    add_verdict(scene, 1, "c", "confirmed")
    add_verdict(scene, 2, "d", "rejected")
    assert answer(scene, DASHBOARD, "Floods, confirmed") == [{"floods": 1}]
    assert answer(scene, DASHBOARD, "Floods, suspected") == [{"floods": 1}]
    shown = [(row["camera_id"], row["review"]) for row in answer(scene, DASHBOARD, "Open floods")]
    assert shown == [("c", "confirmed"), ("e", "suspected"), ("f", "suspected")]  # the simulated one last


def test_the_map_shows_the_gravest_of_a_camera_and_tells_blind_from_calm(scene: StoreScene) -> None:
    for camera_id in ("calm", "wet", "queue", "blind", "paused", "removed"):
        add_camera(scene, camera_id, state=camera_id if camera_id in ("paused", "removed") else "active")
    add_camera(scene, "unplaced", latitude=0.0, longitude=0.0)
    for camera_id in ("calm", "wet", "queue"):
        add_sight(scene, camera_id)
    add_episode(scene, 1, "wet", "parking_case")
    add_episode(scene, 2, "wet", "flood_episode")
    add_episode(scene, 3, "queue", "counter_episode", kind="unattended")
    states = [(row["camera_id"], row["state"]) for row in answer(scene, DASHBOARD, "Cameras by state")]
    assert states == [  # what is drawn last lies on top
        ("calm", "sees"),
        ("paused", "paused"),
        ("blind", "blind"),
        ("queue", "unattended"),
        ("wet", "flood_suspected"),
    ]


def test_an_open_flood_tells_how_it_goes_and_whether_its_camera_sees(scene: StoreScene) -> None:
    for number, camera_id in enumerate(("risen", "lost"), start=1):
        add_camera(scene, camera_id)
        add_episode(scene, number, camera_id, "flood_episode", peak_ratio=0.4)
    add_sight(scene, "risen", ratio_mean=0.4)
    earlier = {"camera_id": "risen", "zone_id": "z", "ruleset": RULESET, "valid": True, "ratio_mean": 0.2}
    scene.insert("flood_minutes", {**earlier, "minute": f"{minutes_ago(12):%Y-%m-%dT%H:%M:00Z}"})
    rows = answer(scene, DASHBOARD, "Open floods")
    assert [(row["camera_id"], row["ratio"], row["trend"], row["picture"]) for row in rows] == [
        ("risen", 0.4, "rising", "seen"),
        ("lost", None, None, "not_owned"),
    ]


def test_a_city_without_sight_draws_no_calm_curve(scene: StoreScene) -> None:
    add_camera(scene, "c")
    add_episode(scene, 1, "c", "flood_episode", phase="ended", ended_at=f"{minutes_ago(1):%Y-%m-%dT%H:%M:%SZ}")
    curve = answer(scene, DASHBOARD, "Floods and unattended counters", hours=1)
    assert {row["suspected"] for row in curve} == {None}
    hours = [f"{minutes_ago(minutes):%Y-%m-%dT%H:00:00Z}" for minutes in (0, 60, 120)]
    scene.insert("camera_hours", *({"camera_id": "c", "hour": hour, "valid_minutes": 60} for hour in hours))
    curve = answer(scene, DASHBOARD, "Floods and unattended counters", hours=1)
    counts = [row["suspected"] for row in curve]
    assert set(counts) == {0, 1}
    assert counts == sorted(counts)  # from its onset on, to its end a minute ago
    assert sum(counts) == pytest.approx(19, abs=1)


def test_of_the_running_hour_no_part_is_called_unseen(scene: StoreScene) -> None:
    add_camera(scene, "c")
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    assert answer(scene, DASHBOARD, "How much of the city was seen", hour + timedelta(minutes=1), hours=1 / 60) == []
    scene.insert("camera_hours", {"camera_id": "c", "hour": f"{hour:%Y-%m-%dT%H:00:00Z}", "valid_minutes": 1})
    before = hour - timedelta(hours=2)
    scene.insert("camera_hours", {"camera_id": "c", "hour": f"{before:%Y-%m-%dT%H:00:00Z}", "valid_minutes": 45})
    seen = answer(scene, DASHBOARD, "How much of the city was seen", hours=2)
    assert [row["seen"] for row in seen if row["time"].replace(tzinfo=UTC) == before] == [0.75]
    assert not [row for row in seen if row["time"].replace(tzinfo=UTC) == hour]


def test_an_incident_tells_its_verdict_and_one_of_simulated_pictures_stands_last(scene: StoreScene) -> None:
    for number, camera_id in enumerate("cde", start=1):
        add_camera(scene, camera_id)
        taken = {"quarantined": camera_id != "d", "simulated": camera_id == "c"}
        add_episode(scene, number, camera_id, "camera_incident", kind="covered", **taken)
    add_verdict(scene, 3, "e", "rejected")
    rows = answer(scene, DASHBOARD, "Pictures not to be trusted")
    assert [(row["camera_id"], row["quarantined"], row["review"]) for row in rows] == [
        ("e", "yes", "rejected"),
        ("d", "no", "suspected"),
        ("c", "simulated", "suspected"),
    ]


def test_a_removed_camera_has_nothing_open_now_and_was_flooded_until_it_was_last_seen(scene: StoreScene) -> None:
    add_camera(scene, "gone", state="removed")
    seen_last = {"last_seen_at": f"{minutes_ago(10):%Y-%m-%dT%H:%M:%SZ}"}
    add_episode(scene, 1, "gone", "flood_episode", **seen_last)
    for camera_id in ("gone", "here"):
        add_sight(scene, camera_id)
    add_camera(scene, "here")
    hours = [f"{minutes_ago(minutes):%Y-%m-%dT%H:00:00Z}" for minutes in (0, 60, 120)]
    scene.insert("camera_hours", *({"camera_id": "here", "hour": hour, "valid_minutes": 60} for hour in hours))
    assert answer(scene, DASHBOARD, "Floods, suspected") == [{"floods": 0}]
    assert answer(scene, DASHBOARD, "Open floods") == []
    curve = answer(scene, DASHBOARD, "Floods and unattended counters", hours=1)
    assert sum(row["suspected"] for row in curve) == pytest.approx(11, abs=1)
