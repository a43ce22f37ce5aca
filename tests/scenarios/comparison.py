"""Rows of many scenarios, as a store or ``tilik recompute`` gives them, held against what each scenario expects."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.scenarios.corpus import Scenario
from tests.scenarios.expected import KEPT_TYPES, Values, compact, decode, differences

Tables = dict[str, list[Values]]


def all_differences(scenarios: Sequence[Scenario], tables: Tables) -> list[str]:
    """Give a line for each row of any of these scenarios that is other than expected. Rows of others are left alone."""
    found: dict[str, Tables] = {scenario.name: {table: [] for table in tables} for scenario in scenarios}
    for table, rows in tables.items():
        for row in rows:
            if row["camera_id"] in found:
                found[row["camera_id"]][table].append(row)
    lines: list[str] = []
    for scenario in scenarios:
        expected = decode(scenario.expected_file.read_text(encoding="utf-8").splitlines())
        lines += differences(expected, found[scenario.name])
    return lines


def written_rows(folder: Path) -> Tables:
    """Read what ``tilik recompute`` has written, in the form of the corpus."""
    tables: Tables = {}
    for row_type in KEPT_TYPES:
        lines = (folder / f"{row_type.TABLE}.jsonl").read_text(encoding="utf-8").splitlines()
        tables[row_type.TABLE] = [compact(json.loads(line)) for line in lines]
    return tables
