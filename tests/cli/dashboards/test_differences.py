"""Where two documents differ, as a person would find the place."""

from __future__ import annotations

from typing import Any

import pytest

from services.cli.dashboards.provisioning.differences import differences

PANEL = {
    "id": 2,
    "title": "Queue",
    "fieldConfig": {"defaults": {"unit": "s"}},
    "targets": [{"refId": "A", "rawSql": "1"}],
}


def held(**changes: Any) -> dict[str, Any]:
    return {"panels": [{"id": 1, "title": "Now"}, {**PANEL, **changes}]}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"title": "Line"}, 'panels \'Queue\': title is "Line", not "Queue"'),
        ({"fieldConfig": {"defaults": {}}}, "panels 'Queue': fieldConfig.defaults.unit is missing"),
        ({"targets": [{"refId": "A", "rawSql": "2"}]}, "panels 'Queue': targets 'A': rawSql is \"2\", not \"1\""),
        ({"targets": []}, "panels 'Queue': targets lacks 'A'"),
        ({"transparent": True}, "panels 'Queue': transparent is true, and should not be there"),
        ({"id": 3}, "panels lacks 'Queue'"),
    ],
)
def test_a_change_is_told_by_the_panel_s_title_and_the_field(changes: dict[str, Any], line: str) -> None:
    assert line in list(differences(held(), held(**changes)))


def test_equal_documents_differ_nowhere_and_what_grafana_adds_counts_only_where_it_should() -> None:
    assert list(differences(held(), held())) == []
    assert list(differences(held(), held(pluginVersion="13"), extra_is_held=False)) == []
    assert len(list(differences(held(), held(pluginVersion="13")))) == 1


def test_an_order_and_a_truth_value_that_is_a_number_are_differences() -> None:
    turned = {"panels": list(reversed(held()["panels"]))}
    assert list(differences(held(), turned)) == ["panels is in another order"]
    assert list(differences({"on": True}, {"on": 1})) == ["on is 1, not true"]
    assert list(differences({"tags": ["a", "b"]}, {"tags": ["a", "c"]})) == ['tags[1]: it is "c", not "b"']


def test_long_values_are_cut() -> None:
    (line,) = differences({"rawSql": "x" * 500}, {"rawSql": "y" * 500})
    assert len(line) < 150
