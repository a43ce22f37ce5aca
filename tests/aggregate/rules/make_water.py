"""Builders of frames with a grid of standing water."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from schemas.camera_events import WATER_GRID_COLUMNS, WATER_GRID_ROWS, CameraEvent, FrameDetections
from schemas.cameras import Camera, FloodRule, Rules, Zone
from schemas.table import Row
from services.aggregate.judgement import Judgement
from services.aggregate.recomputation import NewestRows
from tests.aggregate.make_events import LEFT_HALF, make_camera, make_frame, rows_of

R = TypeVar("R", bound=Row)

ROAD = Zone("road", "water", LEFT_HALF)
AT_ONCE = FloodRule(median_seconds=1.0)
"""At 1 frame/s the median is then of one frame, so that r is what the frame shows."""


def water_camera(zones: Sequence[Zone] = (ROAD,), rule: FloodRule = AT_ONCE, **fields: Any) -> Camera:
    """Give a camera with a water zone, its left half."""
    return make_camera(zones, rules=Rules(flood=rule), **fields)


CAMERA = water_camera()


def grid(level: int, beside: int = 0) -> bytes:
    """Give a grid whose left half, 288 cells, is at ``level`` of 255, and its right half at ``beside``."""
    half = WATER_GRID_COLUMNS // 2
    return (bytes([level]) * half + bytes([beside]) * half) * WATER_GRID_ROWS


def wet(seconds: float, level: int, **fields: Any) -> FrameDetections:
    """Give a frame that shows the road at ``level`` of 255: 38 is r = 0.149, 39 is 0.153, 12 is 0.047, 13 is 0.051."""
    return make_frame(seconds, water=grid(level), **fields)


def until(end: int, *spans: tuple[int, int, int], start: int = 0, **fields: Any) -> list[CameraEvent]:
    """Give a frame a second in [start, end), each (from, to, level) holding in its span; dry where none does."""
    levels = [next((level for a, b, level in spans if a <= n < b), 0) for n in range(end)]
    return [wet(n, levels[n], **fields) for n in range(start, end)]


def table(row_type: type[R], events: Iterable[CameraEvent], camera: Camera = CAMERA) -> list[R]:
    """Give one table of what a camera's events lead to."""
    return rows_of(row_type, events, camera)


def revised(events: Iterable[CameraEvent], *cameras: Camera) -> dict[str, list[Row]]:
    """Give all rows, each frame judged under the revision that it names."""
    revisions = {camera.revision: camera for camera in cameras}
    judgement, newest = Judgement(lambda _, revision: revisions[revision]), NewestRows()
    for offset, event in enumerate(events):
        judgement.apply(event, offset)
    newest.add(judgement.drain().rows)
    return newest.sorted()
