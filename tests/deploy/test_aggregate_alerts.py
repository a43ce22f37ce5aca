"""Alerts about aggregate: on metrics that exist, each with a scenario that fires it and one that does not."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.aggregate.metrics import AGGREGATE_METRICS
from services.detect.metrics import DETECT_METRICS
from tests.deploy.promtool import assert_noticed, find_used_metrics, run_promtool, run_scenarios

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "aggregate_alerts.yaml"
SCENARIOS = Path(__file__).parent / "prometheus" / "aggregate_alerts_test.yaml"

_BY_WHOM = frozenset({"instance", "job", "le"})


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def scenarios() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(SCENARIOS.read_text())
    return document


def test_rules_and_scenarios_use_metrics_and_labels_that_are_declared() -> None:
    declared = {metric.name: set(metric.labels) | _BY_WHOM for metric in (*AGGREGATE_METRICS, *DETECT_METRICS)}
    texts = [rule["expr"] for rule in rules()]
    texts += [series["series"] for one in scenarios()["tests"] for series in one["input_series"]]
    for text in texts:
        assert find_used_metrics(text), text
        for name, labels in find_used_metrics(text):
            assert name in declared, text
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


def test_the_run_book_has_a_section_for_each_alert() -> None:
    assert {rule["annotations"]["runbook"] for rule in rules()} == {"docs/runbooks/aggregate.md"}
    sections = re.findall(r"^## (\w+)", (ROOT / "docs" / "runbooks" / "aggregate.md").read_text(), re.MULTILINE)
    assert sections == [rule["alert"] for rule in rules()]


@pytest.mark.integration
def test_prometheus_takes_the_rules_and_every_scenario_comes_true(tmp_path: Path) -> None:
    assert run_promtool("check", "rules", str(RULES))[0] == 0
    code, said = run_scenarios(tmp_path, yaml.safe_load(RULES.read_text()), scenarios())
    assert code == 0, said


@pytest.mark.integration
@pytest.mark.parametrize(
    ("sentence", "instead"),
    [
        ("absent(tilik_aggregate_partitions)\n        for: 1m", "absent(tilik_aggregate_partitions)\n        for: 0s"),
        ("< max(tilik_aggregate_topic_partitions)", "< max_over_time(sum(tilik_aggregate_partitions)[1d:1m])"),
        ("          or sum(tilik_aggregate_partitions) == 0\n", ""),
        ("== 0\n        for: 5m", "== 0\n        for: 1m"),
        ("and on () sum(rate(tilik_detect_frames_total[2m])) > 0", ""),
        ("sum by (failed) (increase(", "sum by (job) (increase("),
        ("[5m])) > 10\n        for: 5m\n        labels: {severity: critical}", "[5m])) > 10\n        for: 0s"),
        ('failures_total{failed="store"}[5m]', 'failures_total{failed="none"}[5m]'),
        ('failures_total{failed="kafka"}[5m]', 'failures_total{failed="none"}[5m]'),
        ('{step="store",le="+Inf"}[5m])) > 0', '{step="none",le="+Inf"}[5m])) > 0'),
        ("(increase(tilik_aggregate_state_bytes_total[5m])) > 0", "(tilik_aggregate_state_bytes_total) > 0"),
        ("histogram_quantile(0.95", "histogram_quantile(0.99"),
        ("[1h])) > 0", "[3h])) > 0"),
        (" unless tilik_aggregate_lost_events_total offset 1h", ""),
        ("sum(tilik_aggregate_lost_events_total unless", "sum(tilik_aggregate_lost_events_total and"),
        ('{reason=~"invalid_event|wrong_key|unknown_revision"}[15m]', "[15m]"),
        ('{reason=~"invalid_event|wrong_key|unknown_revision"}\n', "\n"),
        ("            unless tilik_dead_letters_total offset 15m\n", ""),
        (") > 5\n        for: 5m", ") > 4\n        for: 5m"),
        ("[15m])) > 5\n", "[15m])) > 3\n"),
        ("[15m])) > 10\n", "[15m])) > 5\n"),
    ],
)
def test_scenarios_notice_a_rule_that_was_changed(tmp_path: Path, sentence: str, instead: str) -> None:
    assert_noticed(tmp_path, RULES.read_text(), sentence, instead, scenarios())
