"""The dashboards that are committed, and broken copies of them, before the engine itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from services.aggregate.dashboards.build import GENERATED
from services.aggregate.dashboards.checks.everything import findings
from services.aggregate.dashboards.checks.sql import Describe
from services.cli.dashboards.check import METRICS, command, empty_store, expanded, read
from services.runtime.errors import ConfigurationError
from tests.aggregate.dashboards.sound import make_documents, panel_of

ROLES = Path(__file__).parents[3] / "deploy" / "clickhouse" / "01_roles.sql"


@pytest.fixture(scope="module")
def describe() -> Iterator[Describe]:
    with empty_store() as found:
        yield found


def committed() -> list[dict[str, Any]]:
    return read(sorted(GENERATED.rglob("*.json")))


def found_in(documents: list[dict[str, Any]], describe: Describe) -> list[str]:
    return [str(one) for one in findings(documents, METRICS, expanded, describe)]


@pytest.mark.integration
def test_the_engine_finds_nothing_in_what_is_committed(describe: Describe) -> None:
    assert found_in(committed(), describe) == []


@pytest.mark.integration
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (", frames", ", frame", "frame"),
        ("current_camera_minutes", "current_camera_moments", "current_camera_moments"),
        ("$__timeFilter(minute)", "$__timeFilter(camera_id)", "query A: with everything chosen"),
        ("LIMIT 100", "LIMITS 100", "query A: with everything chosen"),
        ("AS at", "AS then", "its queries give no column at"),
        ("(${camera:singlequote})", "${camera:singlequote}[1]", "with one value of each variable chosen"),
    ],
    ids=["column", "table", "type", "syntax", "name", "only-where-one-is-chosen"],
)
def test_the_engine_itself_refuses_a_broken_copy(describe: Describe, old: str, new: str, expected: str) -> None:
    documents = make_documents()
    assert found_in(documents, describe) == []
    target = panel_of(documents[0], "table")["targets"][0]
    assert old in target["rawSql"]
    target["rawSql"] = target["rawSql"].replace(old, new)
    told = found_in(documents, describe)
    assert any(expected in line and "tilik-sound: panel 'table' (2)" in line for line in told), told
    assert all("\n" not in line for line in told)


def test_what_is_committed_is_right_as_far_as_it_can_be_told_without_an_engine() -> None:
    result = CliRunner().invoke(command, ["--no-engine"])
    assert result.exit_code == 0, result.output
    assert "are right, apart from tables and columns" in result.output


def test_a_broken_file_ends_with_1_and_a_line_for_each_finding(tmp_path: Path) -> None:
    documents = make_documents()
    panel_of(documents[0], "stat")["description"] = ""
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    for path, document in zip(paths, documents, strict=True):
        path.write_text(json.dumps(document), encoding="utf-8")
    result = CliRunner().invoke(command, ["--no-engine", *map(str, paths)])
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert "panel 'stat' (4): it has no description" in result.output


def test_operators_may_read_what_dashboards_ask_of_clickhouse_itself() -> None:
    asked = set(re.findall(r"(?:FROM|JOIN) (system\.\w+)", json.dumps(committed())))
    granted = set(re.findall(r"GRANT SELECT ON (system\.\w+) TO tilik_operator;", ROLES.read_text(encoding="utf-8")))
    assert asked
    assert asked <= granted


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_file_that_holds_no_dashboard_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"a\.json"):
        read([tmp_path / "a.json"])
