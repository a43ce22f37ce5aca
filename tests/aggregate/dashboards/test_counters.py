"""*Counters*: what is not known is not zero, small samples stand last, and a late opening was really seen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.aggregate.dashboards.counters import DASHBOARD
from services.aggregate.registry_rows import CameraRow
from tests.aggregate.dashboards.asked_panel import ask_panel
from tests.integration.store_scene import StoreScene, store_scene

pytestmark = pytest.mark.integration

START, END = "2026-05-04T00:00:00+00:00", "2026-05-05T00:00:00+00:00"
"""Monday 4 May from 07:00 in Asia/Jakarta on; counters open at 08:00, which is 01:00 UTC."""


@pytest.fixture(scope="module")
def database(clickhouse_port: int) -> Iterator[StoreScene]:
    with store_scene(clickhouse_port, "counters_dashboard") as scene:
        yield scene


@pytest.fixture
def scene(database: StoreScene) -> StoreScene:
    database.clear()
    database.choose("2", "2026-05-02")
    return database


def counter(camera_id: str, kind: str = "counter") -> dict[str, Any]:
    named = {"camera_id": camera_id, "name": f"Loket {camera_id}", "kind": kind, "kelurahan": "Jatingaleh"}
    return {**named, "revision": 1, "version": 1, "sample_fps": 1.0, "state": "active"}


def minutes(camera_id: str, first: str, count: int, **columns: Any) -> Iterator[dict[str, Any]]:
    """Give minutes in a row; unless it is said otherwise open, valid, and with a queue zone only."""
    begin = datetime.fromisoformat(f"2026-05-04T{first}:00").replace(tzinfo=UTC)
    measured = {"opening": "open", "valid": True, "observed_s": 60.0, "queue_known": True, "queue_mean": 2.0}
    for number in range(count):
        at = (begin + timedelta(minutes=number)).isoformat()
        yield {"camera_id": camera_id, "minute": at, "ruleset": "2", **measured, **columns}


def staffed(seconds: float) -> dict[str, Any]:
    return {"staffed_known": True, "staffed_s": seconds}


def test_a_counter_without_a_staff_zone_has_no_staffed_part_and_one_never_seen_is_not_left_out(
    scene: StoreScene,
) -> None:
    scene.insert(CameraRow.TABLE, counter("blind"), counter("unstaffed"), counter("zoneless"), counter("x", "street"))
    scene.insert("counter_minutes", *minutes("unstaffed", "01:00", 720, **staffed(0.0)))
    scene.insert("counter_minutes", *minutes("zoneless", "01:00", 720))
    scene.refresh("counter_hours")
    columns = ("camera_id", "sample", "staffed_ratio", "staffed_lowest", "queue_mean", "unattended", "open_hours")
    assert ask_panel(scene, DASHBOARD, "Counters, the least staffed first", START, END, *columns) == [
        ("unstaffed", "enough", 0.0, 0.0, 2.0, 0, 12.0),
        ("zoneless", "enough", None, None, 2.0, 0, 12.0),
        ("blind", "none", None, None, None, None, 0.0),
    ]
    assert ask_panel(scene, DASHBOARD, "Counters", START, END, "counters", "observed") == [(3, 2)]
    assert ask_panel(scene, DASHBOARD, "Staffed", START, END, "staffed_ratio", "hours") == [(0.0, 12.0)]


def test_a_small_sample_stands_below_every_counter_with_enough_however_badly_it_is_staffed(scene: StoreScene) -> None:
    scene.insert(CameraRow.TABLE, counter("few"), counter("many"))
    scene.insert("counter_minutes", *minutes("few", "01:00", 599, **staffed(0.0)))
    scene.insert("counter_minutes", *minutes("many", "01:00", 720, **staffed(54.0)))
    scene.refresh("counter_hours")
    columns = ("camera_id", "sample", "staffed_ratio")
    assert ask_panel(scene, DASHBOARD, "Counters, the least staffed first", START, END, *columns) == [
        ("many", "enough", 0.9),
        ("few", "small", 0.0),
    ]


def test_a_waiting_time_is_told_only_of_enough_people_counted_while_the_queue_was(scene: StoreScene) -> None:
    scene.insert(CameraRow.TABLE, counter("counts"), counter("few"), counter("edge-drawn-later"))
    scene.insert("counter_minutes", *minutes("counts", "01:00", 60, served_known=True, served=1))
    scene.insert("counter_minutes", *minutes("few", "01:00", 29, served_known=True, served=1))
    scene.insert("counter_minutes", *minutes("edge-drawn-later", "01:00", 20))
    scene.insert("counter_minutes", *minutes("edge-drawn-later", "01:20", 40, served_known=True, served=1))
    scene.refresh("counter_hours")
    columns = ("camera_id", "waiting_s", "served")
    rows = ask_panel(scene, DASHBOARD, "Counters, the least staffed first", START, END, *columns)
    assert sorted(rows) == [("counts", 120.0, 60), ("edge-drawn-later", None, 40), ("few", None, 29)]


OPENINGS: dict[str, list[dict[str, Any]]] = {
    "in-time": [*minutes("c", "00:59", 1, opening="closed"), *minutes("c", "01:00", 120, **staffed(60.0))],
    "late": [
        *minutes("c", "00:59", 1, opening="closed"),
        *minutes("c", "01:00", 10, **staffed(29.0)),
        *minutes("c", "01:10", 60, **staffed(30.0)),
    ],
    "never": [*minutes("c", "00:59", 1, opening="closed"), *minutes("c", "01:00", 60, **staffed(0.0))],
    "seen-too-briefly": [*minutes("c", "00:59", 1, opening="closed"), *minutes("c", "01:00", 59, **staffed(0.0))],
    "blind-at-opening": [*minutes("c", "01:20", 120, **staffed(0.0))],
    "in-quarantine-at-opening": [
        *minutes("c", "00:59", 1, opening="closed"),
        *minutes("c", "01:00", 30, valid=False, **staffed(0.0)),
        *minutes("c", "01:30", 60, **staffed(60.0)),
    ],
    "without-a-staff-zone": [*minutes("c", "00:59", 1, opening="closed"), *minutes("c", "01:00", 120)],
}
UNKNOWN = {"seen-too-briefly", "blind-at-opening", "in-quarantine-at-opening", "without-a-staff-zone"}


@pytest.mark.parametrize("what", OPENINGS)
def test_only_a_counter_whose_opening_was_seen_is_in_time_or_late(scene: StoreScene, what: str) -> None:
    scene.insert(CameraRow.TABLE, counter("c"))
    scene.insert("counter_minutes", *OPENINGS[what])
    columns = ("on_time", "late", "never", "unknown")
    [counts] = ask_panel(scene, DASHBOARD, "Openings by day", START, END, *columns)
    assert counts == (what == "in-time", what == "late", what == "never", what in UNKNOWN)
    late = ask_panel(scene, DASHBOARD, "Late openings, the most delayed first", START, END, "opened", "late_min")
    assert late == {"late": [("late", 10)], "never": [("never", None)]}.get(what, [])


def test_where_no_counter_was_observed_none_is_said_to_have_been_attended(scene: StoreScene) -> None:
    scene.insert(CameraRow.TABLE, counter("c"))
    figures = ("suspected", "confirmed")
    title = "Unattended while people waited"
    assert ask_panel(scene, DASHBOARD, title, START, END, *figures) == [(None, None)]
    scene.insert("counter_minutes", *minutes("c", "01:00", 1))
    scene.refresh("counter_hours")
    assert ask_panel(scene, DASHBOARD, title, START, END, *figures) == [(0, 0)]


def test_a_period_that_begins_after_the_opening_still_knows_how_its_first_day_began(scene: StoreScene) -> None:
    scene.insert(CameraRow.TABLE, counter("c"))
    scene.insert("counter_minutes", *OPENINGS["late"])
    noon = "2026-05-04T05:00:00+00:00"
    assert ask_panel(scene, DASHBOARD, "Openings by day", noon, END, "late", "unknown") == [(1, 0)]


def test_a_range_that_ends_within_an_hour_hides_no_gap(scene: StoreScene) -> None:
    scene.insert(CameraRow.TABLE, counter("c"))
    scene.insert("counter_minutes", *minutes("c", "01:00", 60), *minutes("c", "02:30", 30))
    scene.refresh("counter_hours")
    period = ("2026-05-04T01:00:00+00:00", "2026-05-04T02:30:00+00:00")
    assert ask_panel(scene, DASHBOARD, "Period observed", *period, "observed_ratio") == [(0.75,)]
    title = "Counters, the least staffed first"
    assert ask_panel(scene, DASHBOARD, title, *period, "observed_ratio") == [(0.75,)]


def test_a_removed_counter_is_compared_in_the_period_in_which_it_saw(scene: StoreScene) -> None:
    scene.insert(CameraRow.TABLE, {**counter("gone"), "state": "removed"}, {**counter("older"), "state": "removed"})
    scene.insert("counter_minutes", *minutes("gone", "01:00", 1))
    scene.refresh("counter_hours")
    assert ask_panel(scene, DASHBOARD, "Counters", START, END, "counters", "observed") == [(1, 1)]
