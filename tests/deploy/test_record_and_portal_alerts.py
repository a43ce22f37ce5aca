"""Alerts about the recorder and the portal: on metrics that exist, each fires on its scenario and not beside it."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.detect.metrics import DETECT_METRICS
from services.portal.metrics import PORTAL_METRICS
from services.record.metrics import RECORD_METRICS
from tests.deploy.promtool import assert_noticed, find_used_metrics, run_promtool, run_scenarios

ROOT = Path(__file__).parents[2]
SERVICES = ("record", "portal")
DECLARED = {
    metric.name: {*metric.labels, "instance", "le"} for metric in (*RECORD_METRICS, *PORTAL_METRICS, *DETECT_METRICS)
}


def rules_of(service: str) -> dict[str, dict[str, Any]]:
    text = (ROOT / "deploy" / "prometheus" / f"{service}_alerts.yaml").read_text()
    return {rule["alert"]: rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]}


def scenarios_of(service: str) -> list[dict[str, Any]]:
    path = Path(__file__).parent / "prometheus" / f"{service}_scenarios.yaml"
    found: list[dict[str, Any]] = yaml.safe_load(path.read_text())
    return found


def document_of(service: str) -> dict[str, Any]:
    """The service's scenarios as promtool takes them."""
    own = rules_of(service)
    tests = [_test_of(scenario, own[scenario["alert"]]) for scenario in scenarios_of(service)]
    return {"evaluation_interval": "15s", "tests": tests}


def _test_of(scenario: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
    annotations = dict(rule["annotations"])
    annotations["summary"] = re.sub(r"\{\{.*?\}\}", scenario.get("says", ""), annotations["summary"])
    fired = [{"exp_labels": rule["labels"], "exp_annotations": annotations}]
    expected = [{"alertname": rule["alert"], "eval_time": scenario["silent"], "exp_alerts": []}]
    if "fires" in scenario:
        expected.append({"alertname": rule["alert"], "eval_time": scenario["fires"], "exp_alerts": fired})
    series = [{"series": name, "values": values} for name, values in scenario["series"].items()]
    return {"interval": "15s", "input_series": series, "alert_rule_test": expected}


@pytest.mark.parametrize("service", SERVICES)
def test_rules_and_scenarios_use_metrics_and_labels_that_are_declared(service: str) -> None:
    texts = [rule["expr"] for rule in rules_of(service).values()]
    texts += [name for scenario in scenarios_of(service) for name in scenario["series"]]
    for text in texts:
        assert find_used_metrics(text), text
        for name, labels in find_used_metrics(text):
            assert name in DECLARED, text
            assert set(labels) <= DECLARED[name], text


@pytest.mark.parametrize("service", SERVICES)
def test_every_alert_has_a_scenario_and_a_run_book_with_its_name(service: str) -> None:
    fires: dict[str, bool] = defaultdict(bool)
    for scenario in scenarios_of(service):
        fires[scenario["alert"]] |= "fires" in scenario
    assert fires == dict.fromkeys(rules_of(service), True)
    for name, rule in rules_of(service).items():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert f"\n## {name}\n" in (ROOT / rule["annotations"]["runbook"]).read_text()


@pytest.mark.integration
@pytest.mark.parametrize("service", SERVICES)
def test_prometheus_takes_the_rules_and_every_scenario_comes_true(service: str, tmp_path: Path) -> None:
    path = ROOT / "deploy" / "prometheus" / f"{service}_alerts.yaml"
    assert run_promtool("check", "rules", str(path))[0] == 0
    code, said = run_scenarios(tmp_path, yaml.safe_load(path.read_text()), document_of(service))
    assert code == 0, said


@pytest.mark.integration
@pytest.mark.parametrize(
    ("service", "sentence", "instead"),
    [
        ("record", "+ (sum(increase(tilik_record_gaps_total[5m])) or vector(0))", ""),
        (
            "record",
            "(sum(increase(tilik_record_gaps_total[5m])) or vector(0))",
            "sum(increase(tilik_record_gaps_total[5m]))",
        ),
        (
            "record",
            "(sum(increase(tilik_record_minutes_total[5m])) or vector(0))",
            "sum(increase(tilik_record_minutes_total[5m]))",
        ),
        ("record", " or sum(tilik_record_held_bytes) > 0", ""),
        ("record", "for: 3m", "for: 1m"),
        ("record", "unless tilik_record_lost_frames_total offset 10m", "and vector(0)"),
        ("record", "for: 1h", "for: 1m"),
        ("record", "[30m])) > 3", "[30m])) > 1"),
        ("record", "max(tilik_record_broken_chains)", "min(tilik_record_broken_chains)"),
        ("record", "holds_unreadable_total[15m])", "holds_unreadable_total[1h])"),
        ("record", 'unless tilik_record_evidence_total{outcome="missing"} offset 15m', "and vector(0)"),
        ("portal", 'outcome="detected"', 'outcome=~".+"'),
        ("portal", "> 20", "> 5"),
        ("portal", "failed|refused", "failed|refused|withdrawn"),
        ("portal", "5..", "[45].."),
        ("portal", 'unless tilik_portal_audit_entries_total{outcome="failed"} offset 10m', "and vector(0)"),
    ],
)
def test_scenarios_notice_a_rule_that_was_changed(service: str, sentence: str, instead: str, tmp_path: Path) -> None:
    text = (ROOT / "deploy" / "prometheus" / f"{service}_alerts.yaml").read_text()
    assert_noticed(tmp_path, text, sentence, instead, document_of(service))
