"""The hourly tiers, as ClickHouse fills them: sums of current minutes, whatever is written again or chosen later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.store_scene import StoreScene, store_scene

pytestmark = pytest.mark.integration

HOUR = "2026-05-01T10:"


@pytest.fixture(scope="module")
def database(clickhouse_port: int) -> Iterator[StoreScene]:
    with store_scene(clickhouse_port, "tier_tests") as scene:
        yield scene


@pytest.fixture
def scene(database: StoreScene) -> StoreScene:
    database.clear()
    database.choose("2", "2026-05-02")
    return database


def minute(number: int, **columns: Any) -> dict[str, Any]:
    row = {
        "camera_id": "c",
        "minute": f"{HOUR}{number:02}:00Z",
        "ruleset": "2",
        "valid": True,
        "observed_s": 60.0,
        "expected_s": 60.0,
        "version": 1,
    }
    return row | columns


def test_an_hour_is_the_sum_of_its_minutes_and_counts_invalid_and_simulated_ones_apart(scene: StoreScene) -> None:
    scene.insert(
        "camera_minutes",
        minute(0, frames=60, detected=58, shed_stale=1, expired=1),
        minute(1, frames=30, detected=30, observed_s=30.0),
        minute(59, frames=60, detected=60, valid=False),
        minute(58, frames=60, detected=60, valid=False, simulated=True),
        minute(0, minute="2026-05-01T11:00:00Z", frames=7, detected=7),
        minute(1, minute="2026-05-01T11:01:00Z", frames=8, detected=8, simulated=True),
    )
    scene.refresh("camera_hours")
    columns = "toHour(hour), minutes, valid_minutes, simulated_minutes, frames, detected, shed_stale, expired"
    assert scene.ask(f"SELECT {columns}, observed_s, expected_s FROM camera_hours FINAL ORDER BY hour") == [
        (10, 4, 2, 1, 210, 208, 1, 1, 210.0, 240.0),
        (11, 2, 1, 1, 15, 15, 0, 0, 120.0, 120.0),
    ]


def test_a_minute_that_is_written_again_or_amended_counts_once(scene: StoreScene) -> None:
    query = "SELECT minutes, frames FROM camera_hours FINAL"
    scene.insert("camera_minutes", minute(0, frames=60), minute(1, frames=60))
    scene.refresh("camera_hours")
    assert scene.ask(query) == [(2, 120)]
    scene.insert("camera_minutes", minute(0, frames=60), minute(1, frames=61, version=2))
    scene.refresh("camera_hours")
    assert scene.ask(query) == [(2, 121)]


def test_only_hours_into_which_something_was_inserted_are_read_again(scene: StoreScene) -> None:
    long_ago = "2026-05-01T10:02:00Z"
    scene.client.command("TRUNCATE TABLE ruleset_choices")
    scene.insert("ruleset_choices", {"ruleset": "2", "chosen_at": "2026-05-02", "inserted_at": long_ago})
    scene.insert("camera_minutes", *(minute(0, camera_id=camera_id, inserted_at=long_ago) for camera_id in "cd"))
    query = "SELECT max(version) FROM camera_hours GROUP BY camera_id ORDER BY camera_id"
    scene.refresh("camera_hours")
    [untouched_before, touched_before] = scene.ask(query)
    scene.insert("camera_minutes", minute(1, camera_id="d"))
    scene.refresh("camera_hours")
    [untouched, touched] = scene.ask(query)
    assert untouched == untouched_before
    assert touched > touched_before
    assert scene.ask("SELECT minutes FROM camera_hours FINAL ORDER BY camera_id") == [(1,), (2,)]


def test_an_hour_follows_a_later_choice_of_the_ruleset_also_when_it_empties_it(scene: StoreScene) -> None:
    query = "SELECT minutes, frames FROM camera_hours FINAL"
    scene.insert("camera_minutes", minute(0, frames=60), minute(1, frames=60), minute(1, ruleset="x", frames=9))
    scene.refresh("camera_hours")
    assert scene.ask(query) == [(2, 120)]
    scene.choose("x", "2026-05-03", f"{HOUR}01:00Z", f"{HOUR}02:00Z")
    scene.refresh("camera_hours")
    assert scene.ask(query) == [(2, 69)]
    scene.choose("y", "2026-05-04", "2026-05-01", "2026-05-02")
    scene.refresh("camera_hours")
    assert scene.ask(query) == [(0, 0)]


def test_a_counter_s_hour_rests_on_valid_real_minutes_of_its_opening_hours(scene: StoreScene) -> None:
    known = {"queue_known": True, "staffed_known": True, "opening": "open"}
    scene.insert(
        "counter_minutes",
        minute(0, **known, queue_mean=2.0, queue_max=4, staffed_s=60.0),
        minute(1, **known, queue_mean=5.0, queue_max=6, staffed_s=15.0, observed_s=30.0),
        minute(2, **known | {"opening": "closed"}, queue_mean=9.0, queue_max=9, staffed_s=60.0),
        minute(3, **known, queue_mean=9.0, queue_max=9, staffed_s=60.0, valid=False),
        minute(4, opening="unknown", served_known=True, served=3),
        minute(5, **known, queue_mean=9.0, queue_max=9, staffed_s=60.0, simulated=True),
    )
    scene.refresh("counter_hours")
    columns = "minutes, valid_minutes, simulated_minutes, open_minutes, queue_s, queue_person_s, queue_max"
    [found] = scene.ask(f"SELECT {columns}, staff_s, staffed_s, served_minutes, served FROM counter_hours FINAL")
    assert found == (6, 4, 1, 3, 90.0, 2 * 60 + 5 * 30, 6, 90.0, 75.0, 1, 3)


def test_a_zone_s_hour_rests_on_valid_real_minutes_in_which_parking_is_forbidden(scene: StoreScene) -> None:
    scene.insert(
        "parking_minutes",
        minute(0, zone_id="z", in_force=True, vehicle_seconds=90.0, vehicles_max=2, cases_open_max=1),
        minute(1, zone_id="z", in_force=False, vehicle_seconds=500.0, vehicles_max=9, cases_open_max=9),
        minute(2, zone_id="z", in_force=True, vehicle_seconds=500.0, vehicles_max=9, valid=False),
        minute(3, zone_id="z", in_force=True, vehicle_seconds=500.0, vehicles_max=9, simulated=True),
    )
    scene.refresh("parking_hours")
    columns = "forbidden_minutes, forbidden_s, vehicle_seconds, vehicles_max, cases_open_max"
    found = scene.ask(f"SELECT minutes, valid_minutes, simulated_minutes, {columns} FROM parking_hours FINAL")
    assert found == [(4, 2, 1, 1, 60.0, 90.0, 2, 1)]


def test_a_water_zone_s_hour_knows_which_minutes_were_flood(scene: StoreScene) -> None:
    scene.insert(
        "flood_minutes",
        minute(0, zone_id="z", state="dry", ratio_mean=0.0, ratio_max=0.01),
        minute(1, zone_id="z", state="onset", ratio_mean=0.2, ratio_max=0.3),
        minute(2, zone_id="z", state="flood", ratio_mean=0.4, ratio_max=0.5),
        minute(59, zone_id="z", state="flood", ratio_mean=0.4, ratio_max=0.6),
        minute(58, zone_id="z", state="flood", ratio_mean=0.9, ratio_max=0.9, valid=False),
        minute(57, zone_id="z", state="flood", ratio_mean=0.9, ratio_max=0.9, simulated=True),
    )
    scene.refresh("flood_hours")
    columns = "minutes, flood_minutes, flood_bits = bitShiftLeft(toUInt64(1), 59) + 4, onset_minutes, ratio_max"
    [(*found, ratio_s)] = scene.ask(f"SELECT {columns}, ratio_s FROM flood_hours FINAL")
    assert found == [6, 2, 1, 1, 0.6]
    assert ratio_s == pytest.approx(60.0)


@pytest.mark.parametrize("kind", ["camera", "counter", "parking", "flood"])
def test_a_day_of_jakarta_is_the_sum_of_its_hours(scene: StoreScene, kind: str) -> None:
    zone = {"zone_id": "z"} if kind in ("parking", "flood") else {}
    times = ["2026-05-01T16:59:00Z", "2026-05-01T17:00:00Z", "2026-05-02T16:59:00Z"]
    scene.insert(f"{kind}_minutes", *(minute(0, minute=at, **zone) for at in times))
    scene.insert(f"{kind}_minutes", minute(0, minute="2026-05-02T03:00:00Z", valid=False, observed_s=30.0, **zone))
    scene.insert(f"{kind}_minutes", minute(0, minute="2026-05-02T04:00:00Z", simulated=True, **zone))
    scene.refresh(f"{kind}_hours")
    columns = "toString(day), minutes, valid_minutes, simulated_minutes, observed_s, expected_s"
    assert scene.ask(f"SELECT {columns} FROM {kind}_days ORDER BY day") == [
        ("2026-05-01", 1, 1, 0, 60.0, 60.0),
        ("2026-05-02", 4, 2, 1, 210.0, 240.0),
    ]


def test_days_of_capture_are_absolute_by_epoch_and_day_in_jakarta(scene: StoreScene) -> None:
    def status(number: int, at: str, captured: int, late: int, epoch: int = 1) -> dict[str, Any]:
        counters = {"captured": captured, "missed": {"late": late}, "owner_epoch": epoch}
        return {"camera_id": "c", "event_id": f"{number}" * 32, "reported_at": at, **counters}

    scene.insert(
        "camera_statuses",
        status(1, "2026-05-01T16:00:00Z", 100, 1),
        status(2, "2026-05-01T16:59:00Z", 150, 1),
        status(3, "2026-05-01T17:01:00Z", 160, 5),
        status(4, "2026-05-01T18:00:00Z", 10, 0, epoch=2),
        status(4, "2026-05-01T18:00:00Z", 10, 0, epoch=2),
    )
    scene.refresh("capture_days")
    columns = "owner_epoch, toString(day), captured, missed['late'], statuses"
    assert scene.ask(f"SELECT {columns} FROM capture_days FINAL ORDER BY owner_epoch, day") == [
        (1, "2026-05-01", 150, 1, 2),
        (1, "2026-05-02", 160, 5, 1),
        (2, "2026-05-02", 10, 0, 1),
    ]
    by_day = "SELECT toString(day), captured, missed FROM accounting_by_day ORDER BY day"
    assert scene.ask(by_day) == [("2026-05-01", 150, 1), ("2026-05-02", 20, 4)]
