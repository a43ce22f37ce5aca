"""Rows as files: JSON Lines, one file a table, sorted by key, without operational columns. Equal rows, equal bytes.

    tasks, each in a process ─► parts/<camera>/<table>.jsonl ─► joined in the order of cameras ─► <table>.jsonl

Every table's key starts with the camera, so that sorted parts in the order of cameras are a sorted whole.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from schemas.table import TIME, Row, columns_of, lasting_columns_of
from services.aggregate.recomputation import NewestRows
from services.aggregate.rows import ROW_TYPES

PARTS: Final = ".parts"
"""Folder below the one that is written, while it is."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encoder = msgspec.json.Encoder(order="deterministic")


class PartFiles:
    """The rows of one task, held in memory and written as parts when the task is done.

    Args:
        folder: Where the tables will lie.
    """

    def __init__(self, folder: Path) -> None:
        self._parts = folder / PARTS
        self._newest = NewestRows()

    def add(self, rows: dict[str, list[Row]]) -> None:
        """Take rows by table."""
        self._newest.add(rows)

    def flush(self) -> None:
        """Keep what is held: only the whole can be sorted."""

    def finish(self) -> dict[str, int]:
        """Write the parts, and give the number of rows of each table."""
        counts: dict[str, int] = {}
        for table, rows in self._newest.sorted().items():
            by_camera: dict[str, list[Row]] = defaultdict(list)
            for row in rows:
                by_camera[str(row.key()[0])].append(row)
            for camera_id, batch in by_camera.items():
                _write(self._parts / camera_id / f"{table}.jsonl", map(encode_row, batch))
            counts[table] = len(rows)
        return counts


def join_parts(folder: Path, tables: Iterable[str]) -> None:
    """Make one file a table of the parts of all cameras, also where there are no rows, and remove the parts."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = folder / PARTS
    cameras = sorted(entry.name for entry in parts.iterdir()) if parts.exists() else []
    for table in tables:
        target = folder / f"{table}.jsonl"
        partial = target.with_name(target.name + ".partial")
        with partial.open("wb") as whole:
            for camera_id in cameras:
                part = parts / camera_id / f"{table}.jsonl"
                if part.exists():
                    with part.open("rb") as file:
                        shutil.copyfileobj(file, whole)
        partial.replace(target)
    shutil.rmtree(parts, ignore_errors=True)


def written_tables(wanted: frozenset[str]) -> list[str]:
    """Give the tables that get a file, in the order in which they are declared."""
    return [row_type.TABLE for row_type in ROW_TYPES if row_type.TABLE in wanted]


def encode_row(row: Row) -> bytes:
    """Give a row's lasting columns as one line of JSON; times in ISO 8601, UTC, with milliseconds."""
    columns = columns_of(type(row))
    values: dict[str, Any] = {name: getattr(row, name) for name in lasting_columns_of(type(row))}
    for name, value in values.items():
        if columns[name].sql == TIME:
            values[name] = iso_time(value)
    return _encoder.encode(values)


def iso_time(instant_ms: int) -> str:
    """Give milliseconds since 1970 as ISO 8601."""
    try:
        moment = _EPOCH + timedelta(milliseconds=instant_ms)
    except OverflowError:
        return str(instant_ms)  # a broken clock; beyond the year 9999 there is no ISO time
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant_ms % 1000:03d}Z"


def _write(target: Path, lines: Iterable[bytes]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    with partial.open("wb") as file:
        file.writelines(line + b"\n" for line in lines)
    partial.replace(target)
