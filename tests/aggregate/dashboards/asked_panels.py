"""What a dashboard's panel answers over literal rows, with everything chosen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from services.aggregate.dashboards.dashboard import Dashboard
from services.aggregate.registry_rows import CameraRow
from services.cli.dashboards.macros import expand
from tests.integration.store_scene import StoreScene

RULESET = "2"
ALL = dict.fromkeys(("kecamatan", "kelurahan", "kind", "camera"))


def minutes_ago(minutes: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=minutes)


def answer(
    scene: StoreScene, dashboard: Dashboard, title: str, end: datetime | None = None, hours: float = 24
) -> list[dict[str, Any]]:
    """Give the rows of the panel with this English title, over the ``hours`` up to ``end``, or now."""
    [panel] = [panel for section in dashboard.sections for panel in section.panels if panel.title.en == title]
    until = end or datetime.now(UTC)
    [query] = panel.queries
    sql = expand(query.sql, start=until - timedelta(hours=hours), end=until, interval_seconds=60, chosen=ALL)
    return list(scene.client.query(sql).named_results())


def add_camera(scene: StoreScene, camera_id: str, kelurahan: str = "Kaligawe", **columns: Any) -> None:
    """Register a camera of the test's city, active and with a place."""
    place = {"kelurahan": kelurahan, "kecamatan": "Gayamsari", "latitude": -6.96, "longitude": 110.45}
    registered = {"revision": 1, "version": 1, "name": f"Gate {camera_id}", "kind": "street", "sample_fps": 1.0}
    scene.insert(CameraRow.TABLE, {"camera_id": camera_id, **registered, "state": "active", **place, **columns})


def add_sight(scene: StoreScene, camera_id: str, table: str = "flood_minutes", **columns: Any) -> None:
    """Let a camera see for the last nine minutes, validly, and its zone too."""
    seen = {"camera_id": camera_id, "ruleset": RULESET, "valid": True, "observed_s": 60.0, "frames": 60}
    for minutes in range(1, 10):
        minute = f"{minutes_ago(minutes):%Y-%m-%dT%H:%M:00Z}"
        scene.insert("camera_minutes", {**seen, "minute": minute, "detected": 60})
        scene.insert(
            table, {**seen, "minute": minute, **({} if table == "counter_minutes" else {"zone_id": "z"}), **columns}
        )


def add_episode(scene: StoreScene, number: int, camera_id: str, episode_type: str, **columns: Any) -> None:
    """Open an episode twenty minutes ago, suspected, last seen a minute ago, unless said otherwise."""
    times = {
        "started_at": f"{minutes_ago(20):%Y-%m-%dT%H:%M:%SZ}",
        "last_seen_at": f"{minutes_ago(1):%Y-%m-%dT%H:%M:%SZ}",
    }
    named = {"camera_id": camera_id, "episode_id": f"{number:x}" * 32, "episode_type": episode_type, "zone_id": "z"}
    row = {**named, "ruleset": RULESET, "review": "suspected", "phase": "open", **times, **columns}
    scene.insert("episodes", row)  # not a topic: a table


def add_verdict(scene: StoreScene, number: int, camera_id: str, said: str) -> None:
    """Let a person judge an episode: ``confirmed`` or ``rejected``."""
    judged = {"decision": f"episode_{said}", "decided_at": f"{minutes_ago(0):%Y-%m-%dT%H:%M:%SZ}", "decided_by": "Sari"}
    of = {"camera_id": camera_id, "episode_id": f"{number:x}" * 32, "event_id": f"{number:x}".ljust(32, "d")}
    scene.insert("decisions", {**of, **judged})
