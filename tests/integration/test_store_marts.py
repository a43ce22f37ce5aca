"""The marts: literal rows in, literal answers out, and each reads no more of the tables than it needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.registry_rows import CameraRow
from tests.integration.store_scene import StoreScene, store_scene

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def database(clickhouse_port: int) -> Iterator[StoreScene]:
    with store_scene(clickhouse_port, "mart_tests") as scene:
        yield scene


@pytest.fixture
def scene(database: StoreScene) -> StoreScene:
    database.clear()
    database.choose("2", "2026-05-02")
    database.insert(CameraRow.TABLE, camera("c"))
    return database


def camera(camera_id: str, **columns: Any) -> dict[str, Any]:
    places = {"name": f"Gate {camera_id}", "kind": "street", "kecamatan": "Candisari", "kelurahan": "Jatingaleh"}
    standing = {
        "revision": 1,
        "version": 1,
        "sample_fps": 1.0,
        "state": "active",
        "latitude": -7.03,
        "longitude": 110.4,
    }
    return {"camera_id": camera_id, **places, **standing, **columns}


def minute(at: str, **columns: Any) -> dict[str, Any]:
    measured = {"valid": True, "observed_s": 60.0, "expected_s": 60.0}
    return {"camera_id": "c", "minute": at, "ruleset": "2", **measured, **columns}


def episode(number: int, started_at: str, **columns: Any) -> dict[str, Any]:
    named = {"camera_id": "c", "episode_id": f"{number}" * 32, "episode_type": "parking_case", "ruleset": "2"}
    return {**named, "review": "suspected", "phase": "ended", "started_at": started_at, **columns}


def verdict(number: int, said: str, at: str = "2026-05-04T00:00:00Z", camera_id: str = "c") -> dict[str, Any]:
    judged = {"decision": f"episode_{said}", "decided_at": at, "decided_by": "Sari"}
    event_id = f"{number}{at[8:10]}".ljust(32, "d")
    return {"camera_id": camera_id, "event_id": event_id, "episode_id": f"{number}" * 32, **judged}


def test_a_kelurahan_s_flooded_hours_are_jakarta_s_and_nothing_observed_is_not_known(scene: StoreScene) -> None:
    scene.insert(CameraRow.TABLE, camera("d", kelurahan="Tegalsari"))
    flood = {"zone_id": "z", "state": "flood", "ratio_max": 0.5}
    scene.insert("flood_minutes", minute("2026-05-01T17:10:00Z", **flood), minute("2026-05-01T23:00:00Z", **flood))
    scene.insert("flood_minutes", minute("2026-05-01T17:10:00Z", camera_id="d", valid=False, **flood))
    scene.refresh("flood_hours")
    columns = "kelurahan, toString(day), flood_minutes, hours_flooded, cameras, known, round(observed_ratio * 86400)"
    day = "WHERE day <= '2026-05-02'"
    assert scene.ask(f"SELECT {columns} FROM flood_daily_by_kelurahan {day} ORDER BY kelurahan") == [
        ("Jatingaleh", "2026-05-02", 2, [0, 6], 1, True, 120.0),
        ("Tegalsari", "2026-05-02", 0, [], 1, False, 0.0),
    ]


def test_a_dark_water_zone_is_expected_and_a_kelurahan_all_dark_is_a_row_that_knows_nothing(scene: StoreScene) -> None:
    scene.insert(CameraRow.TABLE, camera("d"), camera("gone", state="removed"), camera("e", kelurahan="Tegalsari"))
    first, second = "2026-05-01T20:00:00Z", "2026-05-02T20:00:00Z"
    dry = {"zone_id": "z", "state": "dry"}
    scene.insert("flood_minutes", *(minute(first, camera_id=name, **dry) for name in ("c", "d", "gone", "e")))
    scene.insert("flood_minutes", minute(first, zone_id="taken away", state="dry"), minute(second, **dry))
    scene.refresh("flood_hours")
    columns = "kelurahan, toString(day), zones, zones_expected, cameras, known, round(observed_ratio * 86400)"
    days = "WHERE day <= '2026-05-03'"
    assert scene.ask(f"SELECT {columns} FROM flood_daily_by_kelurahan {days} ORDER BY kelurahan, day") == [
        ("Jatingaleh", "2026-05-02", 4, 4, 3, True, 60.0),
        ("Jatingaleh", "2026-05-03", 1, 2, 1, True, 30.0),
        ("Tegalsari", "2026-05-02", 1, 1, 1, True, 60.0),
        ("Tegalsari", "2026-05-03", 0, 1, 0, False, 0.0),
    ]
    [today] = scene.ask(f"SELECT {columns} FROM flood_daily_by_kelurahan ORDER BY day DESC, kelurahan LIMIT 1")
    assert today[2:] == (0, 2, 0, False, 0.0)


def test_a_flood_s_course_and_response_time_count_from_its_onset(scene: StoreScene) -> None:
    flood = {"episode_type": "flood_episode", "zone_id": "z", "peak_ratio": 0.7}
    course = {"peak_at": "2026-05-03T20:30:00Z", "cleared_at": "2026-05-03T21:00:00Z"}
    scene.insert(
        EpisodeRow.TABLE,
        episode(1, "2026-05-03T20:00:00Z", ended_at="2026-05-03T21:10:00Z", **flood, **course),
        episode(2, "2026-05-03T22:00:00Z", phase="open", last_seen_at="2026-05-03T22:05:00Z", **flood),
        episode(3, "2026-05-03T22:00:00Z", simulated=True, **flood),
    )
    scene.insert("decisions", verdict(1, "confirmed", "2026-05-03T20:45:00Z"))
    columns = "toString(day), open, duration_s, peak_known, onset_to_peak_s, cleared_known, peak_to_cleared_s, review"
    columns += ", reviewed_known, onset_to_review_s, portal_path"
    assert scene.ask(f"SELECT {columns} FROM flood_events ORDER BY started_at") == [
        ("2026-05-04", False, 4200.0, True, 1800.0, True, 1800.0, "confirmed", True, 2700.0, path("20:30")),
        ("2026-05-04", True, 300.0, False, 0.0, False, 0.0, "suspected", False, 0.0, path("22:00")),
    ]


def test_the_response_time_is_that_of_the_first_decision_however_often_people_think_again(scene: StoreScene) -> None:
    at = "2026-05-03T20:00:00Z"
    scene.insert(EpisodeRow.TABLE, episode(1, at, episode_type="flood_episode"), episode(2, at))
    for number in (1, 2):
        first = verdict(number, "rejected", "2026-05-03T20:10:00Z")
        scene.insert("decisions", first, verdict(number, "confirmed", "2026-05-10T20:00:00Z"))
    times = "review, reviewed_known, toString(first_reviewed_at), toString(reviewed_at)"
    told = ("confirmed", True, "2026-05-03 20:10:00.000", "2026-05-10 20:00:00.000", 600.0)
    assert scene.ask(f"SELECT {times}, onset_to_review_s FROM flood_events") == [told]
    assert scene.ask(f"SELECT {times}, start_to_review_s FROM parking_cases") == [told]


def path(at: str) -> str:
    hours, minutes = map(int, at.split(":"))
    return f"/cameras/c?at={(1_777_766_400 + hours * 3600 + minutes * 60) * 1000}"


def test_a_parking_case_is_one_row_with_its_place_its_times_and_what_people_said(scene: StoreScene) -> None:
    scene.insert(
        EpisodeRow.TABLE,
        episode(1, "2026-05-03T20:00:00Z", ended_at="2026-05-03T20:10:00Z", dwell_s=500.0, vehicle="car"),
        episode(2, "2026-05-03T21:00:00Z", phase="open", last_seen_at="2026-05-03T21:01:00Z", dwell_s=60.0),
        episode(3, "2026-05-03T20:00:00Z", simulated=True),
        episode(4, "2026-05-03T20:00:00Z", episode_type="flood_episode"),
        episode(5, "2026-05-03T20:00:00Z", ruleset="x"),
    )
    scene.insert("decisions", verdict(1, "rejected", "2026-05-03T21:00:00Z"))
    columns = "episode_id, name, kelurahan, toString(day), hour_of_day, open, dwell_s, duration_s, review"
    columns += ", reviewed_known, start_to_review_s, portal_path"
    assert scene.ask(f"SELECT {columns} FROM parking_cases ORDER BY started_at") == [
        (
            "1" * 32,
            "Gate c",
            "Jatingaleh",
            "2026-05-04",
            3,
            False,
            500.0,
            600.0,
            "rejected",
            True,
            3600.0,
            path("20:00"),
        ),
        ("2" * 32, "Gate c", "Jatingaleh", "2026-05-04", 4, True, 60.0, 60.0, "suspected", False, 0.0, path("21:00")),
    ]


def test_a_counter_s_hour_estimates_waiting_only_where_all_its_minutes_count_people_served(scene: StoreScene) -> None:
    queue = {"queue_known": True, "queue_mean": 3.0, "queue_max": 5, "opening": "open"}
    staff = {"staffed_known": True, "staffed_s": 30.0}
    scene.insert(
        "counter_minutes",
        minute("2026-05-03T20:00:00Z", served_known=True, served=2, **queue, **staff),
        minute("2026-05-03T20:01:00Z", served_known=True, served=1, **queue, **staff),
        minute("2026-05-03T20:02:00Z", **queue, valid=False),
        minute("2026-05-03T21:00:00Z", served_known=True, served=9, **queue),
        minute("2026-05-03T21:01:00Z", **queue),
    )
    unattended = {"episode_type": "counter_episode", "kind": "unattended"}
    scene.insert(EpisodeRow.TABLE, *(episode(n, "2026-05-03T20:30:00Z", **unattended) for n in (1, 2)))
    scene.insert("decisions", verdict(2, "rejected"))
    scene.refresh("counter_hours")
    columns = "hour_of_day, open_minutes, queue_known, queue_mean, staffed_known, staffed_ratio, served_known, served"
    columns += ", waiting_known, waiting_s, unattended, not_valid_minutes"
    assert scene.ask(f"SELECT {columns} FROM counter_service_hourly ORDER BY hour") == [
        (3, 2, True, 3.0, True, 0.5, True, 3, True, 120.0, 1, 1),
        (4, 2, True, 3.0, False, 0.0, False, 9, False, 0.0, 0, 0),
    ]


def test_a_camera_s_dark_days_are_rows_of_its_uptime_from_its_first_owner_on(scene: StoreScene) -> None:
    [(today,)] = scene.ask("SELECT toDate(now('Asia/Jakarta'))")
    assert isinstance(today, date)
    before = today - timedelta(days=2)
    noon = f"{before}T12:00:00+07:00"
    [(epoch,)] = scene.ask("SELECT toUnixTimestamp64Milli(parseDateTime64BestEffort({at:String}, 3))", at=noon)
    owned = {"owner_epoch": epoch, "active_at": noon}
    gone = camera("gone", state="removed")
    scene.insert(CameraRow.TABLE, gone, camera("never", state="active"))
    scene.insert("capture_counters", {"camera_id": "c", **owned}, {"camera_id": "gone", **owned})
    scene.insert(
        "camera_minutes", minute(noon, detected=50, frames=60), minute(f"{before}T13:00:00+07:00", valid=False)
    )
    status = {"camera_id": "c", "captured": 64, "missed": {"late": 2}, "bytes": 6400, "reconnects": 1, **owned}
    scene.insert("camera_statuses", {**status, "event_id": "e" * 32, "reported_at": noon})
    scene.refresh("camera_hours", "capture_days")
    columns = (
        "camera_id, day, observed_s, round(uptime_ratio * 86400), valid_minutes, hours_with_data, frames, detected"
    )
    columns += ", captured, missed, bytes, reconnects, owned"
    zeros = (0.0, 0.0, 0, 0, 0, 0, 0, 0, 0, 0, False)
    assert scene.ask(f"SELECT {columns} FROM camera_uptime_daily ORDER BY camera_id, day") == [
        ("c", before, 120.0, 120.0, 1, 1, 60, 50, 64, 2, 6400, 1, True),
        ("c", before + timedelta(days=1), *zeros),
        ("c", today, *zeros),
        ("gone", before, *zeros),
    ]


def test_the_incident_log_has_every_type_with_its_own_magnitude(scene: StoreScene) -> None:
    at = "2026-05-03T20:00:00Z"
    scene.insert(
        EpisodeRow.TABLE,
        episode(1, at, episode_type="flood_episode", peak_ratio=0.7),
        episode(2, at, dwell_s=400.0),
        episode(3, at, episode_type="counter_episode", kind="unattended", people_waiting_max=6),
        episode(4, at, episode_type="camera_incident", kind="covered", quarantined=True),
        episode(5, at, simulated=True),
    )
    scene.insert("decisions", verdict(2, "rejected"))
    columns = "episode_type, kind, magnitude, magnitude_unit, quarantined, review"
    assert scene.ask(f"SELECT {columns} FROM incident_log ORDER BY episode_id") == [
        ("flood_episode", "", 0.7, "ratio", False, "suspected"),
        ("parking_case", "", 400.0, "s", False, "rejected"),
        ("counter_episode", "unattended", 6.0, "people", False, "suspected"),
        ("camera_incident", "covered", 0.0, "", True, "suspected"),
    ]


def test_open_data_are_of_public_cameras_and_of_confirmed_cases_only(scene: StoreScene) -> None:
    once_public = camera("hidden", public=True), camera("hidden", public=False, revision=2, version=2)
    scene.insert(CameraRow.TABLE, camera("seen", public=True), *once_public)
    at = "2026-05-03T20:00:00Z"
    flood, counter = {"zone_id": "z", "state": "flood", "ratio_max": 0.5}, {"queue_known": True, "opening": "open"}
    for name, queue in (("seen", 2.0), ("hidden", 8.0)):
        later = "2026-05-03T20:01:00Z" if name == "hidden" else at
        scene.insert("camera_minutes", minute(at, camera_id=name))
        scene.insert("flood_minutes", minute(later, camera_id=name, **flood))
        scene.insert("counter_minutes", minute(at, camera_id=name, queue_mean=queue, **counter))
    episodes = [episode(1, at, camera_id="seen"), episode(2, at, camera_id="hidden"), episode(3, at, camera_id="seen")]
    scene.insert(EpisodeRow.TABLE, *episodes)
    scene.insert("decisions", verdict(1, "confirmed", camera_id="seen"), verdict(2, "confirmed", camera_id="hidden"))
    scene.refresh("camera_hours", "flood_hours", "counter_hours")
    columns = "kelurahan, toString(day), cameras, round(observed_ratio * 86400), flood_minutes, parking_confirmed"
    columns += ", floods_confirmed, queue_known, queue_mean, staffed_known"
    assert scene.ask(f"SELECT {columns} FROM open_daily_by_kelurahan") == [
        ("Jatingaleh", "2026-05-04", 1, 60.0, 1, 1, 0, True, 2.0, False)
    ]


def test_open_data_count_dark_cameras_and_nothing_that_is_simulated(scene: StoreScene) -> None:
    days = "toDate(now('Asia/Jakarta')) AS today, toUnixTimestamp64Milli(toDateTime64(today - 2, 3))"
    [(today, epoch)] = scene.ask(f"SELECT {days}")
    scene.insert(
        CameraRow.TABLE,
        camera("seen", public=True),
        camera("half", public=True),
        camera("dark", public=True, kelurahan="Tegalsari"),
        camera("painted", public=True, kelurahan="Pandansari"),
    )
    owned = [{"camera_id": name, "owner_epoch": epoch, "active_at": f"{today}T00:00:00Z"} for name in ("half", "dark")]
    scene.insert("capture_counters", *owned)
    noon = f"{today - timedelta(days=1)}T12:00:00+07:00"
    later = noon.replace("12:00", "12:01")
    scene.insert("camera_minutes", minute(noon, camera_id="seen"), minute(later, camera_id="seen", simulated=True))
    counter = {"queue_known": True, "queue_mean": 2.0, "opening": "open", "simulated": True}
    scene.insert("counter_minutes", minute(noon, camera_id="painted", **counter))
    scene.refresh("camera_hours", "counter_hours")
    columns = "kelurahan, cameras, cameras_observed, round(observed_ratio * 86400), flood_known, queue_known"
    yesterday = "day = toDate(now('Asia/Jakarta')) - 1"
    assert scene.ask(f"SELECT {columns} FROM open_daily_by_kelurahan WHERE {yesterday} ORDER BY kelurahan") == [
        ("Jatingaleh", 2, 1, 30.0, False, False),
        ("Tegalsari", 1, 0, 0.0, False, False),
    ]
