"""One handle on the engine: what a connection is to a server. Settings, database and temporary tables are its own."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from typing import Any

import chdb

from deploy.local.clickhouse.errors import clickhouse_error, engine_error

SLICE_BYTES = 1 << 20
"""What is copied, compressed and sent at a time."""


def quoted(text: str) -> str:
    """Give ``text`` as an SQL string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _identifier(text: str) -> str:
    return "`" + text.replace("\\", "\\\\").replace("`", "\\`") + "`"


def slices(result: Any) -> Iterator[bytes]:
    """Give a result, or a block of one, in pieces copied from the engine's memory one at a time."""
    size = result.size()
    if size <= SLICE_BYTES:
        yield result.bytes() or b""
        return
    view = memoryview(result.get_memview().view())
    for start in range(0, size, SLICE_BYTES):
        yield bytes(view[start : start + SLICE_BYTES])


class Handle:
    """One handle. Calls block; one at a time.

    Raises:
        ClickHouseError: From every method, whatever the engine refuses.
    """

    def __init__(self, connection_string: str) -> None:
        try:
            self._connection = chdb.connect(connection_string)
        except Exception as error:
            raise engine_error(error) from error

    def close(self) -> None:
        """Give the handle back, with its temporary tables."""
        self._connection.close()

    def query(self, sql: bytes, format_name: str, parameters: Mapping[str, str] | None = None) -> Any:
        """Run ``sql`` and give chdb's result, whole."""
        try:
            return self._connection.query(sql, format_name, params=dict(parameters or {}))
        except Exception as error:
            raise engine_error(error) from error

    def stream(
        self, sql: bytes, format_name: str, parameters: Mapping[str, str], whole_blocks: bool = False
    ) -> Generator[bytes, None, None]:
        """Run ``sql`` and give the result, large blocks in pieces. Closing the iterator cancels the query."""
        try:
            result = self._connection.send_query(sql, format_name, params=dict(parameters))
        except Exception as error:
            raise engine_error(error) from error
        return self._blocks(result, whole_blocks)

    def _blocks(self, result: Any, whole_blocks: bool) -> Generator[bytes, None, None]:
        try:
            for block in result:
                if whole_blocks:
                    yield block.bytes()
                else:
                    yield from slices(block)
        except GeneratorExit:
            raise
        except Exception as error:
            raise engine_error(error) from error
        finally:
            result.close()

    def statement_class(self, sql: bytes) -> str:
        """Give READ_ONLY, MUTATING, CONTROL or, for what is not SQL, UNKNOWN.

        Raises:
            ClickHouseError: These are several statements.
        """
        try:
            verdict = self._connection._conn.classify_query(sql)
        except Exception as error:
            raise engine_error(error) from error
        if verdict["statement_count"] > 1:
            raise clickhouse_error(62, "SYNTAX_ERROR", "Syntax error (Multi-statements are not allowed)")
        return str(verdict["query_class"].name)

    def use(self, database: str) -> None:
        """Make ``database`` the one of unqualified names."""
        self.query(f"USE {_identifier(database)}".encode(), "Null")

    def set(self, settings: Mapping[str, str]) -> None:
        """Set settings, ``readonly`` last: nothing can be set after it."""
        for name in settings:
            if not name.isidentifier():
                raise clickhouse_error(115, "UNKNOWN_SETTING", f"Unknown setting '{name}'")
        ordered = sorted(settings.items(), key=lambda item: item[0] == "readonly")
        if ordered:
            assignments = ", ".join(f"{name} = {quoted(value)}" for name, value in ordered)
            self.query(f"SET {assignments}".encode("utf-8", "surrogateescape"), "Null")

    def current_database(self) -> str:
        """Give the database of unqualified names."""
        return str(json.loads(self.query(b"SELECT currentDatabase() AS name", "JSONEachRow").bytes())["name"])

    def values_of(self, names: Mapping[str, str]) -> dict[str, str | None]:
        """Give what the named settings are set to; None: their default."""
        if not names:
            return {}
        listed = ", ".join(quoted(name) for name in names)
        sql = f"SELECT name, value FROM system.settings WHERE changed AND name IN ({listed})"  # noqa: S608  quoted
        rows = [json.loads(line) for line in self.query(sql.encode(), "JSONEachRow").bytes().splitlines()]
        changed = {row["name"]: row["value"] for row in rows}
        return {name: changed.get(name) for name in names}

    def restore(self, values: Mapping[str, str | None]) -> None:
        """Set settings back to what ``values_of`` gave."""
        for name, value in values.items():
            literal = "DEFAULT" if value is None else quoted(value)
            self.query(f"SET {name} = {literal}".encode(), "Null")
