"""A dashboard with one panel of each type, on the simulated city, in Grafana's JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HOSTILE_NAME = "<img src=x onerror=alert(1)>"
"""What a camera could be called by somebody who means harm."""
UID = "tilik-drawn"

_CAMERAS = "$__conditionalAll(kecamatan IN (${kecamatan:singlequote}), $kecamatan)"
_HOUR = "toStartOfHour(minute) AS time"


def write_dashboard(folder: Path) -> None:
    """Write the dashboard's file into ``folder``."""
    (folder / f"{UID}.json").write_text(json.dumps(_document()), encoding="utf-8")


def _document() -> dict[str, Any]:
    return {
        "uid": UID,
        "title": "Each type once",
        "timezone": "Asia/Jakarta",
        "time": {"from": "now-1d", "to": "now"},
        "templating": {
            "list": [
                {
                    "name": "kecamatan",
                    "label": "Kecamatan",
                    "type": "query",
                    "query": "SELECT DISTINCT kecamatan FROM current_cameras ORDER BY kecamatan",
                },
                {"name": "portal_url", "type": "constant", "hide": 2, "query": "http://portal.example"},
                {"name": "bad_url", "type": "constant", "hide": 2, "query": "javascript:alert(2)//"},
            ]
        },
        "panels": [_panel(number, *told) for number, told in enumerate(_PANELS, start=1)],
    }


def _panel(
    number: int, kind: str, title: str, sql: str, options: dict[str, Any], columns: dict[str, Any]
) -> dict[str, Any]:
    overrides = [
        {"matcher": {"id": "byName", "options": name}, "properties": [{"id": k, "value": v} for k, v in told.items()]}
        for name, told in columns.items()
    ]
    return {
        "id": number,
        "type": kind,
        "title": title,
        "description": f"About {title}",
        "gridPos": {"x": (number - 1) % 2 * 12, "y": (number - 1) // 2 * 8, "w": 12, "h": 8},
        "targets": [{"refId": "A", "rawSql": sql}] if sql else [],
        "options": options,
        "fieldConfig": {"defaults": {"noValue": "nothing here"}, "overrides": overrides},
    }


def _link(url: str) -> list[dict[str, Any]]:
    return [{"title": "Open", "url": url, "targetBlank": True}]


_PANELS: list[tuple[str, str, str, dict[str, Any], dict[str, Any]]] = [
    (
        "table",
        "Cameras",
        "SELECT name, camera_id, kecamatan, toDateTime64(1790000000.5, 3, 'UTC') AS at, 0.25 AS share, NULL AS unknown"
        f" FROM current_cameras WHERE {_CAMERAS} ORDER BY camera_id = 'seed-hostile' DESC, camera_id",
        {},
        {
            "name": {"links": _link("${portal_url}/cameras/${__data.fields.camera_id}?at=${__data.fields.at.numeric}")},
            "kecamatan": {"links": _link("${bad_url}${__data.fields.camera_id}")},
            "share": {"unit": "percentunit", "displayName": "Share"},
            "at": {"displayName": "Moment"},
        },
    ),
    (
        "timeseries",
        "Curves",
        f"SELECT {_HOUR}, '{HOSTILE_NAME}' AS place, toNullable(sum(frames)) AS figure FROM current_camera_minutes"
        " WHERE $__timeFilter(minute) GROUP BY time ORDER BY time",
        {},
        {"figure": {"displayName": "${__field.labels.place}", "unit": "short"}},
    ),
    (
        "barchart",
        "Bars",
        "SELECT kecamatan, count() AS cameras FROM current_cameras GROUP BY kecamatan ORDER BY kecamatan",
        {"xField": "kecamatan", "legend": {"showLegend": False}},
        {},
    ),
    (
        "state-timeline",
        "States",
        f"SELECT {_HOUR}, if(sum(frames) > 0, 'seen', 'blind') AS state FROM current_camera_minutes"
        " WHERE $__timeFilter(minute) GROUP BY time ORDER BY time",
        {},
        {"state": {"mappings": [{"type": "value", "options": {"seen": {"text": "Seen", "color": "green"}}}]}},
    ),
    (
        "geomap",
        "Map",
        "SELECT latitude, longitude, name, kecamatan, kind FROM current_cameras",
        {"layers": [{"config": {"style": {"color": {"field": "kind"}}}}]},
        {},
    ),
    ("stat", "Figure", "SELECT count() AS cameras FROM current_cameras", {}, {}),
    ("text", "Words", "", {"mode": "markdown", "content": f"**bold** {HOSTILE_NAME}"}, {}),
    ("table", "Empty", "SELECT name FROM current_cameras WHERE camera_id = 'none'", {}, {}),
    ("table", "Wrong", "SELECT nmae FROM current_cameras", {}, {}),
]
