"""What a camera shows over time, as events: looks of its scene one after another, and what becomes of them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

from schemas.camera_events import CameraEvent, CameraStatus, Decision, FrameDetections
from schemas.cameras import Camera, Zone
from schemas.episodes import CameraIncident
from schemas.table import Row
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.judgement import Judgement
from services.aggregate.recomputation import NewestRows, any_revision_of, recompute
from tests.aggregate.make_events import (
    CAMERA_ID,
    LEFT_HALF,
    RIGHT_HALF,
    every_day,
    make_camera,
    make_frame,
    make_shed,
    ms,
    rows_of,
)
from tests.aggregate.scene_looks import Look, usual

CAMERA = make_camera()
WITH_ZONES = make_camera(
    (
        Zone("queue", "queue", LEFT_HALF),
        Zone("staff", "staff", RIGHT_HALF),
        Zone("curb", "no_parking", LEFT_HALF),
        Zone("river", "water", RIGHT_HALF),
    ),
    opening_hours=every_day("06:00", "15:00"),
)
LEARNED: list[Look] = [usual] * 90
"""Frames without fault from the start on, after which the camera's view is known."""


def stills_camera(period_seconds: float = 300, **fields: Any) -> Camera:
    """Give a camera that gives a still now and then."""
    return make_camera(sample_fps=1 / period_seconds, **fields)


def shown(looks: Sequence[Look], first: int = 0, period: float = 1, **fields: Any) -> list[CameraEvent]:
    """Give a frame of each look, the first one number ``first``, one a period."""
    return [
        make_frame(number * period, sequence=number, scene=look(number), **fields)
        for number, look in enumerate(looks, first)
    ]


def closed(events: Sequence[CameraEvent]) -> list[CameraEvent]:
    """Let all frames be judged: a frame that was shed 6 s after the latest one moves the watermark, and no clock."""
    latest = max((event for event in events if isinstance(event, FrameDetections)), key=lambda one: one.captured_at_ms)
    seconds = (latest.captured_at_ms - ms(0)) / 1000 + 6
    return [*events, make_shed(seconds, sequence=latest.sequence + 1, camera_id=latest.camera_id)]


def incidents(events: Sequence[CameraEvent], camera: Camera = CAMERA) -> list[EpisodeRow]:
    """Give the rows of incidents once all frames are judged, in the order in which they began."""
    rows = rows_of(EpisodeRow, closed(events), camera)
    return sorted((row for row in rows if row.episode_type == "camera_incident"), key=lambda row: row.started_at)


def messages(events: Iterable[CameraEvent], camera: Camera = CAMERA) -> list[CameraIncident]:
    """Give all messages about incidents, one after the other."""
    judgement, found = Judgement(any_revision_of([camera])), []
    for offset, event in enumerate(events):
        judgement.apply(event, offset)
        found += [one for one in judgement.drain().episodes if isinstance(one, CameraIncident)]
    return found


def minutes_valid(tables: dict[str, list[Row]], table: str = "camera_minutes") -> dict[int, bool]:
    """Give by minute since the start whether a table's rows are valid."""
    return {(row.minute - ms(0)) // 60_000: row.valid for row in tables[table]}  # type: ignore[attr-defined]


def judged_in_pieces(
    events: Sequence[CameraEvent], camera: Camera, drained_after: frozenset[int], moved_after: frozenset[int]
) -> dict[str, list[Row]]:
    """Give the rows of a judgement that is drained after some events, and of some that goes to another worker then."""
    judgement, newest = Judgement(any_revision_of([camera])), NewestRows()
    for offset, event in enumerate(events):
        judgement.apply(event, offset)
        if offset in moved_after:
            drained = judgement.drain()
            newest.add(drained.rows)
            blob = drained.blobs[CAMERA_ID]
            judgement = Judgement(any_revision_of([camera]))
            judgement.load(blob)
        elif offset in drained_after:
            newest.add(judgement.drain().rows)
    newest.add(judgement.drain().rows)
    return newest.sorted()


def judged_with_a_drain_after_each(events: Sequence[CameraEvent], camera: Camera) -> dict[str, list[Row]]:
    """Give the rows that the newest of all versions are, where each event's are written at once."""
    return judged_in_pieces(events, camera, frozenset(range(len(events))), frozenset())


def within_lateness(events: Sequence[CameraEvent], seed: int) -> list[CameraEvent]:
    """Give the same events in another order, none so late that its turn is over; some come twice."""
    chance = random.Random(seed)
    placed = sorted((_time_of(event) + chance.random() * 4_000, n) for n, event in enumerate(events))
    return [events[n] for _, n in placed for _ in range(1 + (chance.random() < 0.1))]


def computed(events: Sequence[CameraEvent], camera: Camera = CAMERA) -> dict[str, list[Row]]:
    """Give all rows once all frames are judged."""
    return recompute(closed(events), [camera])


def _time_of(event: CameraEvent) -> int:
    if isinstance(event, CameraStatus):
        return event.at_ms
    return event.decided_at_ms if isinstance(event, Decision) else event.captured_at_ms
