"""The registry in ClickHouse: every revision is written, once a run, and failures are made up for."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from schemas.cameras import Camera, Place, Source
from schemas.table import Row
from services.aggregate.metrics import AGGREGATE_METRICS
from services.aggregate.registry_table import RegistryTable
from services.runtime.camera_registry import CameraRevisions
from services.runtime.errors import RetryableError
from services.runtime.metrics import Metrics
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings

CAMERA = Camera(
    "cam", 1, "Gate", "street", Place("Candisari", "Jatingaleh", -7.0, 110.4), Source("snapshot", "http://a")
)


class MemoryStore(RowStore):
    """Keeps rows, or is away."""

    def __init__(self) -> None:
        super().__init__(ClickHouseSettings())
        self.rows: list[Row] = []
        self.away = False

    def write(self, rows: Iterable[Row]) -> dict[str, int]:
        if self.away:
            raise RetryableError("ClickHouse is away")
        self.rows += rows
        return {}


def make_table(*cameras: Camera) -> tuple[RegistryTable, CameraRevisions, MemoryStore]:
    revisions, store = CameraRevisions(), MemoryStore()
    for camera in cameras:
        revisions.add(camera)
    return RegistryTable(revisions, store, Metrics(AGGREGATE_METRICS)), revisions, store


def test_each_revision_is_written_once() -> None:
    table, revisions, store = make_table(CAMERA)
    assert (table.write_new(), table.write_new()) == (1, 0)
    revisions.add(msgspec.structs.replace(CAMERA, revision=2, state="paused"))
    assert table.write_new() == 1
    assert [row.key() for row in store.rows] == [("cam", 1), ("cam", 2)]


def test_what_could_not_be_written_is_written_later() -> None:
    table, _, store = make_table(CAMERA)
    store.away = True
    with pytest.raises(RetryableError):
        table.write_new()
    store.away = False
    assert table.write_new() == 1
    assert len(store.rows) == 1


def test_a_revision_that_no_column_holds_keeps_no_other_one_out() -> None:
    table, _, store = make_table(CAMERA, msgspec.structs.replace(CAMERA, revision=2**32))
    table.write_new()
    assert [row.key() for row in store.rows] == [("cam", 1)]
