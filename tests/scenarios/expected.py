"""Rows as the corpus keeps them: one line of JSON a row, all columns that a recomputation must reproduce."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.camera_events import CameraEvent
from schemas.cameras import Camera
from schemas.table import TIME, Column, Row, columns_of, lasting_columns_of
from services.aggregate.judgement import Judgement
from services.aggregate.recomputation import NewestRows
from services.aggregate.row_columns import RULESET
from services.aggregate.rows import ROW_TYPES

LEFT_OUT = frozenset({"detections", "frame_outcomes"})
"""Tables with a row a frame: minutes and counters sum them up, and they would bury the rest."""

KEPT_TYPES = tuple(row_type for row_type in ROW_TYPES if row_type.TABLE not in LEFT_OUT)
Values = dict[str, Any]
_NEVER = "1970-01-01T00:00:00.000Z"


def judged(events: Iterable[CameraEvent], cameras: Sequence[Camera]) -> dict[str, list[Row]]:
    """Judge events, each under the revision that it names; give every table, sorted by key."""
    known = {(camera.camera_id, camera.revision): camera for camera in cameras}
    judgement, newest = Judgement(lambda camera_id, revision: known.get((camera_id, revision))), NewestRows()
    for offset, event in enumerate(events):
        judgement.apply(event, offset)
    newest.add(judgement.drain(blobs=False).rows)
    return newest.sorted()


def values_of(tables: dict[str, list[Row]]) -> dict[str, list[Values]]:
    """Give the rows of the kept tables as the corpus keeps them, each table sorted by its key."""
    return {row_type.TABLE: [_values(row) for row in tables[row_type.TABLE]] for row_type in KEPT_TYPES}


def _values(row: Row) -> Values:
    columns = columns_of(type(row))
    return stored_form({name: getattr(row, name) for name in lasting_columns_of(type(row))}, columns)


def stored_form(values: Values, columns: dict[str, Column]) -> Values:
    """Give a row's columns in the form of the files: times in ISO 8601, tuples as lists, compact."""
    return compact(
        {
            name: iso_time(value) if columns[name].sql == TIME else list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }
    )


def compact(values: Values) -> Values:
    """Leave out what says nothing: zero, false, no text, 1970, and the ruleset's label.

    All rows of a run bear the same label, and a new one with the same rows should leave the corpus as it is.
    """
    assert values["ruleset"] == RULESET
    return {name: value for name, value in values.items() if name != "ruleset" and value and value != _NEVER}


def iso_time(instant_ms: int) -> str:
    """Give milliseconds since 1970 as ISO 8601, as `tilik recompute` writes them."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encode(tables: dict[str, list[Values]]) -> list[str]:
    """Give a line for each row, table by table; episodes and stays by their start."""
    return [
        json.dumps({"table": table, **row})
        for table, rows in tables.items()
        for row in sorted(rows, key=lambda row: str(row.get("started_at", "")))
    ]


def decode(lines: Iterable[str]) -> dict[str, list[Values]]:
    """Read what ``encode`` gave; a table without rows is an empty list."""
    tables: dict[str, list[Values]] = {row_type.TABLE: [] for row_type in KEPT_TYPES}
    for line in lines:
        row = json.loads(line)
        tables[row.pop("table")].append(row)
    return tables


def differences(expected: dict[str, list[Values]], found: dict[str, list[Values]]) -> list[str]:
    """Give a line for each row that is missing, superfluous or other than expected."""
    lines: list[str] = []
    for row_type in KEPT_TYPES:
        table = row_type.TABLE
        names = [name for name in row_type.KEY if name != "ruleset"]
        wanted = {tuple(row[name] for name in names): row for row in expected[table]}
        got = {tuple(row[name] for name in names): row for row in found[table]}
        assert (len(wanted), len(got)) == (len(expected[table]), len(found[table])), f"{table}: two rows of one key"
        lines += [f"{table} {key}: missing" for key in wanted.keys() - got.keys()]
        lines += [f"{table} {key}: not expected: {got[key]}" for key in got.keys() - wanted.keys()]
        for key in wanted.keys() & got.keys():
            lines += [f"{table} {key}: {text}" for text in _different_columns(wanted[key], got[key])]
    return sorted(lines)


def _different_columns(wanted: Values, got: Values) -> list[str]:
    names = [*wanted, *(name for name in got if name not in wanted)]
    return [
        f"{name} is {got.get(name)!r}, expected {wanted.get(name)!r}"
        for name in names
        if not _same(wanted.get(name), got.get(name))
    ]


def _same(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(map(_same, wanted, got))
    if isinstance(wanted, float) and isinstance(got, float):
        return math.isclose(wanted, got, rel_tol=1e-9, abs_tol=1e-12)  # exp() may differ in the last bit elsewhere
    return type(wanted) is type(got) and bool(wanted == got)
