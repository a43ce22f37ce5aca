"""Write the data dictionary of every table and view in ClickHouse, or check the committed one.

It is made of declared rows, marts and the views' SQL; what each view reads is asked of ClickHouse's engine (chdb),
which takes some three seconds.

``python -m services.cli.data_dictionary`` writes it; with ``--check`` it exits 1 and shows what differs.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from services.aggregate.lineage import Lineage, lineage, own_engine
from services.aggregate.store_dictionary import migrated_statements, parts_of_aggregation, table_part
from services.portal.operations.audit import KEPT_DAYS, AuditRow
from services.record.index_rows import ROW_TYPES

_ROOT: Final = Path(__file__).parents[2]
DICTIONARY: Final = _ROOT / "docs" / "data-dictionary.md"
ROLES: Final = _ROOT / "deploy" / "clickhouse" / "01_roles.sql"

_HEAD: Final = """# Data dictionary

Generated from `services/aggregate/rows.py`, `registry_rows.py`, `ruleset_rows.py`, `tier_rows.py`, `marts.py`, `sql/`
beside them, and the rows that the record and the portal declare; change those and run
`python -m services.cli.data_dictionary`. A test holds the database to it. New to the data? Begin with
[the tour](data-tour.md). What people ask most is in [questions](questions.md).

Every table is `ReplacingMergeTree(version)`: a row holds the whole value of what its key names, and one with the same
key and a larger version replaces it. So read tables with `FINAL`, filtered by the first columns of the key. The views
do that themselves. What is judged has the ruleset in its key: several rulesets' rows may lie in a table, and the views
`current_*` show those that are current. No column is Nullable; times are UTC, and 1970 means that there is none.

What a view reads is told as the engine has it: the views and tables of its own query, and in the end the tables that
all of it rests on.

**Operational** columns (marked with a dot) tell how a row came about: offsets, versions, revisions, ages. They may
differ when the same events are computed again; every other column may not.
"""
_OTHERS: Final = """These services make them themselves, where they are missing: the recorder the index of its files,
the portal its audit log. Who may read them is as [deploy/clickhouse](../deploy/clickhouse/README.md) has it. No open
data reach them.
"""
_GRANT: Final = re.compile(r"GRANT [^;]*\bSELECT\b[^;]* ON tilik\.(?P<name>\*|\w+) TO (?P<roles>[^;]+)")
_REVOKE: Final = re.compile(r"REVOKE ALL ON tilik\.(?P<name>\w+) FROM (?P<roles>[^;]+)")
_HELD: Final = re.compile(r"GRANT (?P<role>tilik_\w+) TO (?P<holder>\w+)")


def dictionary(views_read: Lineage) -> str:
    """Give the dictionary as it should be; ``views_read`` tells what each view reads."""
    return "\n".join([_HEAD, *parts_of_aggregation(views_read), *_others()])


def drift(views_read: Lineage, path: Path = DICTIONARY) -> list[str]:
    """Give the lines of a diff from the committed dictionary to what it should be; none where they agree."""
    committed = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    wanted = dictionary(views_read).splitlines(keepends=True)
    return list(difflib.unified_diff(committed, wanted, "committed", "generated", n=1))


def readers_of(table: str, roles_sql: str) -> list[str]:
    """Give the roles that may read a table, in the order of their grants, once all of ``roles_sql`` has run."""
    readers: list[str] = []
    for statement in _statements(roles_sql):
        if (found := _GRANT.match(statement)) and found["name"] in ("*", table):
            readers += [role for role in _names(found["roles"]) if role not in readers]
        elif (found := _REVOKE.match(statement)) and found["name"] == table:
            readers = [role for role in readers if role not in _names(found["roles"])]
    held = {found["holder"]: found["role"] for one in _statements(roles_sql) if (found := _HELD.match(one))}
    return readers + [holder for holder, role in held.items() if role in readers and holder not in readers]


def main(arguments: list[str] | None = None) -> int:
    """Write or check the dictionary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if the committed file differs")
    check = parser.parse_args(arguments).check
    with own_engine(migrated_statements()) as ask:
        views_read = lineage(ask)
    if not check:
        DICTIONARY.write_text(dictionary(views_read), encoding="utf-8")
        return 0
    lines = drift(views_read)
    sys.stdout.writelines(lines)
    return 1 if lines else 0


def _others() -> Iterable[str]:
    yield "## Tables of the record and the portal\n"
    yield _OTHERS
    for row_type in ROW_TYPES:
        yield table_part(row_type, f"Kept for ever. {_read_by(row_type.TABLE)}")
    yield table_part(AuditRow, f"Kept {KEPT_DAYS} days. {_read_by(AuditRow.TABLE)} The portal shows it to its admins.")


def _read_by(table: str) -> str:
    roles = readers_of(table, ROLES.read_text(encoding="utf-8"))
    return f"Read by {', '.join(f'`{role}`' for role in roles)}."


def _statements(sql: str) -> list[str]:
    lines = [line for line in sql.splitlines() if not line.startswith("--")]
    return [" ".join(one.split()) for one in "\n".join(lines).split(";")]


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",")]


if __name__ == "__main__":
    sys.exit(main())
