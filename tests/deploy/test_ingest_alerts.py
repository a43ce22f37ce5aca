"""Alerts about ingest: on metrics that exist, each with a scenario that fires it and one that does not."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.aggregate.metrics import AGGREGATE_METRICS
from services.ingest.metrics import INGEST_METRICS
from tests.deploy.promtool import assert_noticed, find_used_metrics, run_promtool, run_scenarios

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "ingest_alerts.yaml"
SCENARIOS = Path(__file__).parent / "prometheus" / "ingest_alerts_test.yaml"
SCENARIOS_OF_DAYS = SCENARIOS.with_name("ingest_alerts_days_test.yaml")

_BY_WHOM = frozenset({"instance", "job", "le"})


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def read_rules(scenarios: Path) -> str:
    """The rules as the scenarios of a file need them: those of days are evaluated each minute."""
    text = RULES.read_text()
    return text.replace("interval: 5s", "interval: 1m") if scenarios == SCENARIOS_OF_DAYS else text


def all_scenarios() -> list[dict[str, Any]]:
    return [one for path in (SCENARIOS, SCENARIOS_OF_DAYS) for one in yaml.safe_load(path.read_text())["tests"]]


def test_metrics_and_labels_are_found_in_expressions() -> None:
    found = find_used_metrics('sum(rate(tilik_a_bucket{x="1", y=~"2"}[5m])) / tilik_b > absent(tilik_c)')
    assert found == [("tilik_a", ["x", "y"]), ("tilik_b", []), ("tilik_c", [])]


def test_rules_and_scenarios_use_metrics_and_labels_that_are_declared() -> None:
    declared = {metric.name: set(metric.labels) | _BY_WHOM for metric in (*INGEST_METRICS, *AGGREGATE_METRICS)}
    texts = [rule["expr"] for rule in rules()]
    texts += [series["series"] for one in all_scenarios() for series in one["input_series"]]
    for text in texts:
        assert find_used_metrics(text), text
        for name, labels in find_used_metrics(text):
            assert name in declared, text
            assert set(labels) <= declared[name], text


def test_every_alert_says_what_to_do_fires_on_a_scenario_and_is_silent_on_another() -> None:
    fired: dict[str, set[bool]] = defaultdict(set)
    for scenario in all_scenarios():
        for expected in scenario["alert_rule_test"]:
            fired[expected["alertname"]].add(bool(expected["exp_alerts"]))
    assert fired == {rule["alert"]: {True, False} for rule in rules()}
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert len(rule["annotations"]["summary"]) > 40
        assert len(rule["annotations"]["description"]) > 40


@pytest.mark.integration
@pytest.mark.parametrize("scenarios", [SCENARIOS, SCENARIOS_OF_DAYS])
def test_prometheus_takes_the_rules_and_every_scenario_comes_true(tmp_path: Path, scenarios: Path) -> None:
    assert run_promtool("check", "rules", str(RULES))[0] == 0
    code, said = run_scenarios(tmp_path, yaml.safe_load(read_rules(scenarios)), yaml.safe_load(scenarios.read_text()))
    assert code == 0, said


@pytest.mark.integration
@pytest.mark.parametrize(
    ("scenarios", "sentence", "instead"),
    [
        (SCENARIOS, "== 1\n          unless on (camera_id)", ">= 0\n          unless on (camera_id)"),
        (SCENARIOS, "(tilik_ingest_owner_epoch > 0) > 1", "(tilik_ingest_owner_epoch >= 0) > 1"),
        (SCENARIOS, "for: 30s", "for: 1s"),
        (SCENARIOS, "> 0.01", "> 0.001"),
        (SCENARIOS, "epoch_total[5m])) > 0\n        for: 10m", "epoch_total[5m])) > 0\n        for: 4m"),
        (SCENARIOS, '{why="died"}', ""),
        (SCENARIOS, 'unless tilik_ingest_decoders_restarted_total{why="died"} offset 15m', "and vector(0)"),
        (SCENARIOS_OF_DAYS, "offset 1d", "offset 1h"),
        (SCENARIOS_OF_DAYS, "[1h:5m]", "[4m:5m]"),
    ],
)
def test_scenarios_notice_a_rule_that_was_changed(tmp_path: Path, scenarios: Path, sentence: str, instead: str) -> None:
    assert_noticed(tmp_path, read_rules(scenarios), sentence, instead, yaml.safe_load(scenarios.read_text()))
