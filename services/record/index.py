"""The index in ClickHouse: rows that wait to be written, with what is to be done once they are, and withdrawals."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

from clickhouse_connect.driver.client import Client
from msgspec import convert

from schemas.table import TIME, Row, columns_of
from services.record.index_rows import RecordedEvidenceRow, RecordedMinuteRow, withdrawn
from services.record.index_tables import TIME_COLUMNS, ensure_tables
from services.record.minutes import minute_of
from services.record.owned_partition import Withdrawal
from services.runtime.clickhouse import connect, translated_errors
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings

RowT = TypeVar("RowT", RecordedMinuteRow, RecordedEvidenceRow)

_SHOWN_SINCE = """
SELECT {columns} FROM {table} FINAL
WHERE camera_id = {{camera:String}} AND {at} >= fromUnixTimestamp64Milli({{since:Int64}}, 'UTC')
    AND form = 'public' AND object_key != '' AND NOT withdrawn
"""

_BETWEEN = """
SELECT {columns} FROM {table} FINAL
WHERE camera_id = {{camera:String}} AND {at} >= fromUnixTimestamp64Milli({{since:Int64}}, 'UTC')
    AND {at} < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC')
"""

_MOST_ROWS = 50_000
"""Rows that may wait: four hours' of 200 recorded cameras."""


class Index:
    """See the file's head. For one thread. Makes its tables with the first write, which may be of nothing."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        self._settings = settings
        self._store = RowStore(settings)
        self._made = False
        self._rows: list[Row] = []
        self._then: list[Callable[[], None]] = []

    @property
    def waits(self) -> bool:
        """Tell whether there is something to write, or the tables are yet to be made."""
        return bool(self._rows or self._then) or not self._made

    @property
    def is_full(self) -> bool:
        """Tell whether so many rows wait that no more should be made before ClickHouse has taken them."""
        return len(self._rows) >= _MOST_ROWS

    def add(self, rows: list[Row], then: Callable[[], None]) -> None:
        """Take rows, and what is to be called once they are in ClickHouse."""
        self._rows += rows
        self._then.append(then)

    def write(self) -> None:
        """Write what waits. Blocks.

        Raises:
            RetryableError: ClickHouse is away; all of it still waits.
        """
        self._ensure()
        self._store.write(self._rows)
        done, self._then, self._rows = self._then, [], []
        for then in done:
            then()

    def withdraw(self, withdrawal: Withdrawal) -> int:
        """Mark the minutes that hold pictures of a quarantine, and give how many those are. Blocks.

        Raises:
            RetryableError: ClickHouse is away.
        """
        self._ensure()
        camera_id, from_ms, through_ms, at_ms = withdrawal
        rows = self._shown_since(camera_id, minute_of(from_ms))
        marked = [withdrawn(row, at_ms) for row in rows if row.last_at >= from_ms and row.first_at <= through_ms]
        self._store.write(marked)
        return len(marked)

    def close(self) -> None:
        """Close the connection."""
        self._store.close()

    def _ensure(self) -> None:
        if not self._made:
            ensure_tables(self._settings)
            self._made = True

    def _shown_since(self, camera_id: str, since_ms: int) -> list[RecordedMinuteRow]:
        parameters = {"camera": camera_id, "since": since_ms}
        with closing(connect(self._settings, self._settings.database)) as client:
            return _rows(client, RecordedMinuteRow, _SHOWN_SINCE, parameters)


def rows_between(settings: ClickHouseSettings, row_type: type[RowT], span: tuple[str, int, int]) -> list[RowT]:
    """Give the rows that have a file, of a camera from a time until before another. Blocks.

    Args:
        settings: Where the index is.
        row_type: Of which table.
        span: Camera, and times in ms since 1970.

    Raises:
        RetryableError: ClickHouse is away.
    """
    with closing(connect(settings, settings.database)) as client:
        return [row for row in all_rows_between(client, row_type, span) if row.object_key]


def all_rows_between(client: Client, row_type: type[RowT], span: tuple[str, int, int]) -> list[RowT]:
    """Give the rows of a camera from a time until before another, also those that have no file. Blocks.

    Args:
        client: Of the database where the index is.
        row_type: Of which table.
        span: Camera, and times in ms since 1970.

    Raises:
        RetryableError: ClickHouse is away.
    """
    camera_id, since_ms, until_ms = span
    return _rows(client, row_type, _BETWEEN, {"camera": camera_id, "since": since_ms, "until": until_ms})


def _rows(client: Client, row_type: type[RowT], query: str, parameters: dict[str, object]) -> list[RowT]:
    """Give the rows that a query selects by ``{columns}`` of ``{table}``; ``{at}`` is its column of time."""
    columns = columns_of(row_type)
    query = query.format(
        columns=", ".join(_selected(name, column.sql) for name, column in columns.items()),
        table=row_type.TABLE,
        at=TIME_COLUMNS[row_type.TABLE],
    )
    with translated_errors(f"reading {row_type.TABLE}"):
        found = client.query(query, parameters=parameters).result_rows
    return [convert(dict(zip(columns, values, strict=True)), row_type) for values in found]


def _selected(name: str, sql: str) -> str:
    """Give what selects a column as a row has it."""
    if sql == TIME:
        return f"toUnixTimestamp64Milli({name})"
    return f"toString({name})" if sql.startswith("FixedString") else name
