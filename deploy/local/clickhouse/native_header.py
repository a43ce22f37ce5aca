"""The empty block that a ClickHouse server sends in Native for a result without rows; chdb sends nothing at all."""

from __future__ import annotations

from collections.abc import Mapping

from deploy.local.clickhouse.handle import Handle
from deploy.local.clickhouse.native_layout import read_varint
from deploy.local.clickhouse.statement import Statement


def empty_block(handle: Handle, statement: Statement, parameters: Mapping[str, str]) -> bytes:
    """Give the names and types of a statement's columns as a block of no rows.

    Raises:
        ClickHouseError: The engine refuses the statement.
    """
    sql = statement.sql
    if statement.words[:1] in (("SELECT",), ("WITH",)):  # names and types are known without running it
        sql = b"SELECT * FROM (" + sql.strip().rstrip(b";") + b"\n) LIMIT 0"
    header: bytes = handle.query(sql, "RowBinaryWithNamesAndTypes", parameters).bytes()
    return _native_from_row_binary(header) if header else b""


def _native_from_row_binary(header: bytes) -> bytes:
    """Turn ``count, names…, types…`` into ``count, 0 rows, (name, type)…``; counts and lengths are varints in both."""
    count, position = read_varint(header, 0)
    texts = []
    for _ in range(2 * count):
        size, after = read_varint(header, position)
        texts.append(header[position : after + size])
        position = after + size
    pairs = b"".join(name + kind for name, kind in zip(texts[:count], texts[count:], strict=True))
    return header[: read_varint(header, 0)[1]] + b"\x00" + pairs
