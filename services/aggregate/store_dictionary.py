"""Write the data dictionary from the declared rows and the views' SQL, or check the committed one.

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

from services.aggregate.migrate import Migration, known_migrations
from services.aggregate.registry_rows import TABLE_TYPES
from services.aggregate.table import INSERTED_AT, Column, Row, columns_of

DICTIONARY = Path(__file__).parents[2] / "docs" / "data-dictionary.md"

_HEAD = """# Data dictionary

Generated from `services/aggregate/rows.py`, `registry_rows.py`, `ruleset_rows.py`, `tier_rows.py` and `sql/` beside
them; change those and run `python -m services.aggregate.store_dictionary`. A test holds the database to it.

Every table is `ReplacingMergeTree(version)`: a row holds the whole value of what its key names, and one with the same
key and a larger version replaces it. So read tables with `FINAL`, filtered by the first columns of the key. The views
do that themselves. What is judged has the ruleset in its key: several rulesets' rows may lie in a table, and the views
`current_*` show those that are current. No column is Nullable; times are UTC, and 1970 means that there is none.

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
_READ = re.compile(r"(?:FROM|JOIN) (\w+)")
_REFRESH = re.compile(
    r"CREATE MATERIALIZED VIEW (?:IF NOT EXISTS )?(?P<name>\w+)\nREFRESH EVERY (?P<every>[0-9]+ [A-Z]+) .*"
    r"COMMENT '(?P<doc>(?:[^'\\]|\\.)*)'$",
    re.DOTALL,
)
_REFRESHES = """Materialized views that ClickHouse runs by itself; nobody reads them. `SYSTEM REFRESH VIEW` runs one at
once, `system.view_refreshes` tells how it went.
"""
_VIEW_COLUMN = re.compile(r"`(?P<name>\w+)`\s+(?P<sql>\S.*?)\s+COMMENT '(?P<doc>(?:[^'\\]|\\.)*)'")
_LIFETIME = re.compile(r"TABLE (?:IF NOT EXISTS )?(?P<name>\w+)\n.*?TTL .*? INTERVAL (?P<days>\d+) DAY", re.DOTALL)


def dictionary() -> str:
    """Give the dictionary as it should be."""
    migrations = known_migrations()
    lifetimes = {found["name"]: int(found["days"]) for text in _statements(migrations) for found in _lifetimes(text)}
    parts = [_HEAD, "## Tables\n"]
    parts += [_table(row_type, lifetimes.get(row_type.TABLE)) for row_type in TABLE_TYPES]
    parts += ["## Views\n", *_views(migrations)]
    parts += ["## Refreshes\n", _REFRESHES, *_refreshes(migrations), ""]
    return "\n".join(parts)


def drift(path: Path = DICTIONARY) -> list[str]:
    """Give the lines of a diff from the committed dictionary to what it should be; none where they agree."""
    committed = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    wanted = dictionary().splitlines(keepends=True)
    return list(difflib.unified_diff(committed, wanted, "committed", "generated", n=1))


def main(arguments: list[str] | None = None) -> int:
    """Write or check the dictionary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if the committed file differs")
    if not parser.parse_args(arguments).check:
        DICTIONARY.write_text(dictionary(), encoding="utf-8")
        return 0
    lines = drift()
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


def _views(migrations: Iterable[Migration]) -> Iterator[str]:
    views: dict[str, re.Match[str]] = {}
    for text in _statements(migrations):
        if found := _VIEW.search(text):
            views[found["name"]] = found
        elif dropped := _DROPPED_VIEW.search(text):
            views.pop(dropped["name"], None)
    operational = {row_type.TABLE: _operational(row_type) for row_type in TABLE_TYPES}
    for name, found in (
        *views.items(),
        *views.items(),
    ):  # twice: a view may read a younger one
        read = set(_READ.findall(found[0])) & set(operational)
        operational[name] = set().union(*(operational[one] for one in read))
    for name, found in views.items():
        columns = {
            column: Column(sql, _unquoted(doc), column in operational[name] or column.startswith("age_"))
            for column, sql, doc in _VIEW_COLUMN.findall(found["columns"] or "")
        }
        yield f"### {name}\n\n{_unquoted(found['doc'])}.\n"
        yield "\n".join(_column_lines(columns)) + "\n"


def _operational(row_type: type[Row]) -> set[str]:
    columns = {**columns_of(row_type), "inserted_at": INSERTED_AT}
    return {name for name, column in columns.items() if column.operational}


def _refreshes(migrations: Iterable[Migration]) -> Iterator[str]:
    yield "| view | every | what it does |\n|---|---|---|"
    for text in _statements(migrations):
        if found := _REFRESH.search(text):
            yield f"| {found['name']} | {found['every'].lower()}s | {_unquoted(found['doc'])} |"


def _unquoted(text: str) -> str:
    return text.replace("\\'", "'")


def _statements(migrations: Iterable[Migration]) -> Iterator[str]:
    for migration in migrations:
        yield from migration.statements


def _lifetimes(text: str) -> Iterator[re.Match[str]]:
    yield from _LIFETIME.finditer(text)


if __name__ == "__main__":
    sys.exit(main())
