"""What a statement gives, and data on its way into a table."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deploy.local.clickhouse.request import QueryRequest
from deploy.local.clickhouse.statement import Statement


class Rest:
    """What follows the beginning of a result, chunk by chunk.

    The end of the chunks, an error in them, or ``close`` runs ``ends`` in their order, once. A generator's ``finally``
    would not do for that: closing one that was never begun runs nothing of it.
    """

    def __init__(self, chunks: Iterator[bytes], *ends: Callable[[], None]) -> None:
        self._chunks = chunks
        self._ends = ExitStack()
        for end in reversed(ends):
            self._ends.callback(end)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._chunks)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give back what the result holds, whether a chunk was asked for or not. May be called again."""
        self._ends.close()


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
    rest: Rest | None = None


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
