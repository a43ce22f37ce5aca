"""Make the record's tables in ClickHouse from their declarations, where they are missing or lack a column."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from schemas.table import INSERTED_AT, Row, columns_of
from services.record.index_rows import ROW_TYPES
from services.runtime.clickhouse import connect, translated_errors
from services.runtime.settings import ClickHouseSettings


def ensure_tables(settings: ClickHouseSettings) -> None:
    """Make the database and the tables. Changes nothing that is there; can be done by several at once. Blocks.

    Raises:
        RetryableError: ClickHouse is away, or refused a statement.
    """
    client = connect(settings)
    try:
        with translated_errors("creating the database"):
            client.command(f"CREATE DATABASE IF NOT EXISTS {settings.database}")
        client.database = settings.database
        for row_type in ROW_TYPES:
            for statement in statements_for(row_type):
                with translated_errors(f"making the table {row_type.TABLE}"):
                    client.command(statement)
    finally:
        client.close()


def statements_for(row_type: type[Row]) -> Iterator[str]:
    """Give the statements that make a table what its declaration says; each can be run again without harm."""
    columns = {**columns_of(row_type), "inserted_at": INSERTED_AT}
    lines = ",\n".join(f"    `{name}` {column.sql} COMMENT {_text(column.doc)}" for name, column in columns.items())
    yield (
        f"CREATE TABLE IF NOT EXISTS {row_type.TABLE}\n(\n{lines}\n)\n"
        f"ENGINE = ReplacingMergeTree(version) ORDER BY ({', '.join(row_type.KEY)})\n"
        f"PARTITION BY toYYYYMM({TIME_COLUMNS[row_type.TABLE]})\n"
        f"COMMENT {_text(inspect.getdoc(row_type) or '')}"
    )
    for name, column in columns.items():
        yield f"ALTER TABLE {row_type.TABLE} ADD COLUMN IF NOT EXISTS `{name}` {column.sql} COMMENT {_text(column.doc)}"


TIME_COLUMNS = {"recorded_minutes": "minute", "recorded_evidence": "captured_at"}


def _text(text: str) -> str:
    """Give a literal of SQL."""
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{quoted}'"
