"""Alerts on the store: each fires on a scenario and is silent on its near miss, asked of the real engine.

A row is an alert whose labels are its columns of text, and whose value is its one number. It fires once the number has
been above the limit for as long as the alert is pending; a scenario whose row is gone by then says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.aggregate.alerts.alert import Alert
from services.aggregate.alerts.build import GROUPS
from services.aggregate.alerts.city import CAMERA_QUARANTINED, COUNTER_UNATTENDED, FLOOD_CONFIRMED, FLOOD_SUSPECTED
from services.aggregate.alerts.operation import (
    ACCOUNTING_MISMATCH,
    CAMERAS_BLIND,
    DEAD_LETTERS,
    FRESHNESS,
    OWNERSHIP_GAP,
)
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.registry_rows import CameraRow
from tests.aggregate.alerts.alert_scenes import ago, camera, confirmed, episode, minute, outcomes, ownership, rejected
from tests.integration.store_scene import StoreScene, store_scene

pytestmark = pytest.mark.integration

RUNBOOKS = Path(__file__).parents[3] / "docs" / "runbooks"

Fired = dict[tuple[str, ...], float]


@pytest.fixture(scope="module")
def database(clickhouse_port: int) -> Iterator[StoreScene]:
    with store_scene(clickhouse_port, "alert_tests") as scene:
        yield scene


@pytest.fixture
def city(database: StoreScene) -> StoreScene:
    """A city of one camera, registered and with a current ruleset, and nothing else yet."""
    database.clear()
    database.choose("2", "2026-05-02")
    database.insert(CameraRow.TABLE, camera("c"))
    return database


def fired(city: StoreScene, alert: Alert) -> Fired:
    """Labels and values of the rows above the limit."""
    result = city.client.query(alert.sql)
    kinds = [kind.name for kind in result.column_types]
    labels = [place for place, kind in enumerate(kinds) if kind == "String"]
    (value,) = [place for place, kind in enumerate(kinds) if kind != "String"]
    return {tuple(row[place] for place in labels): row[value] for row in result.result_rows if row[value] > alert.above}


@pytest.mark.parametrize("alert", [alert for group in GROUPS for alert in group.alerts], ids=lambda alert: alert.name)
def test_an_alert_answers_with_text_and_one_number_and_one_row_for_each_set_of_labels(
    city: StoreScene, alert: Alert
) -> None:
    names = city.client.query(f"DESCRIBE TABLE ({alert.sql})").result_rows
    types = [row[1] for row in names]
    assert [kind for kind in types if kind != "String"] in (
        [kind] for kind in ("UInt8", "UInt16", "UInt64", "Int64", "Float64")
    )
    mentioned = {column for text in (*alert.summary, *alert.description) for column in _labels(text)}
    assert mentioned <= {row[0] for row in names if row[1] == "String"}


def _labels(text: str) -> list[str]:
    return [part.split(" ")[0] for part in text.split("$labels.")[1:]]


def test_a_flood_is_told_while_it_is_open_also_by_a_camera_that_went_dark(city: StoreScene) -> None:
    city.insert(EpisodeRow.TABLE, episode(1, "flood_episode", zone_id="z", peak_ratio=0.4, last_seen_at=ago(hours=2)))
    assert fired(city, FLOOD_SUSPECTED) == {("c", "Gate c", "Jatingaleh", "z"): 0.4}


@pytest.mark.parametrize(
    "columns",
    [
        {"phase": "ended"},
        {"simulated": True},
        {"ruleset": "1"},
        {"last_seen_at": ago(hours=13)},
        {"episode_type": "parking_case"},
    ],
    ids=["ended", "simulated", "of other rules", "given up", "another episode"],
)
def test_what_is_no_open_flood_is_not_told(city: StoreScene, columns: dict[str, Any]) -> None:
    flood = {**episode(1, "flood_episode", zone_id="z", peak_ratio=0.4), **columns}
    city.insert(EpisodeRow.TABLE, flood)
    assert fired(city, FLOOD_SUSPECTED) == {}
    city.insert("decisions", confirmed(1))
    assert fired(city, FLOOD_CONFIRMED) == {}


def test_a_rejected_flood_is_told_no_more(city: StoreScene) -> None:
    city.insert(EpisodeRow.TABLE, *(episode(n, "flood_episode", zone_id=f"z{n}", peak_ratio=0.4) for n in (1, 2)))
    city.insert("decisions", rejected(1))
    assert [labels[-1] for labels in fired(city, FLOOD_SUSPECTED)] == ["z2"]


def test_a_flood_is_suspected_until_a_person_confirms_it_and_confirmed_until_it_ends_or_is_rejected(
    city: StoreScene,
) -> None:
    flood = episode(1, "flood_episode", zone_id="z1", peak_ratio=0.4, last_seen_at=ago(hours=2))
    city.insert(EpisodeRow.TABLE, flood, episode(2, "flood_episode", zone_id="z2", peak_ratio=0.3))
    assert fired(city, FLOOD_CONFIRMED) == {}
    city.insert("decisions", confirmed(1), confirmed(2))
    assert fired(city, FLOOD_SUSPECTED) == {}
    assert fired(city, FLOOD_CONFIRMED) == {
        ("c", "Gate c", "Jatingaleh", "z1"): 0.4,
        ("c", "Gate c", "Jatingaleh", "z2"): 0.3,
    }
    city.insert(EpisodeRow.TABLE, {**flood, "phase": "ended", "ended_because": "cleared", "version": 2})
    city.insert("decisions", rejected(2))
    assert fired(city, FLOOD_SUSPECTED) == fired(city, FLOOD_CONFIRMED) == {}


def test_a_flood_of_a_camera_that_was_removed_is_not_told(city: StoreScene) -> None:
    city.insert(EpisodeRow.TABLE, episode(1, "flood_episode", zone_id="z", peak_ratio=0.4))
    city.insert(CameraRow.TABLE, camera("c", revision=2, version=2, state="removed"))
    assert fired(city, FLOOD_SUSPECTED) == {}


def test_people_who_wait_without_staff_are_told_until_staff_is_back(city: StoreScene) -> None:
    waiting = episode(1, "counter_episode", "unattended", people_waiting_max=4)
    city.insert(EpisodeRow.TABLE, waiting)
    assert fired(city, COUNTER_UNATTENDED) == {("c", "Gate c", "Jatingaleh"): 4}
    city.insert(EpisodeRow.TABLE, {**waiting, "phase": "ended", "ended_because": "cleared", "version": 2})
    assert fired(city, COUNTER_UNATTENDED) == {}
    assert COUNTER_UNATTENDED.pending_seconds == 180, "an absence that ends within three minutes is not told"


@pytest.mark.parametrize(
    "columns",
    [{"kind": "not_open", "people_waiting_max": 0}, {"kind": "after_hours"}, {"last_seen_at": ago(minutes=6)}],
    ids=["closed and nobody waits", "outside opening hours", "the camera gives no pictures"],
)
def test_a_counter_where_nobody_is_known_to_wait_is_not_told(city: StoreScene, columns: dict[str, Any]) -> None:
    city.insert(EpisodeRow.TABLE, {**episode(1, "counter_episode", "unattended", people_waiting_max=4), **columns})
    assert fired(city, COUNTER_UNATTENDED) == {}


def test_a_quarantine_is_told_until_a_person_releases_the_camera_not_when_the_incident_is_rejected(
    city: StoreScene,
) -> None:
    shifted = episode(1, "camera_incident", "shifted", quarantined=True, started_at=ago(hours=3))
    city.insert(EpisodeRow.TABLE, shifted)
    city.insert("decisions", rejected(1))
    ((labels, hours),) = fired(city, CAMERA_QUARANTINED).items()
    assert (labels, round(hours, 1)) == (("c", "Gate c", "Jatingaleh", "shifted"), 3.0)
    city.insert(EpisodeRow.TABLE, {**shifted, "phase": "ended", "ended_because": "released", "version": 2})
    assert fired(city, CAMERA_QUARANTINED) == {}


def test_a_dark_camera_is_in_no_quarantine(city: StoreScene) -> None:
    city.insert(EpisodeRow.TABLE, episode(1, "camera_incident", "dark", quarantined=False))
    assert fired(city, CAMERA_QUARANTINED) == {}


def test_a_camera_without_an_owner_or_with_two_is_a_gap(city: StoreScene) -> None:
    city.insert(CameraRow.TABLE, camera("d"), camera("e"))
    city.insert("capture_counters", ownership(1, 10), ownership(1, 10, "d", active_at=ago(seconds=200)))
    city.insert("capture_counters", ownership(1, 10, "e"), ownership(0.5, 10, "e", ingest_instance="two"))
    assert fired(city, OWNERSHIP_GAP) == {(): 2}


def test_one_owner_each_is_no_gap_nor_is_a_paused_camera_without_one(city: StoreScene) -> None:
    city.insert(CameraRow.TABLE, camera("d", state="paused"))
    city.insert("capture_counters", ownership(2, 10, released_at=ago(hours=1)), ownership(1, 10))
    assert fired(city, OWNERSHIP_GAP) == {}
    assert OWNERSHIP_GAP.pending_seconds > 60, "a hand-over takes less, and statuses come each 60 s"


def test_a_city_whose_newest_judged_minute_is_old_is_told_also_after_hours(city: StoreScene) -> None:
    city.insert("camera_minutes", minute(7), minute(1, detected=0, shed_stale=60))
    assert 355 <= fired(city, FRESHNESS)[()] <= 365
    city.clear()
    city.choose("2", "2026-05-02")
    city.insert(CameraRow.TABLE, camera("c"))
    city.insert("camera_minutes", minute(600))
    assert fired(city, FRESHNESS) == {(): 7200}, "not the seconds since 1970"


def test_one_camera_that_is_judged_keeps_the_city_fresh_and_a_city_without_cameras_has_nothing_to_judge(
    city: StoreScene,
) -> None:
    city.insert("camera_minutes", minute(30), minute(5, "d"))
    assert fired(city, FRESHNESS) == {}
    city.clear()
    assert fired(city, FRESHNESS) == {}


def test_more_than_a_tenth_blind_is_told_a_tenth_is_not(city: StoreScene) -> None:
    city.insert(CameraRow.TABLE, *(camera(f"d{n}") for n in range(9)))
    city.insert("camera_minutes", *(minute(1, f"d{n}") for n in range(9)))
    assert fired(city, CAMERAS_BLIND) == {}
    city.insert(CameraRow.TABLE, camera("e"))
    assert fired(city, CAMERAS_BLIND) == {(): pytest.approx(2 / 11)}


def test_a_camera_that_sends_no_pictures_is_told_a_few_broken_frames_are_not(city: StoreScene) -> None:
    city.insert(CameraRow.TABLE, camera("few"), camera("fast"), camera("past"))
    city.insert("camera_minutes", minute(2, dead_undecodable=15), minute(3, dead_refused=6))
    city.insert("camera_minutes", minute(2, "few", frames=60, dead_undecodable=20))
    city.insert("camera_minutes", minute(2, "fast", frames=600, dead_undecodable=21))
    city.insert("camera_minutes", minute(17, "past", dead_undecodable=60))
    assert fired(city, DEAD_LETTERS) == {("c", "Gate c", "Jatingaleh"): 21}


def test_a_lost_row_of_an_ended_epoch_is_told_and_so_is_one_too_many(city: StoreScene) -> None:
    ended, running = ownership(3, 5, released_at=ago(hours=1)), ownership(0.9, 50)
    city.insert("capture_counters", ended, running)
    city.insert("frame_outcomes", *outcomes(ended["owner_epoch"], 5), *outcomes(running["owner_epoch"], 10))
    assert fired(city, ACCOUNTING_MISMATCH) == {}
    city.insert("capture_counters", {**ended, "captured": 6, "version": 2})
    assert fired(city, ACCOUNTING_MISMATCH) == {("ended epochs",): 1}
    city.insert("capture_counters", {**ended, "captured": 3, "version": 3})
    assert fired(city, ACCOUNTING_MISMATCH) == {("ended epochs",): 2}


def test_an_epoch_that_has_just_ended_may_have_frames_on_their_way(city: StoreScene) -> None:
    city.insert("capture_counters", ownership(3, 5, released_at=ago(minutes=15)))
    assert fired(city, ACCOUNTING_MISMATCH) == {}


@pytest.mark.parametrize(("lost", "told"), [(119, False), (121, True)])
def test_yesterday_s_books_may_differ_by_two_minutes_of_frames_and_no_more(
    city: StoreScene, lost: int, told: bool
) -> None:
    frames = 10_000 - lost
    noon = "toDateTime64(toDate(now('Asia/Jakarta')) - 1, 3, 'Asia/Jakarta') + INTERVAL 12 HOUR"
    city.client.command(
        "INSERT INTO camera_hours (camera_id, hour, minutes, frames, detected, version) "
        f"SELECT 'c', {noon}, 60, {frames}, {frames}, 1"
    )
    city.client.command(
        "INSERT INTO capture_days (camera_id, owner_epoch, day, captured, version) "
        "SELECT 'c', 1, toDate(now('Asia/Jakarta')) - 1, 10000, 1"
    )
    assert fired(city, ACCOUNTING_MISMATCH) == ({("yesterday",): lost} if told else {})


@pytest.mark.parametrize("runbook", sorted(RUNBOOKS.glob("*.md")), ids=lambda path: path.stem)
def test_what_a_run_book_asks_the_store_for_is_answered(city: StoreScene, runbook: Path) -> None:
    for statement in re.findall(r"```sql\n(.*?)```", runbook.read_text(encoding="utf-8"), re.DOTALL):
        city.client.query(statement, parameters={"camera": "c"} if "{camera:" in statement else None)
