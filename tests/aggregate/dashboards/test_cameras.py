"""*Cameras*: gaps and uptime are measured against the clock, and a cost is bytes by the price that is said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.aggregate.dashboards.cameras import DASHBOARD
from services.aggregate.registry_rows import CameraRow
from tests.aggregate.dashboards.asked_panel import ask_panel
from tests.integration.store_scene import StoreScene, store_scene

pytestmark = pytest.mark.integration

START, END = "2026-05-04T00:00:00+00:00", "2026-05-04T06:00:00+00:00"


@pytest.fixture(scope="module")
def database(clickhouse_port: int) -> Iterator[StoreScene]:
    with store_scene(clickhouse_port, "cameras_dashboard") as scene:
        yield scene


@pytest.fixture
def scene(database: StoreScene) -> StoreScene:
    database.clear()
    database.choose("2", "2026-05-02")
    database.insert(CameraRow.TABLE, camera("c"))
    return database


def camera(camera_id: str, **columns: Any) -> dict[str, Any]:
    named = {"camera_id": camera_id, "name": camera_id, "kind": "street", "kelurahan": "Jatingaleh"}
    return {**named, "revision": 1, "version": 1, "sample_fps": 1.0, "state": "active", **columns}


def minute(at: str, **columns: Any) -> dict[str, Any]:
    measured = {"valid": True, "observed_s": 60.0, "expected_s": 60.0, "frames": 60, "detected": 60}
    return {"camera_id": "c", "minute": f"2026-05-04T{at}:00Z", "ruleset": "2", **measured, **columns}


def test_gaps_are_full_hours_without_a_judged_frame_at_both_ends_of_the_period_too(scene: StoreScene) -> None:
    scene.insert(CameraRow.TABLE, camera("paused", state="paused"), camera("never"))
    scene.insert("camera_minutes", minute("02:59"), minute("04:00"), minute("05:00", detected=0))
    scene.refresh("camera_hours")
    columns = ("camera_id", "toString(at)", "toString(ended_at)", "lasted_h", "ends_how")
    assert ask_panel(scene, DASHBOARD, "Gaps of an hour and more, the longest first", START, END, *columns) == [
        ("never", "2026-05-04 00:00:00", "2026-05-04 06:00:00", 6, "lasts"),
        ("c", "2026-05-04 00:00:00", "2026-05-04 02:00:00", 2, "before"),
        ("c", "2026-05-04 05:00:00", "2026-05-04 06:00:00", 1, "lasts"),
        ("c", "2026-05-04 03:00:00", "2026-05-04 04:00:00", 1, "ended"),
    ]


def test_an_hour_that_nothing_saw_is_zero_in_the_curve_and_hours_before_the_store_began_are_not(
    scene: StoreScene,
) -> None:
    scene.insert("camera_minutes", minute("02:00"), minute("04:00", valid=False))
    scene.refresh("camera_hours")
    columns = ("toString(time)", "round(observed_ratio * 60)", "round(valid_ratio * 60)")
    assert ask_panel(scene, DASHBOARD, "Part of the time that was seen", START, END, *columns) == [
        ("2026-05-04 02:00:00", 1, 1),
        ("2026-05-04 03:00:00", 0, 0),
        ("2026-05-04 04:00:00", 1, 0),
        ("2026-05-04 05:00:00", 0, 0),
    ]


def test_an_hour_s_state_tells_nothing_seen_from_not_valid(scene: StoreScene) -> None:
    scene.insert("camera_minutes", *(minute(f"02:{n:02}") for n in range(54)), minute("03:00"))
    scene.insert("camera_minutes", minute("04:00", valid=False), minute("05:00", simulated=True))
    scene.refresh("camera_hours")
    columns = ("toHour(time)", "state")
    assert ask_panel(scene, DASHBOARD, "The 20 cameras that saw least", START, END, *columns) == [
        (2, "seen"),
        (3, "partly"),
        (4, "not_valid"),
        (5, "simulated"),
    ]


def test_a_day_s_cost_is_its_bytes_by_the_price_and_a_kind_that_reported_nothing_has_none(scene: StoreScene) -> None:
    scene.insert(CameraRow.TABLE, camera("p", kind="pump"))
    reported = {"camera_id": "c", "owner_epoch": 1_777_000_000_000, "version": 1}
    scene.insert(
        "capture_days",
        {**reported, "day": "2026-05-03", "bytes": 1_000_000_000, "captured": 5, "missed": {"late": 1}},
        {**reported, "day": "2026-05-04", "bytes": 3_500_000_000, "captured": 9, "missed": {"late": 4, "unusable": 2}},
    )
    columns = ("kind", "cameras", "reporting", "bytes_a_day", "cost_a_day")
    assert ask_panel(scene, DASHBOARD, "A day's pictures and their cost", START, END, *columns) == [
        ("street", 1, 1, 2.5e9, 1000.0),
        ("pump", 1, 0, None, None),
    ]
    missed = ("missed_day", "late", "unusable", "source_down")
    rows = ask_panel(scene, DASHBOARD, "Samples that were never taken, by reason", START, END, *missed)
    assert rows == [("05-04", 3, 2, 0)]


def test_a_camera_that_nobody_ever_saw_is_blind_since_no_known_time(scene: StoreScene) -> None:
    columns = ("camera_id", "reason", "at", "for_s", "worker")
    rows = ask_panel(scene, DASHBOARD, "Blind now, the longest first", START, END, *columns)
    assert rows == [("c", "not_owned", None, None, "nobody")]


def test_a_camera_that_was_added_in_the_period_is_not_blind_before(scene: StoreScene) -> None:
    owned = {"camera_id": "c", "owner_epoch": 1_777_867_200_000, "version": 1}  # 4 May 2026, 04:00 UTC
    scene.insert("capture_counters", owned)
    scene.insert("camera_minutes", {**minute("04:00"), "camera_id": "elder", "minute": "2026-05-02T04:00:00Z"})
    scene.insert("camera_minutes", minute("04:00"))
    scene.refresh("camera_hours")
    start = "2026-05-02T17:00:00+00:00"
    title = "Gaps of an hour and more, the longest first"
    assert ask_panel(scene, DASHBOARD, title, start, END, "toString(at)", "lasted_h", "ends_how") == [
        ("2026-05-03 17:00:00", 11, "ended"),
        ("2026-05-04 05:00:00", 1, "lasts"),
    ]
    states = ask_panel(scene, DASHBOARD, "The 20 cameras that saw least", start, END, "state")
    assert states == [("not_there",)] * 24 + [("none",)] * 11 + [("partly",), ("none",)]


def test_new_cameras_are_not_taken_for_those_that_saw_least(scene: StoreScene) -> None:
    new = [f"new-{number:02}" for number in range(20)]
    scene.insert(CameraRow.TABLE, *(camera(camera_id) for camera_id in new))
    scene.insert("capture_counters", *({"camera_id": one, "owner_epoch": 1_777_867_200_000} for one in new))
    scene.insert("camera_minutes", *({**minute("05:00"), "camera_id": one} for one in new))
    scene.insert("camera_minutes", {**minute("00:00"), "minute": "2026-05-02T17:00:00Z"}, minute("04:00"))
    scene.refresh("camera_hours")
    start = "2026-05-02T17:00:00+00:00"
    cameras = ask_panel(scene, DASHBOARD, "The 20 cameras that saw least", start, END, "camera_id")
    assert "c" in {camera_id for (camera_id,) in cameras}


def test_a_camera_that_saw_nothing_had_no_incidents_that_anybody_knows_of(scene: StoreScene) -> None:
    title = "Cameras, the least uptime first"
    figures = ("incidents", "quarantines")
    days = ("dark", "covered")
    assert ask_panel(scene, DASHBOARD, title, START, END, *figures) == [(None, None)]
    assert ask_panel(scene, DASHBOARD, "Incidents by day", START, END, *days) == [(None, None)]
    scene.insert("camera_minutes", minute("04:00"))
    scene.refresh("camera_hours")
    assert ask_panel(scene, DASHBOARD, title, START, END, *figures) == [(0, 0)]
    assert ask_panel(scene, DASHBOARD, "Incidents by day", START, END, *days) == [(0, 0)]
