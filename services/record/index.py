"""The index in ClickHouse: rows that wait to be written, with what is to be done once they are, and withdrawals."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from schemas.table import Row
from services.record.index_rows import RecordedMinuteRow
from services.record.index_tables import ensure_tables
from services.record.minutes import minute_of
from services.record.owned_partition import Withdrawal
from services.runtime.clickhouse import connect, translated_errors
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings

_SHOWN_SINCE = """
SELECT {columns} FROM recorded_minutes FINAL
WHERE camera_id = {{camera:String}} AND minute >= fromUnixTimestamp64Milli({{since:Int64}}, 'UTC')
    AND form = 'public' AND object_key != '' AND NOT withdrawn
"""


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
        """Mark the minutes that hold pictures since a quarantine began, and give how many those are. Blocks.

        Raises:
            RetryableError: ClickHouse is away.
        """
        self._ensure()
        rows = self._shown_since(withdrawal.camera_id, minute_of(withdrawal.from_ms))
        marked = [
            msgspec.structs.replace(row, withdrawn=True, version=max(row.version + 1, withdrawal.at_ms))
            for row in rows
            if row.last_at >= withdrawal.from_ms
        ]
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
        names = RecordedMinuteRow.__struct_fields__
        times = {"minute", "first_at", "last_at"}
        columns = ", ".join(f"toUnixTimestamp64Milli({name})" if name in times else name for name in names)
        client = connect(self._settings, self._settings.database)
        try:
            with translated_errors(f"reading which minutes of {camera_id} are shown"):
                found = client.query(
                    _SHOWN_SINCE.format(columns=columns), parameters={"camera": camera_id, "since": since_ms}
                ).result_rows
        finally:
            client.close()
        return [RecordedMinuteRow(**dict(zip(names, values, strict=True))) for values in found]
