"""What Grafana's drawings are told, by type: options, style of curves and cells, transformations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from services.aggregate.dashboards.dashboard import Language, Panel, Threshold


def options(panel: Panel, language: Language) -> dict[str, Any]:
    """Give a panel's options."""
    match panel.drawing:
        case "stat":
            given = _stat(panel, language)
        case "timeseries":
            given = {"legend": _legend(), "tooltip": {"mode": "multi", "sort": "desc"}}
        case "barchart":
            given = _barchart(panel)
        case "state-timeline":
            given = _state_timeline()
        case "table":
            given = {"showHeader": True, "cellHeight": "sm", "frameIndex": 0, "enablePagination": True}
        case "geomap":
            given = _geomap(panel, language)
        case "text":
            given = {"mode": "markdown", "content": panel.body.in_language(language) if panel.body else ""}
    return given


def thresholds(steps: Iterable[Threshold]) -> dict[str, Any]:
    """Give thresholds; below the first one a figure has the colour of text."""
    first: list[dict[str, Any]] = [{"color": "text", "value": None}]
    return {"mode": "absolute", "steps": first + [{"color": step.colour, "value": step.value} for step in steps]}


def drawing_style(panel: Panel) -> dict[str, Any]:
    """Give how curves, bars and cells look. Nothing is drawn where there is no data."""
    stacking = {"group": "A", "mode": "normal" if panel.stacked else "none"}
    match panel.drawing:
        case "timeseries":
            return {
                "drawStyle": "line",
                "lineInterpolation": "linear",
                "lineWidth": 1,
                "fillOpacity": 40 if panel.stacked else 8,
                "gradientMode": "none",
                "spanNulls": False,
                "showPoints": "auto",
                "pointSize": 4,
                "stacking": stacking,
                "axisSoftMin": 0,
                "thresholdsStyle": {"mode": "dashed" if panel.thresholds else "off"},
            }
        case "barchart":
            return {"lineWidth": 1, "fillOpacity": 80, "gradientMode": "none", "axisSoftMin": 0}
        case "state-timeline":
            return {"lineWidth": 0, "fillOpacity": 80}
        case "table":
            return {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False}
        case _:
            return {}


def transformations(panel: Panel) -> list[dict[str, Any]]:
    """Give what is done with a result before it is drawn: a row of a state timeline for each value that names one."""
    if panel.drawing != "state-timeline" or not panel.naming_columns:
        return []
    partition = {"fields": list(panel.naming_columns), "keepFields": False, "naming": {"asLabels": True}}
    return [{"id": "partitionByValues", "options": partition}]


def _legend() -> dict[str, Any]:
    return {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []}


def _stat(panel: Panel, language: Language) -> dict[str, Any]:
    coloured = bool(panel.thresholds) or any(column.thresholds or column.mapped for column in panel.columns.values())
    return {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": _stat_fields(panel, language), "values": False},
        "colorMode": "background" if coloured else "value",
        "graphMode": "area" if any(query.promql for query in panel.queries) else "none",
        "textMode": "auto",
        "justifyMode": "auto",
        "orientation": "auto",
        "percentChangeColorMode": "standard",
        "showPercentChange": False,
        "wideLayout": True,
    }


def _stat_fields(panel: Panel, language: Language) -> str:
    """Give the pattern of the shown names of a figure's columns; empty: all numbers."""
    columns = panel.columns.values()
    if not any(column.hidden or column.unit == "string" for column in columns):
        return ""
    shown = (re.escape(column.title.in_language(language)) for column in columns if not column.hidden)
    return f"/^({'|'.join(shown)})$/"


def _state_timeline() -> dict[str, Any]:
    return {
        "mergeValues": True,
        "showValue": "never",
        "alignValue": "left",
        "rowHeight": 0.85,
        "perPage": 40,
        "legend": _legend(),
        "tooltip": {"mode": "single", "sort": "none"},
    }


def _barchart(panel: Panel) -> dict[str, Any]:
    several = sum(not column.hidden for column in panel.columns.values()) > 2
    chart: dict[str, Any] = {
        "orientation": "horizontal" if panel.lying else "auto",
        "stacking": "normal" if panel.stacked else "none",
        "showValue": "auto",
        "barWidth": 0.9,
        "groupWidth": 0.7,
        "fullHighlight": False,
        "xTickLabelRotation": 0,
        "xTickLabelMaxLength": 24,
        "xTickLabelSpacing": 100,
        "legend": _legend() | {"showLegend": several},
        "tooltip": {"mode": "multi", "sort": "none"},
    }
    if panel.columns:
        chart["xField"] = next(iter(panel.columns))
    return chart


def _geomap(panel: Panel, language: Language) -> dict[str, Any]:
    coloured = (name for name, column in panel.columns.items() if column.mapped or column.thresholds)
    colour: dict[str, Any] = {"fixed": "blue"}
    if field := next(coloured, None):
        colour["field"] = field
    style = {
        "color": colour,
        "opacity": 0.8,
        "size": {"fixed": 6, "min": 3, "max": 12},
        "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
    }
    return {
        "view": {"id": "fit", "lat": 0, "lon": 0, "zoom": 14, "allLayers": True, "padding": 5},
        "controls": {"showZoom": True, "mouseWheelZoom": True, "showAttribution": True, "showScale": True},
        "basemap": {"type": "default", "name": "basemap", "config": {}},
        "layers": [
            {
                "type": "markers",
                "name": panel.title.in_language(language),
                "tooltip": True,
                "location": {"mode": "coords", "latitude": "latitude", "longitude": "longitude"},
                "config": {"showLegend": True, "style": style},
            }
        ],
        "tooltip": {"mode": "details"},
    }
