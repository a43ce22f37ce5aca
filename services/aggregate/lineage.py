"""What each view reads, as ClickHouse itself says: the tables that its parser finds in the query it has stored.

The engine stores a view's query with every table's database named, so that a table is told from an alias.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory

Lineage = Mapping[str, tuple[str, ...]]
"""Of each view the tables and views that it reads itself, by name, in order."""
Ask = Callable[[str], Sequence[Sequence[str]]]
"""Runs a query in a migrated database; gives its rows, all columns as text."""

_VIEWS = """SELECT name, as_select FROM system.tables
WHERE database = currentDatabase() AND engine IN ('View', 'MaterializedView') ORDER BY name"""
_TABLE = re.compile(r"^ *TableIdentifier (?P<database>\w+)\.(?P<name>\w+)", re.MULTILINE)


def lineage(ask: Ask) -> Lineage:
    """Give what each view of the current database reads."""
    found = {}
    for name, select in ask(_VIEWS):
        tree = "\n".join(line for (line,) in ask(f"EXPLAIN AST {select}"))
        found[name] = tuple(sorted({table["name"] for table in _TABLE.finditer(tree)}))
    return found


def rests_on(name: str, views: Lineage) -> set[str]:
    """Give every table that a view reads, by itself or through other views; of a table itself."""
    if name not in views:
        return {name}
    return set().union(*(rests_on(one, views) for one in views[name]))


@contextmanager
def own_engine(statements: Sequence[str]) -> Iterator[Ask]:
    """Give an engine in this process with a database that ``statements`` have made. One at a time, once a process."""
    from chdb.session import Session

    with TemporaryDirectory(prefix="tilik-lineage-", ignore_cleanup_errors=True) as folder:
        session = Session(folder)
        try:
            for statement in ("CREATE DATABASE lineage", "USE lineage", *statements):
                session.query(statement)
            yield lambda query: _rows(session.query(query, "JSONCompactStringsEachRow"))
        finally:
            session.close()


def _rows(answer: object) -> list[list[str]]:
    import msgspec

    return [msgspec.json.decode(line, type=list[str]) for line in str(answer).splitlines()]
