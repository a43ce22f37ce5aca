"""A panel as Grafana's JSON: its queries, how each of its columns is shown, where it leads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from services.aggregate.dashboards.dashboard import NO_DATA, Column, Language, Panel, Query
from services.aggregate.dashboards.grafana_options import drawing_style, options, thresholds, transformations
from services.aggregate.dashboards.layout import Place
from services.aggregate.dashboards.links import camera_link

CLICKHOUSE: Final = {"type": "grafana-clickhouse-datasource", "uid": "tilik-clickhouse"}
CLICKHOUSE_PLUGIN_VERSION: Final = "4.20.0"
"""The version that provisioning pins. A query that names none is taken for one of version 3 and is rewritten when
it is opened."""

PROMETHEUS: Final = {"type": "prometheus", "uid": "tilik-prometheus"}
_MIXED: Final = {"type": "datasource", "uid": "-- Mixed --"}

_TIME_SERIES, _TABLE = 0, 1
"""What the ClickHouse plugin's ``format`` means."""


def panel_json(number: int, panel: Panel, place: Place, language: Language) -> dict[str, Any]:
    """Give a panel's JSON.

    Args:
        number: Its id, unique in the dashboard.
    """
    document: dict[str, Any] = {
        "id": number,
        "type": panel.drawing,
        "title": panel.title.in_language(language),
        "description": panel.description.in_language(language),
        "gridPos": {"x": place.x, "y": place.y, "w": place.width, "h": place.height},
        "fieldConfig": {"defaults": {}, "overrides": []},
        "options": options(panel, language),
    }
    if panel.drawing == "text":
        return document
    sources = [PROMETHEUS if query.promql else CLICKHOUSE for query in panel.queries]
    document["datasource"] = dict(sources[0] if sources.count(sources[0]) == len(sources) else _MIXED)
    document["targets"] = [_target(panel, query, chr(ord("A") + index)) for index, query in enumerate(panel.queries)]
    document["fieldConfig"] = {"defaults": _defaults(panel, language), "overrides": list(_overrides(panel, language))}
    if panel.drawing == "timeseries" and any(query.sql for query in panel.queries):
        document["interval"] = f"{panel.shortest_interval_s}s"
    if steps := transformations(panel):
        document["transformations"] = steps
    return document


def _target(panel: Panel, query: Query, reference: str) -> dict[str, Any]:
    if query.promql:
        over_time = panel.drawing in ("timeseries", "stat", "state-timeline")
        return {
            "refId": reference,
            "datasource": dict(PROMETHEUS),
            "editorMode": "code",
            "expr": query.promql,
            "legendFormat": query.legend or "__auto",
            "range": over_time,
            "instant": not over_time,
            "format": "time_series" if over_time else "table",
        }
    over_time = panel.drawing == "timeseries"
    return {
        "refId": reference,
        "datasource": dict(CLICKHOUSE),
        "editorType": "sql",
        "pluginVersion": CLICKHOUSE_PLUGIN_VERSION,
        "queryType": "timeseries" if over_time else "table",
        "format": _TIME_SERIES if over_time else _TABLE,
        "rawSql": query.sql,
    }


def _defaults(panel: Panel, language: Language) -> dict[str, Any]:
    coloured = panel.drawing in ("stat", "table", "geomap", "state-timeline")
    defaults: dict[str, Any] = {
        "unit": panel.unit,
        "noValue": panel.no_data.in_language(language),
        "color": {"mode": "thresholds" if coloured else "palette-classic"},
        "thresholds": thresholds(panel.thresholds),
        "mappings": [],
        "custom": drawing_style(panel),
    }
    if panel.decimals is not None:
        defaults["decimals"] = panel.decimals
    return defaults


def _overrides(panel: Panel, language: Language) -> Iterator[dict[str, Any]]:
    for name, column in panel.columns.items():
        properties = [{"id": key, "value": value} for key, value in _properties(panel, name, column, language)]
        yield {"matcher": {"id": "byName", "options": name}, "properties": properties}


def _properties(panel: Panel, name: str, column: Column, language: Language) -> Iterator[tuple[str, Any]]:
    yield "displayName", _shown_name(panel, name, column, language)
    yield "unit", column.unit
    if column.decimals is not None:
        yield "decimals", column.decimals
    if column.thresholds:
        yield "thresholds", thresholds(column.thresholds)
    if column.mapped:
        yield "mappings", _mappings(column, language)
    if column.colour:
        yield "color", {"mode": "fixed", "fixedColor": column.colour}
    if panel.drawing == "table" and (column.thresholds or column.mapped):
        yield "custom.cellOptions", {"type": "color-text"}
    if panel.drawing == "table" and (column.no_data or panel.no_data != NO_DATA):  # that is said of the whole table
        yield "noValue", (column.no_data or NO_DATA).in_language(language)
    if panel.drawing == "table" and column.width_px is not None:
        yield "custom.width", column.width_px
    if column.links_to_camera:
        yield "links", [camera_link(panel, language)]
    if column.hidden:
        yield "custom.hideFrom", {"viz": True, "legend": True, "tooltip": True}


def _shown_name(panel: Panel, name: str, column: Column, language: Language) -> str:
    naming = panel.naming_columns
    if not naming or name in naming or column.hidden:
        return column.title.in_language(language)
    return f"${{__field.labels.{naming[0]}}}"


def _mappings(column: Column, language: Language) -> list[dict[str, Any]]:
    shown = {}
    for index, mapped in enumerate(column.mapped):
        shown[mapped.value] = {"text": mapped.text.in_language(language), "color": mapped.colour, "index": index}
    return [{"type": "value", "options": shown}]
