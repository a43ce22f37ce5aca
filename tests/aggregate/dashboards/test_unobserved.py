"""No dashboard draws a zero for a period in which nobody looked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from services.aggregate.dashboards.dashboard import Dashboard, Panel
from services.aggregate.dashboards.registry import dashboards
from services.cli.dashboards.macros import Chosen, expand
from tests.aggregate.dashboards.asked_panels import RULESET, add_camera
from tests.integration.store_scene import StoreScene, store_scene

pytestmark = pytest.mark.integration

_END = datetime(2026, 5, 3, 17, tzinfo=UTC)
KNOWN = {
    "Counters": {"counters", "observed"},  # how many are registered, and that none of them was observed
    "Cameras": {"active", "paused"},  # as the registry has them
    "Cameras by worker, now": {"cameras"},  # not a topic: those that nobody owns
    "Without exactly one owner": {"not_covered"},
    "Blind now": {"blind", "quarantined"},
    "Cameras blind": {"cameras"},  # not a topic: a column
    "Newest judged minute, ago": {"age"},  # how long nobody has looked
    "Period observed": {"observed_ratio"},  # nothing of it
    "Minutes that do not count": {"not_valid", "simulated", "missing"},  # all are missing
    "Staffed": {"hours"},  # what the figure beside it rests on: none
    "Waiting, estimated": {"counters"},
    "Uptime": {"days"},
}
"""Figures that are true although nothing was observed: what is registered, and how much was not seen."""


@pytest.fixture(scope="module")
def scene(clickhouse_port: int) -> Iterator[StoreScene]:
    """A city whose one camera saw something long ago and has been dark since."""
    with store_scene(clickhouse_port, "unobserved_tests") as scene:
        scene.clear()
        scene.choose(RULESET, "2026-01-01")
        add_camera(scene, "c", kind="counter")
        seen = {"camera_id": "c", "minute": "2026-03-01T01:00:00Z", "ruleset": RULESET, "valid": True}
        scene.insert("camera_minutes", {**seen, "detected": 60})
        scene.insert("counter_minutes", {**seen, "opening": "open"})
        scene.insert("parking_minutes", {**seen, "zone_id": "z"})
        scene.insert("flood_minutes", {**seen, "zone_id": "z"})
        scene.refresh("camera_hours", "counter_hours", "parking_hours", "flood_hours")
        yield scene


def asked() -> Iterator[tuple[Dashboard, Panel]]:
    for dashboard in dashboards():
        for section in dashboard.sections:
            for panel in section.panels:
                if panel.drawing in ("stat", "barchart") and all(query.sql for query in panel.queries):
                    yield dashboard, panel


@pytest.mark.parametrize(("dashboard", "panel"), [pytest.param(*one, id=one[1].title.en) for one in asked()])
def test_no_figure_stands_where_nothing_was_observed(scene: StoreScene, dashboard: Dashboard, panel: Panel) -> None:
    chosen: Chosen = {**dict.fromkeys(one.name for one in dashboard.variables), **dashboard.constants}
    for query in panel.queries:
        sql = expand(query.sql, start=_END - timedelta(days=7), end=_END, interval_seconds=60, chosen=chosen)
        rows = list(scene.client.query(sql).named_results())
        figures = {name for row in rows for name, value in row.items() if isinstance(value, int | float)}
        assert figures == KNOWN.get(panel.title.en, set()), rows
