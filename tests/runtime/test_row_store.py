"""Rows on their way to ClickHouse."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
import pytest

from schemas.table import COUNT, STRING, Column, Row
from services.runtime.row_store import packed


class ShortRow(Row, frozen=True, kw_only=True):
    TABLE: ClassVar[str] = "short"

    name: Annotated[str, Column(STRING, "Name")]
    count: Annotated[int, Column(COUNT, "Count")]


def wide_row_type(columns: int) -> Any:
    fields = [(f"column_{number}", Annotated[int, Column(COUNT, "Count")]) for number in range(columns)]
    return msgspec.defstruct("WideRow", fields, bases=(Row,), frozen=True, kw_only=True)


def test_packed_rows_are_their_values_one_after_the_other() -> None:
    rows = [ShortRow(name="a", count=3), ShortRow(name="b", count=2**63)]
    array_of_four = b"\x94"
    assert msgspec.msgpack.decode(array_of_four + packed(ShortRow, rows)) == ["a", 3, "b", 2**63]


@pytest.mark.parametrize("columns", [1, 15, 16, 40])
def test_nothing_that_holds_a_row_together_is_left_however_many_columns_it_has(columns: int) -> None:
    row_type = wide_row_type(columns)
    row = row_type(**{f"column_{number}": 0 for number in range(columns)})
    assert packed(row_type, [row, row]) == bytes(2 * columns)
