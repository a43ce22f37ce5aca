"""Alerts as rules that Grafana manages: for its provisioning API, and as a file that it reads when it starts.

Source: grafana.com/docs/grafana/latest, pages "Alerting provisioning HTTP API", "Use configuration files to provision
alerting resources", and "Example of alerting on tabular data" for one alert a row.
"""

from __future__ import annotations

from typing import Any, Final

from services.aggregate.alerts.alert import Alert, AlertGroup
from services.aggregate.dashboards.dashboard import Language, Text
from services.aggregate.dashboards.grafana_panel import CLICKHOUSE
from services.aggregate.dashboards.links import TAG

FOLDER_UID: Final = "tilik-alerts"
FOLDER_TITLE: Final = Text("Tilik alerts", "Peringatan Tilik")
_TABLE: Final = 1
"""The format "table" of the ClickHouse plugin: a row is an alert, its text columns are the alert's labels."""

_QUERY, _CONDITION = "A", "B"


def rule_json(alert: Alert, group: AlertGroup, language: Language, runbooks_url: str | None = None) -> dict[str, Any]:
    """Give a rule as the provisioning API takes it.

    ``runbooks_url`` is where the files of docs/runbooks are read. Without it a rule bears no link, for one that leads
    nowhere is worse; it names the file all the same.
    """
    file_name = f"{alert.name}.md"
    link = {"runbook_url": f"{runbooks_url.rstrip('/')}/{file_name}"} if runbooks_url else {}
    return {
        "uid": f"tilik-{alert.name}",
        "orgID": 1,
        "folderUID": FOLDER_UID,
        "ruleGroup": group.name,
        "title": alert.title.in_language(language),
        "condition": _CONDITION,
        "data": [_question(alert), _limit(alert)],
        "noDataState": alert.no_data,
        "execErrState": alert.on_error,
        "for": duration(alert.pending_seconds),
        "annotations": {
            "summary": alert.summary.in_language(language),
            "description": alert.description.in_language(language),
            **link,
            "runbook": f"docs/runbooks/{file_name}",
        },
        "labels": {"severity": alert.severity, "service": TAG, "rule": alert.name},
        "isPaused": False,
    }


def group_json(group: AlertGroup, language: Language, runbooks_url: str | None = None) -> dict[str, Any]:
    """Give a group of rules as the provisioning API takes it."""
    return {
        "title": group.name,
        "folderUid": FOLDER_UID,
        "interval": group.interval_seconds,
        "rules": [rule_json(alert, group, language, runbooks_url) for alert in group.alerts],
    }


def rules_file(groups: tuple[AlertGroup, ...], language: Language, runbooks_url: str | None = None) -> dict[str, Any]:
    """Give the document of the file that Grafana reads from ``provisioning/alerting`` when it starts."""
    return {
        "apiVersion": 1,
        "groups": [
            {
                "orgId": 1,
                "name": group.name,
                "folder": FOLDER_TITLE.in_language(language),
                "interval": duration(group.interval_seconds),
                "rules": [_in_file(rule_json(alert, group, language, runbooks_url)) for alert in group.alerts],
            }
            for group in groups
        ],
    }


def duration(seconds: int) -> str:
    """Give a duration of less than a day as Grafana writes it, such as ``2m``, ``1h30m`` or ``0s``."""
    parts = ((seconds // 3600, "h"), (seconds % 3600 // 60, "m"), (seconds % 60, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def _in_file(rule: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in rule.items() if name not in ("orgID", "folderUID", "ruleGroup")}


def _question(alert: Alert) -> dict[str, Any]:
    model = {
        "refId": _QUERY,
        "datasource": dict(CLICKHOUSE),
        "queryType": "table",
        "editorType": "sql",
        "format": _TABLE,
        "rawSql": alert.sql,
    }
    return _data(_QUERY, CLICKHOUSE["uid"], model)


def _limit(alert: Alert) -> dict[str, Any]:
    model = {
        "refId": _CONDITION,
        "datasource": {"type": "__expr__", "uid": "__expr__"},
        "type": "threshold",
        "expression": _QUERY,
        "conditions": [{"evaluator": {"type": "gt", "params": [alert.above]}}],
    }
    return _data(_CONDITION, "__expr__", model)


def _data(name: str, source: str, model: dict[str, Any]) -> dict[str, Any]:
    """Give a query or expression; the time range is asked for by Grafana and used by no alert's SQL."""
    return {
        "refId": name,
        "relativeTimeRange": {"from": 600, "to": 0},
        "datasourceUid": source,
        "model": model,
    }
