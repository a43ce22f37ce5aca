"""Flooding: one minute of a kelurahan counts once, and what was not observed is no dry hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from services.aggregate.dashboards.flooding import DASHBOARD
from tests.aggregate.dashboards.asked_panels import RULESET, add_camera, add_episode, add_sight, add_verdict, answer
from tests.integration.store_scene import StoreScene, store_scene

pytestmark = pytest.mark.integration

_END = datetime(2026, 5, 3, 17, tzinfo=UTC)
"""Midnight in Asia/Jakarta."""


@pytest.fixture(scope="module")
def database(clickhouse_port: int) -> Iterator[StoreScene]:
    with store_scene(clickhouse_port, "flooding_tests") as scene:
        yield scene


@pytest.fixture
def scene(database: StoreScene) -> StoreScene:
    database.clear()
    database.choose(RULESET, "2026-01-01")
    return database


def add_minutes(scene: StoreScene, camera_id: str, *minutes: str, **columns: object) -> None:
    measured = {
        "zone_id": "z",
        "ruleset": RULESET,
        "valid": True,
        "observed_s": 60.0,
        "ratio_mean": 0.4,
        "state": "flood",
    }
    for minute in minutes:
        scene.insert("flood_minutes", {"camera_id": camera_id, "minute": minute, **measured, **columns})


def test_flooded_minutes_of_a_day_are_those_of_the_mart(scene: StoreScene) -> None:
    for camera_id, kelurahan in (("c", "Kaligawe"), ("d", "Kaligawe"), ("e", "Tambakrejo")):
        add_camera(scene, camera_id, kelurahan)
    add_minutes(scene, "c", "2026-05-03T01:10:00Z", "2026-05-03T01:11:00Z")
    add_minutes(scene, "d", "2026-05-03T01:11:00Z", "2026-05-03T01:12:00Z")
    add_minutes(scene, "d", "2026-05-03T01:13:00Z", valid=False)
    add_minutes(scene, "e", "2026-05-03T01:10:00Z", state="dry")
    scene.refresh("flood_hours")
    rows = answer(scene, DASHBOARD, "Flooded minutes by kelurahan", _END)
    assert [(row["kelurahan"], row["flood_minutes"], row["zones_flooded"], row["zones"]) for row in rows] == [
        ("Kaligawe", 3, 2, 2),
        ("Tambakrejo", 0, 0, 1),
    ]
    columns = "kelurahan, flood_minutes, observed_ratio"
    day = "WHERE day = '2026-05-03'"
    mart = scene.ask(f"SELECT {columns} FROM flood_daily_by_kelurahan {day} ORDER BY kelurahan")
    assert [(row["kelurahan"], row["flood_minutes"]) for row in rows] == [row[:2] for row in mart]
    assert [row["observed_ratio"] for row in rows] == pytest.approx([row[2] for row in mart])


def test_a_curve_breaks_off_and_a_state_is_not_seen_where_no_frame_was_judged(scene: StoreScene) -> None:
    add_camera(scene, "c")
    add_minutes(scene, "c", "2026-05-03T16:10:00Z", "2026-05-03T16:12:00Z")
    add_minutes(scene, "c", "2026-05-03T16:13:00Z", valid=False)
    scene.refresh("flood_hours")
    curve = answer(scene, DASHBOARD, "Part of the zone under water, by place", _END, hours=1)
    assert [row["ratio"] for row in curve][9:14] == [None, 0.4, None, 0.4, None]
    states = answer(scene, DASHBOARD, "Dry, water, flood, or not seen", _END, hours=1)
    assert [row["state"] for row in states][9:14] == ["not_seen", "flood", "not_seen", "flood", "not_valid"]
    assert len(curve) == len(states) == 60


def test_a_range_that_is_still_being_written_is_no_error(scene: StoreScene) -> None:
    add_camera(scene, "c")
    assert answer(scene, DASHBOARD, "Part of the zone under water, by place", hours=1 / 60) == []
    assert answer(scene, DASHBOARD, "Dry, water, flood, or not seen", hours=1 / 60) == []


def test_a_day_without_observation_has_no_bar_of_zero(scene: StoreScene) -> None:
    add_camera(scene, "c")
    add_minutes(scene, "c", "2026-05-02T01:10:00Z", state="dry")
    add_minutes(scene, "c", "2026-05-03T01:10:00Z", "2026-05-03T01:11:00Z")
    began = {"started_at": "2026-05-03T01:10:00Z", "phase": "ended", "ended_at": "2026-05-03T01:12:00Z"}
    add_episode(scene, 1, "c", "flood_episode", **began)
    scene.refresh("flood_hours")
    end = datetime(2026, 5, 3, 12, tzinfo=UTC)
    minutes = {
        row["date"]: row["flood_minutes"] for row in answer(scene, DASHBOARD, "Flooded minutes by day, 30 days", end)
    }
    floods = {row["date"]: row["suspected"] for row in answer(scene, DASHBOARD, "Floods begun by day, 30 days", end)}
    days = ["2026-05-01", "2026-05-02", "2026-05-03"]
    assert [minutes[day] for day in days] == [None, 0, 2]
    assert [floods[day] for day in days] == [None, 0, 1]
    assert len(minutes) == len(floods) == 30


def test_a_water_zone_that_went_blind_is_counted_and_named(scene: StoreScene) -> None:
    for camera_id in ("seen", "lost"):
        add_camera(scene, camera_id)
        add_sight(scene, camera_id, state="dry")
    scene.refresh("flood_hours")
    assert answer(scene, DASHBOARD, "Water zones not seen") == [{"zones": 0}]
    scene.client.command("ALTER TABLE flood_minutes DELETE WHERE camera_id = 'lost' SETTINGS mutations_sync = 1")
    assert answer(scene, DASHBOARD, "Water zones not seen") == [{"zones": 1}]
    assert [row["camera_id"] for row in answer(scene, DASHBOARD, "Water zones that nobody sees")] == ["lost"]


_BEGAN = {"started_at": "2026-05-03T01:10:00Z", "phase": "ended", "ended_at": "2026-05-03T01:12:00Z"}


def test_what_a_removed_camera_saw_stays_true(scene: StoreScene) -> None:
    add_camera(scene, "gone", state="removed")
    add_minutes(scene, "gone", "2026-05-03T01:10:00Z", "2026-05-03T01:11:00Z")
    add_episode(scene, 1, "gone", "flood_episode", **_BEGAN)
    add_verdict(scene, 1, "gone", "confirmed")
    scene.refresh("flood_hours")
    title = "Floods in the range: onset, peak, cleared"
    assert [row["review"] for row in answer(scene, DASHBOARD, title, _END)] == ["confirmed"]
    rows = answer(scene, DASHBOARD, "Flooded minutes by kelurahan", _END)
    assert [(row["flood_minutes"], row["confirmed"]) for row in rows] == [(2, 1)]


def test_a_dark_zone_is_expected_and_where_nothing_was_seen_there_are_no_minutes(scene: StoreScene) -> None:
    for camera_id, kelurahan in (("seen", "Kaligawe"), ("dark", "Kaligawe"), ("lost", "Tambakrejo")):
        add_camera(scene, camera_id, kelurahan)
        add_minutes(scene, camera_id, "2026-04-30T17:00:00Z", state="dry")
    add_minutes(scene, "seen", *(f"2026-05-03T{hour:02}:10:00Z" for hour in range(10, 16)), state="dry")
    scene.refresh("flood_hours")
    rows = answer(scene, DASHBOARD, "Flooded minutes by kelurahan", _END)
    shown = [(row["kelurahan"], row["flood_minutes"], row["zones"], row["observed_ratio"]) for row in rows]
    assert shown == [("Tambakrejo", None, 1, 0), ("Kaligawe", 0, 2, pytest.approx(6 / (2 * 24 * 60)))]


def test_a_month_is_measured_from_its_first_day_to_the_end_of_the_range(scene: StoreScene) -> None:
    add_camera(scene, "c")
    add_minutes(scene, "c", "2025-06-01T03:00:00Z", "2026-04-30T17:00:00Z", "2026-05-01T17:00:00Z", state="dry")
    scene.refresh("flood_hours")
    rows = answer(scene, DASHBOARD, "By month and kecamatan, 12 months", _END)
    ratios = {row["year_month"]: row["observed_ratio"] for row in rows}
    assert ratios["2025-06"] == pytest.approx(1 / (30 * 24 * 60))
    assert ratios["2026-04"] == 0
    assert ratios["2026-05"] == pytest.approx(2 / (3 * 24 * 60))
    assert len(rows) == 12


def test_two_kelurahan_of_one_name_are_two(scene: StoreScene) -> None:
    for number, kecamatan in enumerate(("Laweyan", "Jebres"), start=1):
        add_camera(scene, kecamatan, "Purwosari", kecamatan=kecamatan)
        add_episode(scene, number, kecamatan, "flood_episode")
    assert answer(scene, DASHBOARD, "Kelurahan with a flood") == [{"kelurahan": 2}]


def test_a_flood_was_judged_when_a_person_first_did(scene: StoreScene) -> None:
    add_camera(scene, "c")
    add_episode(scene, 1, "c", "flood_episode", **_BEGAN)
    for number, (said, decided_at) in enumerate((("confirmed", "02:10"), ("rejected", "09:10"))):
        judged = {"decision": f"episode_{said}", "decided_at": f"2026-05-03T{decided_at}:00Z", "decided_by": "Sari"}
        scene.insert("decisions", {"camera_id": "c", "episode_id": "1" * 32, "event_id": f"{number:032}", **judged})
    [row] = answer(scene, DASHBOARD, "Floods in the range: onset, peak, cleared", _END)
    assert (row["review"], row["reviewed_after"]) == ("rejected", 3600)
