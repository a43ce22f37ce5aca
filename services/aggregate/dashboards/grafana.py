"""A dashboard as Grafana's JSON, in one language.

The schema is the last of Grafana's dashboards of version 1 (42), which Grafana 13 reads and writes.
"""

from __future__ import annotations

from typing import Any, Final

from services.aggregate.dashboards.dashboard import Dashboard, Language, Section, Variable
from services.aggregate.dashboards.grafana_panel import CLICKHOUSE, panel_json
from services.aggregate.dashboards.layout import Place, placed
from services.aggregate.dashboards.links import (
    PORTAL_URL,
    PORTAL_VARIABLE,
    TAG,
    dashboard_links,
    language_tag,
    uid,
)

SCHEMA_VERSION: Final = 42
TIMEZONE: Final = "Asia/Jakarta"
ALL: Final = "$__all"
"""What a variable's value is where everything is chosen."""

_ON_LOAD, _HIDDEN, _ALPHABETICAL, _SHARED_CROSSHAIR = 1, 2, 1, 1


def dashboard_json(dashboard: Dashboard, language: Language, portal_url: str = PORTAL_URL) -> dict[str, Any]:
    """Give the JSON document of a dashboard.

    Args:
        portal_url: Where links to a camera lead, without a slash at its end.

    Raises:
        ValueError: A panel does not fit into the grid.
    """
    return {
        "uid": uid(dashboard, language),
        "title": dashboard.title.in_language(language),
        "description": dashboard.description.in_language(language),
        "tags": [TAG, language_tag(language)],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "timezone": TIMEZONE,
        "weekStart": "monday",
        "graphTooltip": _SHARED_CROSSHAIR,
        "time": {"from": f"now-{_range(dashboard.hours)}", "to": "now"},
        "refresh": _refresh(dashboard.refresh_seconds),
        "links": dashboard_links(dashboard, language),
        "annotations": {"list": []},
        "templating": {"list": _variables(dashboard, language, portal_url)},
        "panels": [
            _heading(number, one, place, language)
            if isinstance(one, Section)
            else panel_json(number, one, place, language)
            for number, (one, place) in enumerate(placed(dashboard.sections), start=1)
        ],
    }


def _heading(number: int, section: Section, place: Place, language: Language) -> dict[str, Any]:
    return {
        "id": number,
        "type": "row",
        "title": section.title.in_language(language),
        "collapsed": False,
        "gridPos": {"x": place.x, "y": place.y, "w": place.width, "h": place.height},
        "panels": [],
    }


def _variables(dashboard: Dashboard, language: Language, portal_url: str) -> list[dict[str, Any]]:
    panels = [panel for section in dashboard.sections for panel in section.panels]
    linked = any(column.links_to_camera for panel in panels for column in panel.columns.values())
    variables = [_variable(one, language) for one in dashboard.variables]
    variables += [_constant(name, value) for name, value in dashboard.constants.items()]
    return [*variables, _constant(PORTAL_VARIABLE, portal_url)] if linked else variables


def _variable(variable: Variable, language: Language) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": variable.title.in_language(language),
        "type": "query",
        "datasource": dict(CLICKHOUSE),
        "query": variable.sql,
        "refresh": _ON_LOAD,
        "sort": _ALPHABETICAL,
        "multi": True,
        "includeAll": True,
        "current": {"text": ["All"], "value": [ALL]},
        "options": [],
    }


def _constant(name: str, value: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "constant",
        "query": value,
        "current": {"text": value, "value": value},
        "hide": _HIDDEN,
        "skipUrlSync": True,
    }


def _range(hours: int) -> str:
    return f"{hours // 24}d" if hours % 24 == 0 else f"{hours}h"


def _refresh(seconds: int) -> str:
    if seconds == 0:
        return ""
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"
