"""All checks of dashboards, in one call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.aggregate.dashboards.checks.finding import Finding, Json
from services.aggregate.dashboards.checks.panels import panel_findings
from services.aggregate.dashboards.checks.promql import promql_findings
from services.aggregate.dashboards.checks.sql import Describe, Expand, sql_findings
from services.aggregate.dashboards.checks.variables import variable_findings
from services.aggregate.dashboards.checks.whole import whole_findings
from services.runtime.metrics import MetricDefinition


def findings(
    documents: Sequence[Json],
    metrics: Sequence[MetricDefinition],
    expand: Expand,
    describe: Describe | None = None,
) -> Iterator[Finding]:
    """Check dashboards.

    Args:
        documents: All of them, in all languages.
        metrics: What the services declare.
        expand: Expands macros and variables of a statement.
        describe: Asks an engine with Tilik's tables for the columns of a statement; None: no engine is asked.
    """
    yield from whole_findings(documents)
    for document in documents:
        yield from panel_findings(document)
        yield from variable_findings(document)
        yield from promql_findings(document, metrics)
        yield from sql_findings(document, expand, describe)
