"""Alerts about detect: on metrics that exist, each with a scenario that fires it and one that does not."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.detect.metrics import DETECT_METRICS
from services.ingest.metrics import INGEST_METRICS
from tests.deploy.promtool import assert_noticed, find_used_metrics, run_promtool, run_scenarios

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "detect_alerts.yaml"
SCENARIOS = Path(__file__).parent / "prometheus" / "detect_alerts_test.yaml"

_BY_WHOM = frozenset({"instance", "job", "le"})


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def scenarios() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(SCENARIOS.read_text())
    return document


def test_rules_and_scenarios_use_metrics_and_labels_that_are_declared() -> None:
    declared = {metric.name: set(metric.labels) | _BY_WHOM for metric in (*DETECT_METRICS, *INGEST_METRICS)}
    histograms = {metric.name for metric in DETECT_METRICS if metric.kind == "histogram"}
    texts = [rule["expr"] for rule in rules()]
    texts += [series["series"] for one in scenarios()["tests"] for series in one["input_series"]]
    for text in texts:
        assert find_used_metrics(text), text
        for used, labels in find_used_metrics(text):
            name = re.sub("_count$", "", used) if used not in declared else used
            assert name in (declared if name == used else histograms), text
            assert set(labels) <= declared[name], text


def test_every_alert_says_what_to_do_fires_on_a_scenario_and_is_silent_on_another() -> None:
    fired: dict[str, set[bool]] = defaultdict(set)
    for scenario in scenarios()["tests"]:
        for expected in scenario["alert_rule_test"]:
            fired[expected["alertname"]].add(bool(expected["exp_alerts"]))
    assert fired == {rule["alert"]: {True, False} for rule in rules()}
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert len(rule["annotations"]["summary"]) > 40
        assert len(rule["annotations"]["description"]) > 40


@pytest.mark.integration
def test_prometheus_takes_the_rules_and_every_scenario_comes_true(tmp_path: Path) -> None:
    assert run_promtool("check", "rules", str(RULES))[0] == 0
    code, said = run_scenarios(tmp_path, yaml.safe_load(RULES.read_text()), scenarios())
    assert code == 0, said


@pytest.mark.integration
@pytest.mark.parametrize(
    ("sentence", "instead"),
    [
        ("_total[2m])) or vector(0)) == 0\n          and", "_total[2m])) or vector(0)) >= 0\n          and"),
        ("and on () sum(rate(tilik_ingest_frames_captured_total[2m])) > 0", ""),
        ("sum by (instance) (increase(", "sum by (job) (increase("),
        ("[5m])) > 5\n", "[5m])) > 0\n"),
        ('outcome="overload",priority="0"', 'outcome="overload"'),
        ('{priority="0"}', ""),
        ("> 0.05", "> 0.03"),
        ('{outcome="stale"}[2m]', '{outcome="stale"}[15m]'),
        ("histogram_quantile(0.95", "histogram_quantile(0.99"),
        ('{reason=~"undecodable|refused|invalid_headers"}', ""),
        ("[15m])) > 20", "[15m])) > 10"),
        ("unless tilik_dead_letters_total offset 15m", "and vector(0)"),
    ],
)
def test_scenarios_notice_a_rule_that_was_changed(tmp_path: Path, sentence: str, instead: str) -> None:
    assert_noticed(tmp_path, RULES.read_text(), sentence, instead, scenarios())
