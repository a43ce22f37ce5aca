"""What a statement gives, and data on its way into a table."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deploy.local.clickhouse.request import QueryRequest
from deploy.local.clickhouse.statement import Statement


@dataclass
class Answer:
    """What a statement gives.

    Args:
        format_name: The format of the result; None: there is no result.
        summary: ClickHouse's counts of what was read and written.
        first: The beginning of the result, or all of it.
        rest: What follows; None: nothing. To be closed.
    """

    format_name: str | None
    summary: dict[str, str]
    first: bytes = b""
    rest: Iterator[bytes] | None = None


class FileInserter(Protocol):
    """Inserts the data of a file, whole or not at all."""

    def insert_file(self, request: QueryRequest, statement: Statement, file: Path) -> Answer:
        """Insert the data of ``file``, and give the counts."""


class Insertion:
    """Data on its way into a table, gathered in a file of its own. ``close`` ends it.

    chdb has a streaming insert as well, but that swallows errors of writing: a violated constraint is reported as rows
    written. ``FROM INFILE`` tells them.
    """

    def __init__(self, inserter: FileInserter, request: QueryRequest, statement: Statement, folder: Path) -> None:
        self._inserter = inserter
        self._request = request
        self._statement = statement
        self._file = tempfile.NamedTemporaryFile(dir=folder, suffix=".data")  # noqa: SIM115  closed by close()

    def append(self, data: bytes) -> None:
        """Take more data, in any pieces."""
        self._file.write(data)

    def finish(self) -> Answer:
        """Insert it all.

        Raises:
            ClickHouseError: The engine refuses it.
        """
        self._file.flush()
        return self._inserter.insert_file(self._request, self._statement, Path(self._file.name))

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
