"""What marts read of the tables below: the years and the cameras that were asked for, no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

import pytest

from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.marts import mart
from tests.integration.store_scene import StoreScene, store_scene

pytestmark = pytest.mark.integration

CAMERAS = 10
HOURS = 24 * 400  # more than a granule's 8,192 rows a camera, and in three years
_ID = "concat('cam-', toString(intDiv(number, {0}))) AS camera_id"


class Read(NamedTuple):
    """What is read of a table, of how much."""

    parts: int
    all_parts: int
    granules: int
    all_granules: int


@pytest.fixture(scope="module")
def scene(clickhouse_port: int) -> Iterator[StoreScene]:
    with store_scene(clickhouse_port, "scan_tests") as scene:
        scene.choose("2", "2026-05-02")
        scene.client.command(
            f"INSERT INTO cameras (camera_id, revision, state, public) SELECT {_ID.format(1)}, 1, 'active', true "
            f"FROM numbers({CAMERAS})"
        )
        for tier in ("camera_hours", "counter_hours", "flood_hours"):
            scene.client.command(
                f"INSERT INTO {tier} (camera_id, hour, minutes, version) SELECT {_ID.format(HOURS)}, "
                f"toDateTime64('2024-12-01 00:00:00', 3, 'UTC') + toIntervalHour(number % {HOURS}), 60, 1 "
                f"FROM numbers({CAMERAS * HOURS})"
            )
        scene.client.command(
            f"INSERT INTO episodes (camera_id, episode_id, ruleset, started_at, version) SELECT {_ID.format(HOURS)}, "
            f"lower(hex(MD5(toString(number)))), '2', toDateTime64('2025-01-01 00:00:00', 3, 'UTC'), 1 "
            f"FROM numbers({CAMERAS * HOURS})"
        )
        scene.client.command(
            f"INSERT INTO frame_outcomes (camera_id, owner_epoch, sequence, version) SELECT {_ID.format(HOURS)}, "
            f"1760000000000, number, 1 FROM numbers({CAMERAS * HOURS})"
        )
        for table in ("camera_hours", "counter_hours", "flood_hours", EpisodeRow.TABLE, "frame_outcomes"):
            scene.client.command(f"OPTIMIZE TABLE {table} FINAL")
        yield scene


def reads(scene: StoreScene, query: str, **parameters: Any) -> dict[str, Read]:
    """Ask the engine what a query would read; a table that it needs not open is not there.

    Where a table is read twice, it is the reading of fewer parts.
    """
    [(plan,)] = scene.ask(f"EXPLAIN json = 1, indexes = 1 {query}", **parameters)
    found: dict[str, Read] = {}
    for node in nodes(json.loads(plan)[0]["Plan"]):
        if indexes := node.get("Indexes"):
            first, last = indexes[0], indexes[-1]
            table = node["Description"].rpartition(".")[2]
            read = Read(
                last["Selected Parts"], first["Initial Parts"], last["Selected Granules"], first["Initial Granules"]
            )
            found[table] = min(read, found.get(table, read))
    return found


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


TIERS = {
    "flood_daily_by_kelurahan": ("flood_hours",),
    "counter_service_hourly": ("counter_hours",),
    "camera_uptime_daily": ("camera_hours",),
    "open_daily_by_kelurahan": ("camera_hours", "flood_hours", "counter_hours"),
}


@pytest.mark.parametrize("name", TIERS)
def test_a_mart_of_tiers_reads_the_years_that_its_days_lie_in(scene: StoreScene, name: str) -> None:
    one = mart(name)
    assert one is not None
    march = reads(scene, one.example, from_day=date(2025, 3, 1), to_day=date(2025, 3, 31))
    turn = reads(scene, one.example, from_day=date(2024, 12, 31), to_day=date(2025, 1, 2))
    for table in TIERS[name]:
        assert (march[table].parts, march[table].all_parts) == (1, 3), (name, table)
        assert (turn[table].parts, turn[table].all_parts) == (2, 3), (name, table)


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("counter_service_hourly", "counter_hours"),
        ("camera_uptime_daily", "camera_hours"),
        ("parking_cases", EpisodeRow.TABLE),
        ("flood_events", EpisodeRow.TABLE),
        ("incident_log", EpisodeRow.TABLE),
        ("frame_accounting_minutely", "frame_outcomes"),
    ],
)
def test_a_mart_asked_for_one_camera_reads_only_that_camera_s_granules(
    scene: StoreScene, name: str, table: str
) -> None:
    read = reads(scene, f"SELECT * FROM {name} WHERE camera_id = 'cam-7'")[table]
    assert read.all_granules >= CAMERAS
    assert read.granules <= 6, "one camera's rows, and the granules that they share with a neighbour, in three years"
    assert read.granules < read.all_granules / 2
