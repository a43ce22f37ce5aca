"""Run Prometheus' own checker, promtool, on alert rules and on scenarios for them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

_METRIC = re.compile(r"\b(tilik_\w+?)(?:_bucket)?(?:\{([^}]*)\})?(?=[\s)\[}]|$)")
_LABEL = re.compile(r"(\w+)\s*[=!]")
Document = dict[str, Any]


def find_used_metrics(text: str) -> list[tuple[str, list[str]]]:
    """Return the metrics in an expression or a series, each with the labels that it is asked for."""
    return [(name, _LABEL.findall(labels)) for name, labels in _METRIC.findall(text)]


def run_promtool(*arguments: str) -> tuple[int, str]:
    """Run promtool; return its exit status and what it printed."""
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def run_scenarios(folder: Path, rules: Document, scenarios: Document) -> tuple[int, str]:
    """Run ``promtool test rules``; its files are written to ``folder``."""
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules))
    (folder / "scenarios.yaml").write_text(yaml.safe_dump({**scenarios, "rule_files": ["rules.yaml"]}))
    return run_promtool("test", "rules", str(folder / "scenarios.yaml"))


def keep_changed(before: Document, after: Document, scenarios: Document) -> tuple[Document, Document]:
    """Return the rules of ``after`` that differ from ``before``, and the scenarios of their alerts alone.

    Whether a scenario notices a changed rule depends on no other rule, and to evaluate all of them takes seconds.
    """
    names: set[str] = set()
    groups = []
    for old, new in zip(before["groups"], after["groups"], strict=True):
        changed = [rule for was, rule in zip(old["rules"], new["rules"], strict=True) if was != rule]
        names.update(rule["alert"] for rule in changed)
        groups.append({**new, "rules": changed})
    assert names, "nothing was changed"
    tests = []
    for scenario in scenarios["tests"]:
        expected = [each for each in scenario["alert_rule_test"] if each["alertname"] in names]
        if expected:
            tests.append({**scenario, "alert_rule_test": expected})
    return {"groups": [group for group in groups if group["rules"]]}, {**scenarios, "tests": tests}


def assert_noticed(folder: Path, rules: str, sentence: str, instead: str, scenarios: Document) -> None:
    """Assert that some scenario fails once ``sentence`` of the rules is replaced."""
    assert sentence in rules
    changed = yaml.safe_load(rules.replace(sentence, instead))
    code, said = run_scenarios(folder, *keep_changed(yaml.safe_load(rules), changed, scenarios))
    assert code != 0
    assert "FAILED" in said
