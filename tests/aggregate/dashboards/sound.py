"""A dashboard with one panel of each drawing, in which nothing is wrong, to be broken in one place by each test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.aggregate.dashboards.checks.sql import Chosen, ResultColumn
from services.aggregate.dashboards.dashboard import (
    LANGUAGES,
    Column,
    Dashboard,
    Mapped,
    Panel,
    Query,
    Section,
    Text,
    Threshold,
)
from services.aggregate.dashboards.grafana import dashboard_json
from services.aggregate.dashboards.variables import CHOSEN_CAMERAS, WHERE
from services.cli.dashboards.macros import expand
from services.runtime.errors import RetryableError
from services.runtime.metrics import MetricDefinition

METRICS = (
    MetricDefinition("tilik_detect_frames_total", "counter", "Frames.", ("outcome", "priority")),
    MetricDefinition("tilik_detect_judge_seconds_per_frame", "histogram", "Time of a frame."),
)

_MINUTES = f"FROM current_camera_minutes WHERE $__timeFilter(minute) AND {CHOSEN_CAMERAS}"
_CAMERA = Column(Text("Camera", "Kamera"), "string", links_to_camera=True)
_STATE = Column(Text("State", "Keadaan"), mapped=(Mapped("live", Text("live", "menyala"), "green"),))


def _panel(drawing: Any, sql: str, columns: Mapping[str, Column], **given: Any) -> Panel:
    described = Text(f"What a {drawing} shows.", f"Apa yang ditunjukkan {drawing}.")
    return Panel(drawing, Text(drawing, drawing), described, (Query(sql),), columns, **given)


def make_dashboard(name: str = "sound", **given: Any) -> Dashboard:
    """Give the sound dashboard."""
    panels = (
        _panel(
            "table",
            f"SELECT camera_id, minute AS at, frames {_MINUTES} LIMIT 100",
            {
                "camera_id": _CAMERA,
                "at": Column(Text("At", "Pada"), "dateTimeAsIso", hidden=True),
                "frames": Column(Text("Frames", "Citra"), thresholds=(Threshold(10, "green"),)),
            },
        ),
        _panel(
            "timeseries",
            f"SELECT $__timeInterval(minute) AS time, camera_id, sum(frames) AS n {_MINUTES} GROUP BY 1, 2 ORDER BY 1",
            {"camera_id": Column(Text("Camera", "Kamera"), "string"), "n": Column(Text("Frames", "Citra"))},
        ),
        _panel(
            "stat",
            "SELECT count() AS n FROM current_cameras WHERE state = 'active'",
            {"n": Column(Text("active", "aktif"))},
            width=4,
        ),
        _panel(
            "barchart",
            f"SELECT toString(toHour(minute)) AS hour, sum(frames) AS n {_MINUTES} GROUP BY hour ORDER BY hour",
            {"hour": Column(Text("Hour", "Jam"), "string"), "n": Column(Text("Frames", "Citra"))},
        ),
        _panel(
            "geomap",
            "SELECT latitude, longitude, camera_id, state FROM current_cameras",
            {"camera_id": _CAMERA, "state": _STATE},
            width=8,
        ),
        _panel(
            "state-timeline",
            "SELECT reported_at AS time, camera_id, state FROM camera_statuses WHERE $__timeFilter(reported_at)",
            {"camera_id": Column(Text("Camera", "Kamera"), "string"), "state": _STATE},
            width=24,
        ),
        Panel("text", Text("Note", "Catatan"), Text("A note.", "Sebuah catatan."), body=Text("Hello", "Halo"), width=4),
    )
    judged = Query(promql="sum by (outcome) (rate(tilik_detect_frames_total[$__rate_interval]))", legend="{{outcome}}")
    metrics = Panel("timeseries", Text("Judged", "Dinilai"), Text("Outcomes.", "Hasil."), (judged,), unit="cps")
    sections = (Section(Text("Rows", "Baris"), panels), Section(Text("Metrics", "Metrik"), (metrics,)))
    title, about = Text("Sound", "Sehat"), Text("Nothing is wrong.", "Tidak ada yang salah.")
    return Dashboard(name, title, about, sections, WHERE, **given)


def make_documents(**given: Any) -> list[dict[str, Any]]:
    """Give its documents, the English one first."""
    return [dashboard_json(make_dashboard(**given), language) for language in LANGUAGES]


def panel_of(document: dict[str, Any], kind: str) -> Any:
    """Give the first panel of a type."""
    return next(panel for panel in document["panels"] if panel["type"] == kind)


def expanded(sql: str, chosen: Chosen) -> str:
    """Expand a statement for some hour."""
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 1, tzinfo=UTC)
    return expand(sql, start=start, end=end, interval_seconds=60, chosen=chosen)


_TYPES = {
    "time": "DateTime64(3, 'UTC')",
    "at": "DateTime64(3, 'UTC')",
    "frames": "UInt64",
    "n": "Nullable(UInt64)",
    "latitude": "Float64",
    "longitude": "Float64",
}


def describe(statement: str) -> Sequence[ResultColumn]:
    """Stand in for the engine where a statement's columns can be read off it: each is a name, or ends with one."""
    listed = statement.removeprefix("SELECT ").removeprefix("DISTINCT ").split(" FROM ", 1)[0]
    depth, parts = 0, [""]
    for character in listed:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    names = [part.split()[-1] for part in parts]
    if "no_such_column" in names:
        raise RetryableError("Unknown expression identifier `no_such_column`")
    return [ResultColumn(name, _TYPES.get(name, "LowCardinality(String)")) for name in names]
