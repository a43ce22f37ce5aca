"""How a ClickHouse table is declared: a frozen struct whose annotations carry SQL type, meaning and standing.

Migrations, the data dictionary, the inserter and ``tilik recompute`` all read the same declaration. Every table is
``ReplacingMergeTree(version)`` with ``ORDER BY`` the key, and gets one more column from the server: ``inserted_at``.
"""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar, get_type_hints

from msgspec import Struct

UNSET_MS = 0
"""What a time column holds where there is no such time: 1970-01-01. No column is Nullable."""

STRING = "String"
WORD = "LowCardinality(String)"
BOOL = "Bool"
COUNT = "UInt64"
REVISION = "UInt32"
REAL = "Float64"
TIME = "DateTime64(3, 'UTC')"


class Column(Struct, frozen=True):
    """What a column is: its SQL type, its meaning, and whether it is operational.

    An operational column tells how a row came about (offsets, versions, revisions, ages). It may differ between a live
    run and a recomputation of the same events; every other column may not.
    """

    sql: str
    doc: str
    operational: bool = False


INSERTED_AT = Column("DateTime64(3, 'UTC') DEFAULT now64(3)", "When ClickHouse took the row; TTLs count from it", True)
"""The column that every table has besides those of its struct, filled in by the server."""


class Row(Struct, frozen=True, kw_only=True, gc=False):
    """One absolute row. A time is a field of SQL type ``TIME`` and holds milliseconds since 1970, UTC.

    ``PACKED`` rows go to ClickHouse as MessagePack, at half the CPU time. That is for tables of a row a frame, whose
    values a contract has checked: it takes no whole number for a float, and cuts off what is too large for its column.
    """

    TABLE: ClassVar[str] = ""
    KEY: ClassVar[tuple[str, ...]] = ()
    PACKED: ClassVar[bool] = False

    def key(self) -> tuple[Any, ...]:
        """Give the values of the key columns, in the order of ``ORDER BY``."""
        return tuple(getattr(self, name) for name in self.KEY)


@cache
def columns_of(row_type: type[Row]) -> dict[str, Column]:
    """Give the columns of a table in the order of its struct, ``inserted_at`` not among them."""
    hints = get_type_hints(row_type, include_extras=True)
    return {name: hints[name].__metadata__[0] for name in row_type.__struct_fields__}


@cache
def lasting_columns_of(row_type: type[Row]) -> tuple[str, ...]:
    """Give the names of the columns that are not operational: a recomputation must reproduce them."""
    return tuple(name for name, column in columns_of(row_type).items() if not column.operational)
