"""The declared tables."""

from __future__ import annotations

import pytest

from services.aggregate.rows import ROW_TYPES
from services.aggregate.table import Row, columns_of, lasting_columns_of


@pytest.mark.parametrize("row_type", ROW_TYPES, ids=lambda row_type: row_type.TABLE)
def test_a_table_declares_every_column_with_type_and_meaning(row_type: type[Row]) -> None:
    columns = columns_of(row_type)
    assert list(columns) == list(row_type.__struct_fields__)
    assert all(column.sql and len(column.doc) > 2 and "Nullable" not in column.sql for column in columns.values())


@pytest.mark.parametrize("row_type", ROW_TYPES, ids=lambda row_type: row_type.TABLE)
def test_the_key_lasts_and_the_version_does_not(row_type: type[Row]) -> None:
    lasting = lasting_columns_of(row_type)
    assert set(row_type.KEY) <= set(lasting)
    assert row_type.KEY[0] == "camera_id"
    assert "version" not in lasting
    assert "ruleset" in lasting


def test_tables_have_names_of_their_own() -> None:
    assert len({row_type.TABLE for row_type in ROW_TYPES}) == len(ROW_TYPES)


def test_what_tells_how_a_row_came_about_is_operational() -> None:
    operational = {
        (row_type.TABLE, name)
        for row_type in ROW_TYPES
        for name in columns_of(row_type)
        if name not in lasting_columns_of(row_type)
    }
    assert {name for _, name in operational} == {
        "version", "revision", "source_offset", "late", "too_late", "detected_at", "judged_at",
        "age_appended_p50_s", "age_appended_p95_s", "age_detected_p50_s", "age_detected_p95_s",
    }  # fmt: skip
