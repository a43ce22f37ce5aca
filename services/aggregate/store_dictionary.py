"""Write the data dictionary from the declared rows, marts and the views' SQL, or check the committed one.

What each view reads is asked of ClickHouse's engine (chdb), which takes some three seconds.

``python -m services.aggregate.store_dictionary`` writes it; with ``--check`` it exits 1 and shows what differs.
"""

from __future__ import annotations

import argparse
import difflib
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from schemas.table import INSERTED_AT, Column, Row, columns_of
from services.aggregate.lineage import Lineage, lineage, own_engine, rests_on
from services.aggregate.marts import MARTS, Mart
from services.aggregate.migrate import Migration, known_migrations
from services.aggregate.registry_rows import TABLE_TYPES

DICTIONARY = Path(__file__).parents[2] / "docs" / "data-dictionary.md"

_HEAD = """# Data dictionary

Generated from `services/aggregate/rows.py`, `registry_rows.py`, `ruleset_rows.py`, `tier_rows.py`, `marts.py` and
`sql/` beside them; change those and run `python -m services.aggregate.store_dictionary`. A test holds the database to
it. New to the data? Begin with [the tour](data-tour.md). What people ask most is in [questions](questions.md).

Every table is `ReplacingMergeTree(version)`: a row holds the whole value of what its key names, and one with the same
key and a larger version replaces it. So read tables with `FINAL`, filtered by the first columns of the key. The views
do that themselves. What is judged has the ruleset in its key: several rulesets' rows may lie in a table, and the views
`current_*` show those that are current. No column is Nullable; times are UTC, and 1970 means that there is none.

What a view reads is told as the engine has it: the views and tables of its own query, and in the end the tables that
all of it rests on.

**Operational** columns (marked with a dot) tell how a row came about: offsets, versions, revisions, ages. They may
differ when the same events are computed again; every other column may not.
"""

_VIEW = re.compile(
    r"CREATE (?:OR REPLACE )?VIEW (?:IF NOT EXISTS )?(?P<name>\w+)\n"
    r"(?:\((?P<columns>.*?)\n\)\n)?(?:DEFINER = CURRENT_USER SQL SECURITY DEFINER\n)?"
    r"AS .*COMMENT '(?P<doc>(?:[^'\\]|\\.)*)'$",
    re.DOTALL,
)
_DROPPED_VIEW = re.compile(r"DROP VIEW IF EXISTS (?P<name>\w+)$")
_REFRESH = re.compile(
    r"CREATE MATERIALIZED VIEW (?:IF NOT EXISTS )?(?P<name>\w+)\nREFRESH EVERY (?P<every>[0-9]+ [A-Z]+) .*"
    r"COMMENT '(?P<doc>(?:[^'\\]|\\.)*)'$",
    re.DOTALL,
)
_MARTS = """Views for people who work with the data: names and places stand beside the figures, days and hours of the
day are Asia/Jakarta, what is simulated is in none of them (only that a camera which sends simulated pictures is up).
`tilik export MART` writes one to a file. Each has an example; `{from_day:Date}` and `{to_day:Date}` are parameters
(`--param_from_day=2026-11-01` of clickhouse-client, `param_from_day=2026-11-01` over HTTP), both days are included.

Of the tiers, a mart reads the years that a filter on `day` or `hour` leaves, and the cameras that one on `camera_id`
leaves; `flood_daily_by_kelurahan` reads besides when each water zone was there, which is in all years of `flood_hours`.
Episodes have no time in their key: without a `camera_id` all of them are read, 0.2 s for the 140,000 of a busy city's
month.
"""
_REFRESHES = """Materialized views that ClickHouse runs by itself; nobody reads them. `SYSTEM REFRESH VIEW` runs one at
once, `system.view_refreshes` tells how it went.
"""
_VIEW_COLUMN = re.compile(r"`(?P<name>\w+)`\s+(?P<sql>\S.*?)\s+COMMENT '(?P<doc>(?:[^'\\]|\\.)*)'")
_LIFETIME = re.compile(r"TABLE (?:IF NOT EXISTS )?(?P<name>\w+)\n.*?TTL .*? INTERVAL (?P<days>\d+) DAY", re.DOTALL)


def dictionary(views_read: Lineage) -> str:
    """Give the dictionary as it should be; ``views_read`` tells what each view reads."""
    migrations = known_migrations()
    lifetimes = {found["name"]: int(found["days"]) for text in _statements(migrations) for found in _lifetimes(text)}
    views = _Views(migrations, views_read)
    marts = {one.name: one for one in MARTS}
    parts = [_HEAD, "## Tables\n"]
    parts += [_table(row_type, lifetimes.get(row_type.TABLE)) for row_type in TABLE_TYPES]
    parts += ["## Marts\n", _MARTS, *(views.text(name) + _example(one) for name, one in marts.items())]
    parts += ["## Views\n", *(views.text(name) for name in views.names if name not in marts)]
    parts += ["## Refreshes\n", _REFRESHES, *_refreshes(migrations, views_read), ""]
    return "\n".join(parts)


def drift(views_read: Lineage, path: Path = DICTIONARY) -> list[str]:
    """Give the lines of a diff from the committed dictionary to what it should be; none where they agree."""
    committed = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    wanted = dictionary(views_read).splitlines(keepends=True)
    return list(difflib.unified_diff(committed, wanted, "committed", "generated", n=1))


def main(arguments: list[str] | None = None) -> int:
    """Write or check the dictionary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if the committed file differs")
    check = parser.parse_args(arguments).check
    with own_engine(list(_statements(known_migrations()))) as ask:
        views_read = lineage(ask)
    if not check:
        DICTIONARY.write_text(dictionary(views_read), encoding="utf-8")
        return 0
    lines = drift(views_read)
    sys.stdout.writelines(lines)
    return 1 if lines else 0


def _table(row_type: type[Row], days: int | None) -> str:
    columns = {**columns_of(row_type), "inserted_at": INSERTED_AT}
    kept = "for ever" if days is None else f"{days} days"
    key = ", ".join(f"`{name}`" for name in row_type.KEY)
    text = f"### {row_type.TABLE}\n\n{inspect.getdoc(row_type)}\n\nKey: {key}. Kept {kept}.\n\n"
    return text + "\n".join(_column_lines(columns)) + "\n"


def _column_lines(columns: dict[str, Column]) -> Iterator[str]:
    yield "| column | | type | meaning |"
    yield "|---|---|---|---|"
    for name, column in columns.items():
        sql = column.sql.removesuffix(" DEFAULT now64(3)")
        yield f"| `{name}` | {'·' if column.operational else ''} | {sql} | {column.doc} |"


class _Views:
    """The views that the migrations leave, in the order in which they came."""

    def __init__(self, migrations: Iterable[Migration], views_read: Lineage) -> None:
        self.names: dict[str, re.Match[str]] = {}
        for text in _statements(migrations):
            if found := _VIEW.search(text):
                self.names[found["name"]] = found
            elif dropped := _DROPPED_VIEW.search(text):
                self.names.pop(dropped["name"], None)
        self._read = views_read
        self._operational = {row_type.TABLE: _operational(row_type) for row_type in TABLE_TYPES}

    def text(self, name: str) -> str:
        """Give a view's part of the dictionary."""
        found = self.names[name]
        tables = rests_on(name, self._read)
        operational = set().union(*(self._operational.get(table, set()) for table in tables))
        columns = {
            column: Column(sql, _unquoted(doc), column in operational or column.startswith("age_"))
            for column, sql, doc in _VIEW_COLUMN.findall(found["columns"] or "")
        }
        lines = "\n".join(_column_lines(columns))
        return f"### {name}\n\n{_unquoted(found['doc'])}.\n\n{self._lineage(name, tables)}\n\n{lines}\n"

    def _lineage(self, name: str, tables: set[str]) -> str:
        read = self._read[name]
        reads = f"Reads {_listed(read)}"
        return f"{reads}." if set(read) == tables else f"{reads}; rests on {_listed(sorted(tables))}."


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _example(one: Mart) -> str:
    return f"\n{one.question}\n\n```sql\n{one.example}\n```\n"


def _operational(row_type: type[Row]) -> set[str]:
    columns = {**columns_of(row_type), "inserted_at": INSERTED_AT}
    return {name for name, column in columns.items() if column.operational}


def _refreshes(migrations: Iterable[Migration], views_read: Lineage) -> Iterator[str]:
    yield "| view | every | reads | what it does |\n|---|---|---|---|"
    for text in _statements(migrations):
        if found := _REFRESH.search(text):
            read, every = _listed(views_read[found["name"]]), found["every"].lower()
            yield f"| {found['name']} | {every}s | {read} | {_unquoted(found['doc'])} |"


def _unquoted(text: str) -> str:
    return text.replace("\\'", "'")


def _statements(migrations: Iterable[Migration]) -> Iterator[str]:
    for migration in migrations:
        yield from migration.statements


def _lifetimes(text: str) -> Iterator[re.Match[str]]:
    yield from _LIFETIME.finditer(text)


if __name__ == "__main__":
    sys.exit(main())
