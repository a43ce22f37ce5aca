"""Write rows to ClickHouse: returns when they are durable, or raises."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import lz4.frame
import msgspec
from clickhouse_connect.driver.client import Client

from schemas.table import Row, columns_of
from services.runtime.clickhouse import connect, translated_errors
from services.runtime.settings import ClickHouseSettings

_INSERT_SETTINGS = {
    "async_insert": 0,  # the default would answer before the rows are in the table
    "insert_deduplicate": 0,  # rows replace each other by key and version; a block is never dropped as a repetition
    "max_partitions_per_insert_block": 0,  # a camera with a wrong clock may spread one batch over many days
}
_LARGEST_BATCH_ROWS = 50_000
_MOST_IN_SHORT_HEADER = 15
_packer = msgspec.msgpack.Encoder()


class RowStore:
    """Tables of one database, written over HTTP. Used by one thread at a time; connects when it is first needed."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        self._settings = settings
        self._client: Client | None = None

    def write(self, rows: Iterable[Row]) -> dict[str, int]:
        """Insert ``rows``, one batch a table, and give how many went to each. Blocks.

        Rows are absolute, so that after a failure the same ones, or newer ones in their place, may be written again.

        Raises:
            RetryableError: Not all of them are known to be durable.
        """
        tables: dict[type[Row], list[Row]] = {}
        for row in rows:
            tables.setdefault(type(row), []).append(row)
        for row_type, batch in tables.items():
            for start in range(0, len(batch), _LARGEST_BATCH_ROWS):
                self._insert(row_type, batch[start : start + _LARGEST_BATCH_ROWS])
        return {row_type.TABLE: len(batch) for row_type, batch in tables.items()}

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _insert(self, row_type: type[Row], batch: Sequence[Row]) -> None:
        if self._client is None:
            self._client = connect(self._settings, self._settings.database)
        with translated_errors(f"writing {len(batch)} rows to {row_type.TABLE}"):
            if row_type.PACKED:
                self._client.raw_insert(
                    row_type.TABLE,
                    list(columns_of(row_type)),
                    lz4.frame.compress(packed(row_type, batch)),
                    settings=_INSERT_SETTINGS,
                    fmt="MsgPack",
                    compression="lz4",
                )
            else:
                self._insert_columns(self._client, row_type, batch)

    def _insert_columns(self, client: Client, row_type: type[Row], batch: Sequence[Row]) -> None:
        columns = columns_of(row_type)
        client.insert(
            row_type.TABLE,
            list(zip(*(msgspec.structs.astuple(row) for row in batch), strict=True)),
            column_names=list(columns),
            column_type_names=[column.sql for column in columns.values()],
            column_oriented=True,
            database=self._settings.database,
            settings=_INSERT_SETTINGS,
        )


def packed(row_type: type[Row], batch: Sequence[Row]) -> bytes:
    """Give rows as MessagePack in the way of ClickHouse: value after value, with nothing that holds a row together."""
    header_bytes = 1 if len(columns_of(row_type)) <= _MOST_IN_SHORT_HEADER else 3
    return b"".join([_packer.encode(msgspec.structs.astuple(row))[header_bytes:] for row in batch])
