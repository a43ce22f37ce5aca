"""What an alert on the store is, before it becomes a rule of Grafana's: a question, a limit, and what people are told.

An alert is declared once, in both languages, and written out once for each (``build.py``). The SQL answers with columns
of text, which become the labels of an alert, and one number. Each row is an alert of its own; no row: nothing to tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.aggregate.dashboards.dashboard import Text

Severity = Literal["critical", "warning"]

NoData = Literal["OK", "Alerting"]
"""What no row means: ``OK`` where a row is a trouble, ``Alerting`` where there should always be one."""

OnError = Literal["Error", "KeepLast"]
"""What a failed query means: ``Error`` tells it; ``KeepLast`` leaves the alert as it was, where another tells it."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule. ``name`` is that of its run-book and, after ``tilik-``, its uid in Grafana.

    Attributes:
        summary: One line, with ``{{ $labels.column }}`` and ``{{ $values.A }}``.
        description: What it rests on, and when it is a false alarm.
        sql: Columns of text, and one number. It needs no macro: what is current depends on ClickHouse's clock.
        above: It fires for each row whose number is larger.
        pending_seconds: How long a row has to be there before it fires; a whole number of evaluations.
    """

    name: str
    title: Text
    summary: Text
    description: Text
    sql: str
    above: float
    pending_seconds: int
    severity: Severity
    no_data: NoData
    on_error: OnError


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """Alerts that are asked one after the other, every ``interval_seconds``."""

    name: str
    interval_seconds: int
    alerts: tuple[Alert, ...]
