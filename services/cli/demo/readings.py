"""What the demonstration shows while it runs: asked of ClickHouse by SQL, as anybody could, and of the supervisor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from clickhouse_connect.driver.client import Client
from msgspec import Struct

from deploy.local.process import ProcessStatus
from schemas.cameras import Camera
from services.runtime.clickhouse import translated_errors

_FRAMES = "SELECT camera_id, captured, detected, shed, dead_lettered, expired FROM frame_accounting"
_AGES = "SELECT camera_id, dateDiff('millisecond', max(captured_at), now64(3)) / 1000 FROM frame_outcomes GROUP BY 1"
_STATES = """
SELECT camera_id, argMax(state, (reported_at, version)), argMax(error_class, (reported_at, version))
FROM camera_statuses GROUP BY camera_id
"""
_COUNTERS = """
SELECT camera_id, queue_mean, queue_max, staffed_known, staffed_ratio, served_known, served
FROM counter_minutes FINAL ORDER BY minute DESC LIMIT 1 BY camera_id
"""
_PARKING = """
SELECT camera_id, vehicles_mean, vehicles_max FROM parking_minutes FINAL
ORDER BY minute DESC LIMIT 1 BY camera_id, zone_id
"""
_WATER = """
SELECT camera_id, zone_id, ratio_max FROM flood_minutes FINAL ORDER BY minute DESC LIMIT 1 BY camera_id, zone_id
"""
_EPISODES = """
SELECT camera_id, if(kind = '', episode_type, kind), count() FROM episodes FINAL
WHERE phase = 'open' GROUP BY 1, 2 ORDER BY 1, 2
"""


class CameraReading(Struct, frozen=True, kw_only=True):
    """One camera now. ``age_seconds`` is the age of the newest picture that has a row; None: no row yet."""

    camera_id: str
    name: str
    source: str
    state: str = "unknown"
    captured: int = 0
    detected: int = 0
    shed: int = 0
    dead_lettered: int = 0
    expired: int = 0
    age_seconds: float | None = None
    figures: tuple[str, ...] = ()
    open_cases: int = 0


class ProcessReading(Struct, frozen=True):
    """One process of the stack."""

    name: str
    state: str
    restarts: int
    port: int


class Readings(Struct, frozen=True):
    """Everything that one picture of the live view shows."""

    cameras: tuple[CameraReading, ...]
    processes: tuple[ProcessReading, ...]

    @property
    def outcomes(self) -> int:
        """Give how many frames have come all the way to ClickHouse."""
        return sum(c.detected + c.shed + c.dead_lettered + c.expired for c in self.cameras)


def read_cameras(client: Client, cameras: Sequence[Camera]) -> tuple[CameraReading, ...]:
    """Ask ClickHouse for every camera. Blocks for some ten milliseconds.

    Raises:
        RetryableError: ClickHouse is away.
    """
    with translated_errors("reading the live view"):
        frames = {row[0]: row[1:] for row in _rows(client, _FRAMES)}
        ages = dict(_rows(client, _AGES))
        states = {row[0]: row[1:] for row in _rows(client, _STATES)}
        figures, cases = _figures(client)
    return tuple(
        CameraReading(
            camera_id=camera.camera_id,
            name=camera.name,
            source=camera.source.kind,
            state=_state(*states.get(camera.camera_id, ("unknown", ""))),
            **dict(zip(_FRAME_FIELDS, frames.get(camera.camera_id, ()), strict=False)),
            age_seconds=ages.get(camera.camera_id),
            figures=tuple(figures[camera.camera_id]),
            open_cases=cases[camera.camera_id],
        )
        for camera in cameras
    )


def read_processes(statuses: Mapping[str, ProcessStatus]) -> tuple[ProcessReading, ...]:
    """Give what the supervisor knows."""
    return tuple(
        ProcessReading(status.name, status.state.value, status.restart_count, status.port)
        for status in statuses.values()
    )


_FRAME_FIELDS = ("captured", "detected", "shed", "dead_lettered", "expired")


def _rows(client: Client, sql: str) -> Sequence[Any]:
    rows: Sequence[Any] = client.query(sql).result_rows
    return rows


def _state(state: str, error_class: str) -> str:
    return f"{state} ({error_class})" if error_class and state != "live" else state


def _figures(client: Client) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Give the figures of zones as short texts, and the number of open parking cases, by camera."""
    texts: dict[str, list[str]] = defaultdict(list)
    cases: dict[str, int] = defaultdict(int)
    for camera_id, mean, most, staffed_known, staffed, served_known, served in _rows(client, _COUNTERS):
        texts[camera_id].append(f"queue {mean:.1f} (max {most})")
        if staffed_known:
            texts[camera_id].append(f"staffed {staffed:.0%}")
        if served_known and served:
            texts[camera_id].append(f"served {served}")
    for camera_id, mean, most in _rows(client, _PARKING):
        texts[camera_id].append(f"vehicles {mean:.1f} (max {most})")
    for camera_id, zone_id, ratio in _rows(client, _WATER):
        texts[camera_id].append(f"water in {zone_id} {ratio:.0%}")
    for camera_id, kind, count in _rows(client, _EPISODES):
        if kind == "parking_case":
            cases[camera_id] = count
            texts[camera_id].append(f"parking cases {count}")
        else:
            texts[camera_id].append(kind.removesuffix("_episode").replace("_", " "))
    return texts, cases
