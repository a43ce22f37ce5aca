"""From ClickHouse into a file, piece by piece: memory does not grow with the rows."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from services.aggregate.marts import Mart
from services.cli.export.counting import CsvRows, parquet_rows
from services.runtime.errors import ConfigurationError, RetryableError

Format = Literal["parquet", "csv"]

_FORMATS: Final[Mapping[Format, str]] = {"parquet": "Parquet", "csv": "CSVWithNames"}
_PIECE_BYTES: Final = 1 << 20
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""What file systems without hard links say of one: exFAT, FAT, some network folders."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of a mart: days from ``first`` to ``last``, both included, Asia/Jakarta; of some cameras, or of all."""

    mart: Mart
    first: date
    last: date
    cameras: Sequence[str] = ()

    @property
    def source(self) -> str:
        """Give ``FROM … WHERE …``."""
        days = "BETWEEN {first:Date} AND {last:Date}"
        column = self.mart.period_column
        chosen = f"{column} {days}" if column == "day" else f"toDate({column}, 'Asia/Jakarta') {days}"
        chosen += " AND camera_id IN {cameras:Array(String)}" if self.cameras else ""
        return f"FROM {self.mart.name} WHERE {chosen}"

    @property
    def parameters(self) -> dict[str, Any]:
        """Give the parameters of ``source``."""
        cameras = {"cameras": list(self.cameras)} if self.cameras else {}
        return {"first": self.first, "last": self.last, **cameras}


def count_rows(client: Client, selection: Selection) -> int:
    """Give how many rows there are now.

    Raises:
        RetryableError: ClickHouse refused, or is away.
        ConfigurationError: There is no such view.
    """
    with _asked(selection):
        rows = client.query(f"SELECT count() {selection.source}", parameters=selection.parameters).result_rows
    return int(rows[0][0])


def write_file(
    client: Client, selection: Selection, format_name: Format, path: Path, advance: Callable[[int, int], None]
) -> int:
    """Write a file, and give how many rows it has. It appears under its name only when it is whole.

    On a file system without hard links it appears when all has been fetched, and is whole a moment later.

    Args:
        client: Of the database that has the marts.
        selection: Which rows.
        format_name: How they are written.
        path: Where to; nothing may be there.
        advance: Is told now and then how many bytes have been written, and how many rows: 0 where nobody knows yet.

    Raises:
        RetryableError: ClickHouse refused, or was lost meanwhile; no file is left.
        ConfigurationError: There is something at ``path``, or no folder for it, or no such view.
    """
    half = path.with_name(f".{path.name}.{os.getpid()}.half")
    try:
        rows = _fill(half, _pieces(client, selection, format_name), format_name, advance)
        _name(half, path)
    except FileExistsError as error:
        raise already_there(path) from error
    except OSError as error:
        raise ConfigurationError(f"{path} can't be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            half.unlink()
    return rows


def _name(half: Path, path: Path) -> None:
    """Let a finished file have its name; a rename would replace what came there meanwhile."""
    try:
        os.link(half, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    else:
        return
    with half.open("rb") as source, path.open("xb") as target:
        try:
            shutil.copyfileobj(source, target, _PIECE_BYTES)
        except BaseException:
            path.unlink()
            raise


def already_there(path: Path) -> ConfigurationError:
    """Give the error that nothing is written over."""
    return ConfigurationError(f"{path} is there already: name another file with --output, or remove it")


def _fill(half: Path, pieces: Iterator[bytes], format_name: Format, advance: Callable[[int, int], None]) -> int:
    counted, size = CsvRows(), 0
    with half.open("xb") as file:
        for piece in pieces:
            size += file.write(piece)
            if format_name == "csv":
                counted.feed(piece)
            advance(size, counted.rows)
    if format_name == "csv":
        return counted.rows
    try:
        return parquet_rows(half)
    except ValueError as error:
        raise RetryableError("ClickHouse's answer ended before its end: try again") from error


def _pieces(client: Client, selection: Selection, format_name: Format) -> Iterator[bytes]:
    query = f"SELECT * {selection.source} ORDER BY {', '.join(selection.mart.order)}"
    with _asked(selection):
        stream: Any = client.raw_stream(query, parameters=selection.parameters, fmt=_FORMATS[format_name])
        try:
            while piece := stream.read(_PIECE_BYTES):
                yield piece
        finally:
            stream.close()


@contextmanager
def _asked(selection: Selection) -> Iterator[None]:
    """Turn what goes wrong in asking into an error that says what to do."""
    try:
        yield
    except ClickHouseError as error:
        if "UNKNOWN_TABLE" in str(error):
            raise ConfigurationError(f"the database has no {selection.mart.name}: run tilik store migrate") from error
        raise RetryableError(f"ClickHouse, exporting {selection.mart.name}: {str(error)[:400]}") from error
    except HTTPError as error:
        raise RetryableError(f"ClickHouse was lost while {selection.mart.name} was exported: {error}") from error
