"""The views behind the questions that people ask: literal rows in, literal answers out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.registry_rows import CameraRow
from tests.integration.store_scene import StoreScene, store_scene

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def database(clickhouse_port: int) -> Iterator[StoreScene]:
    with store_scene(clickhouse_port, "question_tests") as scene:
        yield scene


@pytest.fixture
def scene(database: StoreScene) -> StoreScene:
    database.clear()
    database.choose("2", "2026-05-02")
    database.insert(CameraRow.TABLE, camera("c", 1, name="Old name", kelurahan="Elsewhere"), camera("c", 2))
    return database


def camera(camera_id: str, revision: int = 1, **columns: Any) -> dict[str, Any]:
    places = {"name": f"Gate {camera_id}", "kind": "street", "kecamatan": "Candisari", "kelurahan": "Jatingaleh"}
    standing = {"sample_fps": 1.0, "state": "active", "version": revision}
    return {"camera_id": camera_id, "revision": revision, **places, **standing, **columns}


def minute(at: str, **columns: Any) -> dict[str, Any]:
    measured = {"valid": True, "observed_s": 60.0, "expected_s": 60.0}
    return {"camera_id": "c", "minute": at, "ruleset": "2", **measured, **columns}


def episode(number: int, started_at: str, **columns: Any) -> dict[str, Any]:
    named = {"camera_id": "c", "episode_id": f"{number}" * 32, "episode_type": "parking_case", "ruleset": "2"}
    return {**named, "review": "suspected", "phase": "ended", "started_at": started_at, **columns}


def verdict(number: int, said: str, at: str = "2026-05-04T00:00:00Z") -> dict[str, Any]:
    event_id = f"{number}{at[8:10]}".ljust(32, "d")
    judged = {"decision": f"episode_{said}", "decided_at": at, "decided_by": "Sari"}
    return {"camera_id": "c", "event_id": event_id, "episode_id": f"{number}" * 32, **judged}


def test_a_kelurahan_is_flooded_while_any_zone_really_is_and_days_are_jakarta_s(scene: StoreScene) -> None:
    scene.insert(CameraRow.TABLE, camera("d"), camera("e", kelurahan="Tegalsari"))
    before_midnight, after = "2026-05-01T16:59:00Z", "2026-05-01T17:00:00Z"
    flood = {"state": "flood", "ratio_max": 0.5}
    scene.insert(
        "flood_minutes",
        minute(before_midnight, zone_id="z", **flood),
        minute(after, zone_id="z", **flood),
        minute(after, zone_id="z", camera_id="d", **flood),
        minute("2026-05-01T17:01:00Z", zone_id="z", camera_id="d", state="flood", ratio_max=0.9),
        minute("2026-05-01T17:02:00Z", zone_id="y", camera_id="d", state="dry"),
        minute("2026-05-01T17:03:00Z", zone_id="y", camera_id="d", valid=False, **flood),
        minute(after, zone_id="z", camera_id="e", state="dry"),
        minute("2026-05-01T17:04:00Z", zone_id="z", simulated=True, **flood),
        minute("2026-05-01T18:00:00Z", zone_id="painted", simulated=True, **flood),
    )
    scene.refresh("flood_hours")
    columns = "kelurahan, toString(day), flood_minutes, zone_minutes, zones_flooded, zones, ratio_max"
    days = "WHERE day <= '2026-05-02'"
    assert scene.ask(f"SELECT {columns} FROM flood_daily_by_kelurahan {days} ORDER BY kelurahan, day") == [
        ("Jatingaleh", "2026-05-01", 1, 1, 1, 1, 0.5),
        ("Jatingaleh", "2026-05-02", 2, 3, 2, 3, 0.9),
        ("Tegalsari", "2026-05-02", 0, 0, 0, 1, 0.0),
    ]
    [(observed,)] = scene.ask("SELECT observed_ratio FROM flood_daily_by_kelurahan WHERE zones = 3")
    assert observed == pytest.approx(4 * 60 / (3 * 86_400))


def test_parking_cases_count_in_the_hour_of_jakarta_in_which_they_began(scene: StoreScene) -> None:
    scene.insert(
        EpisodeRow.TABLE,
        episode(1, "2026-05-01T00:59:00Z", dwell_s=400.0),
        episode(2, "2026-05-01T01:00:00Z", dwell_s=500.0),
        episode(3, "2026-05-01T01:30:00Z", dwell_s=900.0),
        episode(4, "2026-05-01T01:40:00Z", dwell_s=5000.0),
        episode(5, "2026-05-01T01:40:00Z", episode_type="flood_episode"),
        episode(6, "2026-05-01T01:40:00Z", ruleset="x"),
        episode(7, "2026-05-01T01:40:00Z", dwell_s=9000.0, simulated=True),
    )
    scene.insert("decisions", verdict(3, "confirmed"), verdict(4, "rejected"), verdict(7, "confirmed"))
    columns = "name, kelurahan, toString(day), hour, cases, confirmed, rejected, dwell_s, dwell_max_s"
    assert scene.ask(f"SELECT {columns} FROM parking_cases_by_hour ORDER BY hour") == [
        ("Gate c", "Jatingaleh", "2026-05-01", 7, 1, 0, 0, 400.0, 400.0),
        ("Gate c", "Jatingaleh", "2026-05-01", 8, 2, 1, 1, 1400.0, 900.0),
    ]


def test_a_counter_s_week_begins_on_jakarta_s_monday_and_weighs_minutes_by_what_was_observed(scene: StoreScene) -> None:
    known = {"queue_known": True, "staffed_known": True, "opening": "open"}
    sunday, monday = "2026-05-03T16:59:00Z", "2026-05-03T17:00:00Z"
    scene.insert(
        "counter_minutes",
        minute(sunday, **known, queue_mean=9.0, queue_max=9, staffed_s=0.0),
        minute(monday, **known, queue_mean=2.0, queue_max=3, staffed_s=60.0),
        minute("2026-05-05T03:00:00Z", **known, queue_mean=5.0, queue_max=6, staffed_s=0.0, observed_s=30.0),
        minute("2026-05-05T03:01:00Z", **known, queue_mean=9.0, queue_max=9, staffed_s=60.0, valid=False),
        minute("2026-05-05T03:02:00Z", **known, queue_mean=9.0, queue_max=9, staffed_s=60.0, simulated=True),
        minute("2026-05-05T03:03:00Z", **known, queue_max=9, valid=False, simulated=True),
    )
    unattended = {"episode_type": "counter_episode", "kind": "unattended"}
    scene.insert(
        EpisodeRow.TABLE,
        episode(1, "2026-05-05T03:00:00Z", ended_at="2026-05-05T03:05:00Z", **unattended),
        episode(2, "2026-05-05T04:00:00Z", phase="open", last_seen_at="2026-05-05T04:01:00Z", **unattended),
        episode(3, "2026-05-05T05:00:00Z", ended_at="2026-05-05T06:00:00Z", **unattended),
        episode(4, "2026-05-05T05:00:00Z", episode_type="counter_episode", kind="not_open"),
        episode(5, "2026-05-05T05:00:00Z", ended_at="2026-05-05T06:00:00Z", simulated=True, **unattended),
    )
    scene.insert("decisions", verdict(3, "rejected"))
    scene.refresh("counter_hours")
    columns = "toString(week), open_minutes, queue_mean, queue_max, staffed_known, round(staffed_ratio, 4)"
    columns += ", unattended, unattended_s, not_valid_minutes, simulated_minutes, served_known"
    assert scene.ask(f"SELECT {columns} FROM counters_by_week ORDER BY 1") == [
        ("2026-04-27", 1, 9.0, 9, True, 0.0, 0, 0.0, 0, 0, False),
        ("2026-05-04", 2, 3.0, 6, True, 0.6667, 2, 360.0, 1, 2, False),
    ]


def test_blind_is_an_active_camera_without_a_valid_judged_frame_and_the_first_reason_is_told(scene: StoreScene) -> None:
    [(now,)] = scene.ask("SELECT toStartOfMinute(now('UTC'))")

    def ago(minutes: int) -> str:
        return f"{now - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"

    names = ["seeing", "slow", "not_owned", "not_live", "no_frames", "not_judged", "not_valid", "paused"]
    slow, paused = camera("slow", sample_fps=1 / 300), camera("paused", state="paused")
    others = [camera(name) for name in names if name not in ("slow", "paused")]
    scene.client.command("TRUNCATE TABLE cameras")
    scene.insert(CameraRow.TABLE, slow, paused, *others)
    owned = {"owner_epoch": 1, "active_at": ago(0), "reported_at": ago(0), "ingest_instance": "one"}
    states = {name: "backing_off" if name == "not_live" else "live" for name in names if name != "not_owned"}
    scene.insert("capture_counters", *({"camera_id": name, "state": state, **owned} for name, state in states.items()))
    scene.insert(
        "camera_minutes",
        minute(ago(1), camera_id="seeing", detected=60),
        minute(ago(10), camera_id="slow", detected=1),
        *(minute(ago(30), camera_id=name, detected=60) for name in names if name not in ("seeing", "slow", "paused")),
        minute(ago(1), camera_id="not_judged", shed_overload=60),
        minute(ago(1), camera_id="not_valid", detected=60, valid=False),
    )
    scene.insert(CameraRow.TABLE, camera("unsampled", sample_fps=0), camera("rare", sample_fps=1e-12))
    scene.insert("camera_minutes", *(minute(ago(1), camera_id=name, detected=1) for name in ("unsampled", "rare")))
    found = scene.ask("SELECT camera_id, reason, blind_since, owner FROM cameras_blind_now ORDER BY camera_id")
    since = datetime.fromisoformat(ago(29)).replace(tzinfo=None)
    assert found == [
        ("no_frames", "no_frames", since, "one"),
        ("not_judged", "not_judged", since, "one"),
        ("not_live", "not_live", since, "one"),
        ("not_owned", "not_owned", since, ""),
        ("not_valid", "not_valid", since, "one"),
    ]


def test_the_accounting_of_a_day_sets_what_was_captured_beside_what_became_of_it(scene: StoreScene) -> None:
    outcomes = {"detected": 50, "shed_stale": 2, "shed_overload": 1, "dead_undecodable": 3, "dead_refused": 1}
    scene.insert("camera_minutes", minute("2026-05-01T17:00:00Z", frames=60, expired=3, **outcomes))
    scene.insert("camera_minutes", minute("2026-05-01T16:59:00Z", frames=7, detected=7))
    status = {"camera_id": "c", "owner_epoch": 1, "captured": 64, "missed": {"late": 2, "lost": 1}}
    scene.insert("camera_statuses", {**status, "event_id": "e" * 32, "reported_at": "2026-05-01T17:01:00Z"})
    scene.refresh("camera_hours", "capture_days")
    columns = "name, captured, missed, frames, detected, shed, dead_lettered, expired, observed_s, valid_minutes"
    assert scene.ask(f"SELECT {columns} FROM accounting_by_day WHERE day = '2026-05-02'") == [
        ("Gate c", 64, 3, 60, 50, 3, 4, 3, 60.0, 1)
    ]


def test_precision_is_told_with_its_counts_by_camera_rule_and_week(scene: StoreScene) -> None:
    scene.insert(EpisodeRow.TABLE, *(episode(n, "2026-05-05T03:00:00Z") for n in range(1, 5)))
    scene.insert(EpisodeRow.TABLE, episode(5, "2026-05-03T16:59:00Z"), episode(6, "2026-05-03T17:00:00Z", ruleset="x"))
    scene.insert(EpisodeRow.TABLE, episode(7, "2026-05-05T03:00:00Z", simulated=True))
    scene.insert("decisions", *(verdict(n, "confirmed") for n in (1, 2, 7)), verdict(3, "rejected"))
    scene.insert("decisions", verdict(2, "rejected", "2026-05-03T00:00:00Z"))
    columns = "toString(week), episodes, confirmed, rejected, suspected, precision_known, round(precision, 4)"
    assert scene.ask(f"SELECT {columns} FROM precision_by_week ORDER BY week") == [
        ("2026-04-27", 1, 0, 0, 1, False, 0.0),
        ("2026-05-04", 4, 2, 1, 1, True, 0.6667),
    ]


def test_hours_without_data_are_those_in_which_no_frame_was_judged_from_the_first_day_on(scene: StoreScene) -> None:
    [(today,)] = scene.ask("SELECT toDate(now('Asia/Jakarta'))")
    assert isinstance(today, date)
    before = today - timedelta(days=2)
    scene.insert(CameraRow.TABLE, camera("gone", state="removed"))
    in_jakarta = [f"{before}T{hour:02}:10:00+07:00" for hour in (5, 6, 23)]
    scene.insert("camera_minutes", minute(in_jakarta[0], detected=1), minute(in_jakarta[1], shed_stale=1))
    scene.insert(
        "camera_minutes", minute(in_jakarta[2], detected=1), minute(in_jakarta[0], camera_id="gone", detected=1)
    )
    scene.refresh("camera_hours")
    found = scene.ask("SELECT day, hours, which, name FROM hours_without_data ORDER BY day")
    assert [row[0] for row in found] == [before, today - timedelta(days=1), today]
    assert found[0][1:] == (22, [hour for hour in range(24) if hour not in (5, 23)], "Gate c")
    assert found[1][1:3] == (24, list(range(24)))
    assert found[2][2] == list(range(found[2][1])), "of today the full hours so far"
