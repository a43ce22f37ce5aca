"""What the data dictionary says of the aggregation's tables, marts, views and refreshes, from what declares them.

``services/cli/data_dictionary.py`` writes it to ``docs/data-dictionary.md``.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator

from schemas.table import INSERTED_AT, Column, Row, columns_of
from services.aggregate.lineage import Lineage, rests_on
from services.aggregate.marts import MARTS, Mart
from services.aggregate.migrate import Migration, known_migrations
from services.aggregate.registry_rows import TABLE_TYPES

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


def parts_of_aggregation(views_read: Lineage) -> list[str]:
    """Give the dictionary's parts, one after the other; ``views_read`` tells what each view reads."""
    migrations = known_migrations()
    lifetimes = {found["name"]: int(found["days"]) for text in _statements(migrations) for found in _lifetimes(text)}
    views = _Views(migrations, views_read)
    marts = {one.name: one for one in MARTS}
    parts = ["## Tables\n"]
    parts += [table_part(row_type, _kept(lifetimes.get(row_type.TABLE))) for row_type in TABLE_TYPES]
    parts += ["## Marts\n", _MARTS, *(views.text(name) + _example(one) for name, one in marts.items())]
    parts += ["## Views\n", *(views.text(name) for name in views.names if name not in marts)]
    parts += ["## Refreshes\n", _REFRESHES, *_refreshes(migrations, views_read), ""]
    return parts


def migrated_statements() -> list[str]:
    """Give the statements that make the aggregation's tables and views."""
    return list(_statements(known_migrations()))


def table_part(row_type: type[Row], told: str) -> str:
    """Give a table's part of the dictionary; ``told``: what is said of it besides."""
    columns = {**columns_of(row_type), "inserted_at": INSERTED_AT}
    key = ", ".join(f"`{name}`" for name in row_type.KEY)
    text = f"### {row_type.TABLE}\n\n{inspect.getdoc(row_type)}\n\nKey: {key}. {told}\n\n"
    return text + "\n".join(_column_lines(columns)) + "\n"


def _kept(days: int | None) -> str:
    return "Kept for ever." if days is None else f"Kept {days} days."


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
