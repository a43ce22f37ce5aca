"""The views that prove coverage, on the real engine: who owned a camera, and whether exactly one worker does now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from schemas.cameras import Camera, Place, Source
from schemas.table import Row
from services.aggregate.migrate import known_migrations, migrate
from services.aggregate.registry_rows import CameraRow, camera_row
from services.aggregate.rows import CaptureCountersRow
from services.runtime.clickhouse import connect
from services.runtime.clock import now_ms
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings

pytestmark = pytest.mark.integration

CAMERA = Camera(
    "cam", 1, "Gate", "street", Place("Candisari", "Jatingaleh", -7.0, 110.4), Source("snapshot", "http://a")
)


class Scene:
    """A database of its own, and times as seconds from when the scene was set; the past is negative."""

    def __init__(self, store: RowStore, client: Client) -> None:
        self.store, self.client = store, client
        self._now_ms = now_ms()

    def at(self, seconds: float) -> int:
        return self._now_ms + round(seconds * 1000)

    def epoch(self, began: float, instance: str, last: float, released: float | None = None, **changes: Any) -> Row:
        row = CaptureCountersRow(
            camera_id="cam",
            owner_epoch=self.at(began),
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
            released_at=0 if released is None else self.at(released),
            active_at=self.at(last),
            reported_at=self.at(last),
            ruleset="1",
            version=1,
        )
        return msgspec.structs.replace(row, **changes)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.client.query(query).result_rows]

    def ownerships(self) -> list[tuple[Any, ...]]:
        columns = "ingest_instance, ended, round(gap_seconds, 1), next_instance"
        return self.ask(f"SELECT {columns} FROM camera_ownerships ORDER BY owner_epoch")

    def coverage(self) -> tuple[Any, ...]:
        [row] = self.ask("SELECT covered, owners_now, owner, last_owner, owner_epoch, state FROM camera_coverage")
        return row


@pytest.fixture
def scene(clickhouse_port: int) -> Iterator[Scene]:
    settings = ClickHouseSettings(port=clickhouse_port, database="coverage_tests")
    migrate(settings, known_migrations())
    store, client = RowStore(settings), connect(settings, settings.database)
    yield Scene(store, client)
    for row_type in (CameraRow, CaptureCountersRow):
        client.command(f"TRUNCATE TABLE {row_type.TABLE}")
    client.close()
    store.close()


def test_the_ownerships_tell_how_each_one_ended_and_for_how_long_nobody_watched(
    scene: Scene,
) -> None:
    scene.store.write(
        [
            scene.epoch(-900, "one", last=-800, released=-800),
            scene.epoch(-799.6, "two", last=-600),  # killed
            scene.epoch(-588.0, "three", last=-10, released=-10, state="stopped"),
            scene.epoch(-11.0, "one", last=-1),  # began before the former one had let go
        ]
    )
    assert scene.ownerships() == [
        ("one", "released", 0.4, "two"),
        ("two", "superseded", 12.0, "three"),
        ("three", "released", -1.0, "one"),
        ("one", "owned", 0.0, ""),
    ]
    untils = scene.ask("SELECT owned_from, owned_until FROM camera_ownerships ORDER BY owner_epoch")
    seconds = [
        (round(b.timestamp() - scene.at(0) / 1000), round(e.timestamp() - scene.at(0) / 1000)) for b, e in untils[:3]
    ]
    assert seconds == [(-900, -800), (-800, -600), (-588, -10)]
    assert untils[3][1].timestamp() == 0, "it is still owned"


def test_an_active_camera_is_covered_while_exactly_one_owner_gives_signs(scene: Scene) -> None:
    scene.store.write([camera_row(CAMERA)])
    assert scene.coverage() == (False, 0, "", "", 0, ""), "nobody ever owned it"
    scene.store.write([scene.epoch(-900, "one", last=-30)])
    assert scene.coverage() == (True, 1, "one", "one", scene.at(-900), "live")
    scene.store.write([scene.epoch(-20, "two", last=-1)])
    assert scene.coverage() == (True, 1, "two", "two", scene.at(-20), "live"), "the former one was silent since"


def test_an_owner_that_is_silent_for_150_s_or_let_go_is_none(scene: Scene) -> None:
    scene.store.write([camera_row(CAMERA), scene.epoch(-900, "one", last=-120)])
    assert scene.coverage()[:4] == (True, 1, "one", "one")
    scene.store.write([scene.epoch(-900, "one", last=-160, version=2)])
    assert scene.coverage()[:4] == (False, 0, "", "one")
    assert scene.ownerships() == [("one", "silent", 0.0, "")]
    scene.store.write([scene.epoch(-900, "one", last=-2, released=-2, version=3)])
    assert scene.coverage() == (False, 0, "", "one", scene.at(-900), "stopped")


def test_two_owners_that_both_give_signs_are_told(scene: Scene) -> None:
    scene.store.write([camera_row(CAMERA), scene.epoch(-900, "one", last=-2), scene.epoch(-60, "two", last=-1)])
    assert scene.coverage()[:4] == (False, 2, "two", "two")
    scene.store.write([scene.epoch(-900, "one", last=-57, version=2)])
    assert scene.coverage()[:2] == (True, 1), "a last frame within 5 s of the next epoch is a hand-over"


def test_a_camera_whose_newest_revision_is_not_active_needs_no_owner(scene: Scene) -> None:
    paused = msgspec.structs.replace(CAMERA, revision=2, state="paused")
    again = msgspec.structs.replace(CAMERA, revision=3, name="North gate")
    scene.store.write([camera_row(CAMERA), camera_row(paused)])
    assert scene.ask("SELECT count() FROM camera_coverage") == [(0,)]
    scene.store.write([camera_row(again), camera_row(again)])
    assert scene.ask("SELECT camera_id, revision, name FROM camera_coverage") == [("cam", 3, "North gate")]
