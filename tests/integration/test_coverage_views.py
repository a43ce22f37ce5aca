"""The views that prove coverage, on the real engine: who owned a camera, and whether exactly one worker does now."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from schemas.cameras import Camera, Place, Source
from services.aggregate.migrate import known_migrations, migrate
from services.aggregate.registry_rows import camera_row
from services.aggregate.rows import CaptureCountersRow
from services.aggregate.settings import ClickHouseSettings
from services.aggregate.store import RowStore
from services.aggregate.store_client import connect
from services.aggregate.table import Row

pytestmark = pytest.mark.integration

NOW_MS = time.time_ns() // 1_000_000
CAMERA = Camera(
    "cam", 1, "Gate", "street", Place("Candisari", "Jatingaleh", -7.0, 110.4), Source("snapshot", "http://a")
)


@pytest.fixture
def store(clickhouse_port: int) -> Iterator[tuple[RowStore, Client]]:
    settings = ClickHouseSettings(port=clickhouse_port, database="coverage_tests")
    migrate(settings, known_migrations())
    store, client = RowStore(settings), connect(settings, settings.database)
    yield store, client
    for table in ("cameras", "capture_counters"):
        client.command(f"TRUNCATE TABLE {table}")
    client.close()
    store.close()


def epoch(began: float, instance: str, last: float, released: float | None = None, **changes: Any) -> Row:
    """An ownership; times are seconds from now, negative ones in the past."""
    row = CaptureCountersRow(
        camera_id="cam",
        owner_epoch=at(began),
        captured=5,
        captured_reported=5,
        captured_proved=5,
        missed={},
        bytes=500,
        reconnects=0,
        ingest_instance=instance,
        state="live" if released is None else "stopped",
        error_class="",
        error_detail="",
        released_at=0 if released is None else at(released),
        active_at=at(last),
        reported_at=at(last),
        ruleset="1",
        version=1,
    )
    return msgspec.structs.replace(row, **changes)


def at(seconds: float) -> int:
    return NOW_MS + round(seconds * 1000)


def ownerships(client: Client) -> list[tuple[Any, ...]]:
    columns = "ingest_instance, ended, round(gap_seconds, 1), next_instance"
    rows = client.query(f"SELECT {columns} FROM camera_ownerships ORDER BY owner_epoch").result_rows
    return [tuple(row) for row in rows]


def coverage(client: Client) -> tuple[Any, ...]:
    columns = "covered, owners_now, owner, last_owner, owner_epoch, state"
    [row] = client.query(f"SELECT {columns} FROM camera_coverage").result_rows
    return tuple(row)


def test_the_ownerships_tell_how_each_one_ended_and_for_how_long_nobody_watched(
    store: tuple[RowStore, Client],
) -> None:
    rows, client = store
    rows.write(
        [
            epoch(-900, "one", last=-800, released=-800),
            epoch(-799.5, "two", last=-600),  # killed
            epoch(-588.0, "three", last=-10, released=-10, state="stopped"),
            epoch(-11.0, "one", last=-1),  # began before the former one had let go
        ]
    )
    assert ownerships(client) == [
        ("one", "released", 0.5, "two"),
        ("two", "superseded", 12.0, "three"),
        ("three", "released", -1.0, "one"),
        ("one", "owned", 0.0, ""),
    ]
    untils = client.query("SELECT owned_from, owned_until FROM camera_ownerships ORDER BY owner_epoch").result_rows
    seconds = [(round(b.timestamp() - NOW_MS / 1000), round(e.timestamp() - NOW_MS / 1000)) for b, e in untils[:3]]
    assert seconds == [(-900, -800), (-800, -600), (-588, -10)]
    assert untils[3][1].timestamp() == 0, "it is still owned"


def test_an_active_camera_is_covered_while_exactly_one_owner_gives_signs(store: tuple[RowStore, Client]) -> None:
    rows, client = store
    rows.write([camera_row(CAMERA)])
    assert coverage(client) == (False, 0, "", "", 0, ""), "nobody ever owned it"
    rows.write([epoch(-900, "one", last=-30)])
    assert coverage(client) == (True, 1, "one", "one", at(-900), "live")
    rows.write([epoch(-20, "two", last=-1)])
    assert coverage(client) == (True, 1, "two", "two", at(-20), "live"), "the former one was silent since"


def test_an_owner_that_is_silent_for_150_s_or_let_go_is_none(store: tuple[RowStore, Client]) -> None:
    rows, client = store
    rows.write([camera_row(CAMERA), epoch(-900, "one", last=-120)])
    assert coverage(client)[:4] == (True, 1, "one", "one")
    rows.write([epoch(-900, "one", last=-160, version=2)])
    assert coverage(client)[:4] == (False, 0, "", "one")
    assert ownerships(client) == [("one", "silent", 0.0, "")]
    rows.write([epoch(-900, "one", last=-2, released=-2, version=3)])
    assert coverage(client) == (False, 0, "", "one", at(-900), "stopped")


def test_two_owners_that_both_give_signs_are_told(store: tuple[RowStore, Client]) -> None:
    rows, client = store
    rows.write([camera_row(CAMERA), epoch(-900, "one", last=-2), epoch(-60, "two", last=-1)])
    assert coverage(client)[:4] == (False, 2, "two", "two")
    rows.write([epoch(-900, "one", last=-57, version=2)])
    assert coverage(client)[:2] == (True, 1), "a last frame within 5 s of the next epoch is a hand-over"


def test_a_camera_whose_newest_revision_is_not_active_needs_no_owner(store: tuple[RowStore, Client]) -> None:
    rows, client = store
    paused = msgspec.structs.replace(CAMERA, revision=2, state="paused")
    again = msgspec.structs.replace(CAMERA, revision=3, name="North gate")
    rows.write([camera_row(CAMERA), camera_row(paused)])
    assert client.query("SELECT count() FROM camera_coverage").result_rows == [(0,)]
    rows.write([camera_row(again), camera_row(again)])
    assert client.query("SELECT camera_id, revision, name FROM camera_coverage").result_rows == [
        ("cam", 3, "North gate")
    ]
