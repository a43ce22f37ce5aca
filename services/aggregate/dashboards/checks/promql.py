"""Checks of PromQL: it can be parsed, and its metrics and their labels are those that the services declare."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import promql_parser

from services.aggregate.dashboards.checks.finding import Finding, Json, name_of, overrides_of, panels_of, uid_of
from services.runtime.metrics import MetricDefinition

BY_PROMETHEUS: Final = frozenset({"job", "instance"})
"""Labels that Prometheus gives to each series."""

_DURATIONS: Final = {"$__rate_interval": "5m", "$__interval": "1m", "$__range": "1h"}
_MACRO: Final = re.compile(r"\$__\w+")
_LEGEND_LABEL: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def promql_findings(document: Json, metrics: Sequence[MetricDefinition]) -> Iterator[Finding]:
    """Check each expression of a dashboard against the services' metrics."""
    labels_of = dict(_series(metrics))
    for panel in panels_of(document):
        for target in panel.get("targets", []):
            for what, remedy in _expression(target, labels_of):
                yield Finding(uid_of(document), name_of(panel), f"query {target.get('refId')}: {what}", remedy)
        if panel.get("targets") and all(target.get("expr") for target in panel["targets"]):
            for what, remedy in _columns(panel, labels_of):
                yield Finding(uid_of(document), name_of(panel), what, remedy)


def _series(metrics: Sequence[MetricDefinition]) -> Iterator[tuple[str, frozenset[str]]]:
    """Give the names under which Prometheus keeps each metric, with its labels."""
    for metric in metrics:
        labels = BY_PROMETHEUS | frozenset(metric.labels)
        if metric.kind == "histogram":
            yield f"{metric.name}_bucket", labels | {"le"}
            yield f"{metric.name}_sum", labels
            yield f"{metric.name}_count", labels
        else:
            yield metric.name, labels


def _expression(target: Json, labels_of: Mapping[str, frozenset[str]]) -> Iterator[tuple[str, str]]:
    text = str(target.get("expr") or "")
    if not text:
        return
    if unknown := set(_MACRO.findall(text)) - set(_DURATIONS):
        yield f"{', '.join(sorted(unknown))} is not known", f"Known are {', '.join(_DURATIONS)}"
        return
    try:
        used, asked = _names(text)
    except ValueError as error:
        yield f"it can't be parsed: {error}", "Put it right"
        return
    for name in sorted(used - set(labels_of)):
        yield f"no service has the metric {name}", "See docs/reference.md for those that there are"
    known = set[str]().union(*(labels_of.get(name, set()) for name in used))
    asked |= set(_LEGEND_LABEL.findall(str(target.get("legendFormat") or "")))
    for label in sorted(asked - known) if used <= set(labels_of) else ():
        yield f"its metrics have no label {label}", f"They have {', '.join(sorted(known))}"


def _names(text: str) -> tuple[set[str], set[str]]:
    """Give the metrics of an expression, and the labels that are asked of them.

    Raises:
        ValueError: It is no PromQL.
    """
    for macro, duration in _DURATIONS.items():
        text = text.replace(macro, duration)
    metrics, labels = set[str](), set[str]()

    def visit(part: promql_parser.Expr) -> None:
        if isinstance(part, promql_parser.VectorSelector):
            metrics.add(str(part.name))
            labels.update(matcher.name for matcher in part.matchers.matchers)
        elif isinstance(part, promql_parser.AggregateExpr) and part.modifier:
            labels.update(part.modifier.labels)
        elif isinstance(part, promql_parser.BinaryExpr) and part.modifier and part.modifier.matching:
            labels.update(part.modifier.matching.labels)

    promql_parser.walk(promql_parser.parse(text), visit)
    return metrics, labels


def _columns(panel: Json, labels_of: Mapping[str, frozenset[str]]) -> Iterator[tuple[str, str]]:
    """Check that what a panel says of a column is of one that Prometheus gives: a label, a curve's name, the value."""
    given = {"Value", "Time"}
    for target in panel["targets"]:
        given.add(str(target.get("legendFormat")))
        given.add(f"Value #{target.get('refId')}")
        given |= set[str]().union(*(labels for name, labels in labels_of.items() if name in target["expr"]))
    for name in overrides_of(panel):
        if name not in given:
            yield f"its queries give no column {name}", f"They give {', '.join(sorted(given))}"
