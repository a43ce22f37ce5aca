"""A panel's answer about a few literal rows, as Grafana would ask for it with everything chosen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.aggregate.dashboards.dashboard import Dashboard, Panel
from services.cli.dashboards.macros import Chosen, expand
from tests.integration.store_scene import StoreScene


def panel_called(dashboard: Dashboard, title: str) -> Panel:
    return next(panel for section in dashboard.sections for panel in section.panels if panel.title.en == title)


def ask_panel(
    scene: StoreScene, dashboard: Dashboard, title: str, start: str, end: str, *columns: str
) -> list[tuple[Any, ...]]:
    """Give these columns of the panel's rows, in the panel's order. ``start`` and ``end`` are ISO 8601 with a zone."""
    chosen: Chosen = {**dict.fromkeys(one.name for one in dashboard.variables), **dashboard.constants}
    times = {"start": datetime.fromisoformat(start), "end": datetime.fromisoformat(end)}
    sql = expand(panel_called(dashboard, title).queries[0].sql, interval_seconds=60, chosen=chosen, **times)
    return scene.ask(f"SELECT {', '.join(columns)} FROM ({sql})")
