"""*Quality*: a precision is told with its bounds and of what was judged; what nobody judged has none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.aggregate.dashboards.quality import DASHBOARD
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.registry_rows import CameraRow
from tests.aggregate.dashboards.asked_panel import ask_panel
from tests.integration.store_scene import StoreScene, store_scene

pytestmark = pytest.mark.integration

START, END = "2026-05-04T00:00:00+00:00", "2026-05-06T00:00:00+00:00"


@pytest.fixture(scope="module")
def database(clickhouse_port: int) -> Iterator[StoreScene]:
    with store_scene(clickhouse_port, "quality_dashboard") as scene:
        yield scene


@pytest.fixture
def scene(database: StoreScene) -> StoreScene:
    database.clear()
    database.choose("2", "2026-05-02")
    seen = {"revision": 1, "version": 1, "sample_fps": 1.0, "state": "active"}
    database.insert(CameraRow.TABLE, {"camera_id": "c", "name": "Gate", "kind": "street", **seen})
    return database


def episode(number: int, episode_type: str, **columns: Any) -> dict[str, Any]:
    named = {"camera_id": "c", "episode_id": f"{number:032}", "episode_type": episode_type, "ruleset": "2"}
    return {**named, "review": "suspected", "phase": "ended", "started_at": "2026-05-04T10:00:00Z", **columns}


def verdict(number: int, said: str, by: str = "Sari") -> dict[str, Any]:
    judged = {"decision": f"episode_{said}", "decided_at": "2026-05-04T11:00:00Z", "decided_by": by}
    return {"camera_id": "c", "event_id": f"{number:032}", "episode_id": f"{number:032}", **judged}


def test_precision_has_wilson_s_bounds_and_says_how_little_it_rests_on(scene: StoreScene) -> None:
    scene.insert(EpisodeRow.TABLE, *(episode(n, "parking_case") for n in range(20)))
    scene.insert(EpisodeRow.TABLE, episode(40, "counter_episode", kind="not_open"))
    scene.insert(EpisodeRow.TABLE, episode(41, "flood_episode", simulated=True))
    scene.insert(
        "decisions", *(verdict(n, "confirmed") for n in range(8)), verdict(8, "rejected"), verdict(9, "rejected")
    )
    bounds = ("round(precision_low, 3)", "round(precision_high, 3)")
    columns = ("rule", "sample", "episodes", "judged", "precision", *bounds, "wait_s")
    assert ask_panel(scene, DASHBOARD, "Precision by rule", START, END, *columns) == [
        ("counter_episode/not_open", "none", 1, 0, None, None, None, None),
        ("parking_case", "small", 20, 10, 0.8, 0.49, 0.943, 3600.0),
    ]
    said = ("week", "confirmed", "rejected", "unjudged")
    assert ask_panel(scene, DASHBOARD, "Verdicts by week", START, END, *said) == [("05-04", 8, 2, 11)]
    bars = ("parking", "not_open", "flood")
    assert ask_panel(scene, DASHBOARD, "Precision by week", START, END, *bars) == [(0.8, None, None)]


def test_one_person_s_opinion_is_told_as_such(scene: StoreScene) -> None:
    scene.insert(EpisodeRow.TABLE, *(episode(n, "parking_case") for n in range(4)))
    scene.insert("decisions", *(verdict(n, "confirmed") for n in range(3)), verdict(3, "rejected", by="Budi"))
    assert ask_panel(scene, DASHBOARD, "Who judges", START, END, "people", "busiest_ratio") == [(2, 0.75)]


def test_minutes_that_do_not_count_are_parts_of_what_the_cameras_owed(scene: StoreScene) -> None:
    whole = {"camera_id": "c", "ruleset": "2", "observed_s": 60.0, "frames": 4, "detected": 3, "shed_stale": 1}
    rows = [{**whole, "minute": f"2026-05-04T10:{n:02}:00Z", "valid": n >= 15, "simulated": n >= 24} for n in range(30)]
    scene.insert("camera_minutes", *rows)
    scene.refresh("camera_hours")
    columns = ("not_valid", "simulated", "missing")
    hour = ("2026-05-04T10:00:00+00:00", "2026-05-04T11:00:00+00:00")
    assert ask_panel(scene, DASHBOARD, "Minutes that do not count", *hour, *columns) == [(0.25, 0.1, 0.5)]
    judged = ask_panel(scene, DASHBOARD, "Frames with a verdict", START, END, "judged_ratio", "skewed_ratio")
    assert judged == [(0.75, 0.0)]


def test_both_networks_of_a_frame_are_in_use_and_a_frame_without_water_names_only_one(scene: StoreScene) -> None:
    frame = {
        "camera_id": "c",
        "captured_at": "2026-05-05T23:30:00Z",
        "detector_name": "nanodet",
        "detector_tiles": "2x2",
    }
    frame |= {"detector_weights_sha256": "ab" * 32, "ruleset": "2"}
    wet = {"water_detector_name": "water", "water_detector_weights_sha256": "cd" * 32, "sequence": 1}
    scene.insert("detections", frame, {**frame, **wet}, {**frame, "captured_at": "2026-05-05T22:30:00Z"})
    columns = ("task", "model", "weights", "tiles", "toInt32(frames)")
    assert ask_panel(scene, DASHBOARD, "Networks in use", START, END, *columns) == [
        ("objects", "nanodet", "abababababab", "2x2", 2),
        ("water", "water", "cdcdcdcdcdcd", "–", 1),
    ]


def test_a_blind_camera_s_minutes_are_missing_from_the_store_s_first_hour_on(scene: StoreScene) -> None:
    seen = {"camera_id": "elsewhere", "ruleset": "2", "observed_s": 60.0, "frames": 4, "detected": 4, "valid": True}
    scene.insert("camera_minutes", {**seen, "minute": "2026-05-04T16:00:00Z"})
    scene.refresh("camera_hours")
    columns = ("minutes_day", "missing")
    assert ask_panel(scene, DASHBOARD, "Minutes that do not count", START, END, *columns) == [
        ("05-04", 1.0),
        ("05-05", 1.0),
        ("05-06", 1.0),
    ]


def test_an_episode_has_waited_until_its_first_verdict(scene: StoreScene) -> None:
    scene.insert(EpisodeRow.TABLE, episode(1, "parking_case"))
    later = {"decided_at": "2026-05-04T16:00:00Z", "event_id": "2".rjust(32, "0")}
    scene.insert("decisions", verdict(1, "confirmed"), {**verdict(1, "rejected"), **later})
    assert ask_panel(scene, DASHBOARD, "Precision by rule", START, END, "rejected", "wait_s") == [(1, 3600.0)]


def test_where_nothing_was_seen_there_were_no_episodes_that_anybody_knows_of(scene: StoreScene) -> None:
    assert ask_panel(scene, DASHBOARD, "Judged by people", START, END, "episodes") == [(None,)]  # not a topic: a column
    assert ask_panel(scene, DASHBOARD, "Who judges", START, END, "people") == [(None,)]
