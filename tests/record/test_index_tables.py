"""Tables that an earlier recorder made get the columns that they lack, and its rows say that these are not known."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from schemas.recordings import ChainEntry
from services.record.index import Index, rows_between
from services.record.index_rows import RecordedMinuteRow, rows_of
from services.record.index_tables import ensure_tables
from services.record.owned_partition import Withdrawal
from services.runtime.clickhouse import connect
from services.runtime.settings import ClickHouseSettings
from tests.record.facts import CAMERA, DAY, MINUTE_MS, NOON_MS, make_minute

pytestmark = pytest.mark.integration


def test_a_table_from_before_revisions_were_kept_gets_their_columns(clickhouse_port: int) -> None:
    index = ClickHouseSettings(port=clickhouse_port, database="record_older")
    ensure_tables(index)
    client = connect(index, index.database)
    for column in ("camera_revision", "private_revision"):
        client.command(f"ALTER TABLE recorded_minutes DROP COLUMN {column}")
    client.command(
        "INSERT INTO recorded_minutes (camera_id, minute, form, object_key, first_at, last_at, version)"
        f" SELECT '{CAMERA}', toDateTime64({NOON_MS} / 1000, 3, 'UTC') AS at, 'public', 'old.mp4', at, at, 1"
    )
    client.close()

    fact = replace(make_minute(1), camera_revision=7, private_revision=8)
    entry = ChainEntry(camera_id=CAMERA, day=DAY, index=0, previous="0" * 64, at_ms=NOON_MS, fact=fact)
    written = Index(index)
    written.add(rows_of([entry]), lambda: None)
    written.write()
    written.close()
    rows = rows_between(index, RecordedMinuteRow, (CAMERA, NOON_MS, NOON_MS + 2 * MINUTE_MS))
    told = sorted((row.minute - NOON_MS, row.camera_revision, row.private_revision) for row in rows)
    assert told == [(0, 0, 0), (MINUTE_MS, 7, 8)]


def test_an_index_with_many_hours_of_rows_is_full_until_they_are_written(clickhouse_port: int) -> None:
    index = Index(ClickHouseSettings(port=clickhouse_port, database="record_full"))
    rows = rows_of([ChainEntry(camera_id=CAMERA, day=DAY, index=0, previous="0" * 64, at_ms=1, fact=make_minute(1))])
    index.add(rows * 49_999, lambda: None)
    was_full = [index.is_full]
    index.add(rows, lambda: None)
    was_full.append(index.is_full)
    index.write()
    index.close()
    assert [*was_full, index.is_full] == [False, True, False]


def test_a_withdrawal_that_comes_late_leaves_the_minutes_after_the_release(clickhouse_port: int) -> None:
    settings = ClickHouseSettings(port=clickhouse_port, database="record_released")
    facts = [make_minute(number) for number in range(6)]
    entry = ChainEntry(camera_id=CAMERA, day=DAY, index=0, previous="0" * 64, at_ms=NOON_MS, fact=facts[0])
    index = Index(settings)
    index.add(rows_of(replace(entry, fact=fact) for fact in facts), lambda: None)
    index.write()
    begun, judged = NOON_MS + MINUTE_MS + 59_000, NOON_MS + 3 * MINUTE_MS
    assert index.withdraw(Withdrawal(CAMERA, begun, judged, NOON_MS + 9 * MINUTE_MS)) == 3
    index.close()
    rows = rows_between(settings, RecordedMinuteRow, (CAMERA, NOON_MS, NOON_MS + 6 * MINUTE_MS))
    assert [
        (row.minute - NOON_MS) // MINUTE_MS for row in sorted(rows, key=lambda row: row.minute) if row.withdrawn
    ] == [1, 2, 3]
