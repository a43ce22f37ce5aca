"""Builders: episodes, every field defaulted."""

from __future__ import annotations

from typing import Any

from schemas.camera_events import FrameCoordinates, make_event_id
from schemas.episodes import CounterEpisode, Crossing, EvidenceFrame, FloodEpisode, ParkingCase
from schemas.topics import FRAMES

AT_MS = 1_760_313_600_000
"""Monday, 13 October 2025, 07:00 in Asia/Jakarta."""


def _said(name: str, revision: int, changes: dict[str, Any]) -> dict[str, Any]:
    seen = EvidenceFrame(
        event_id=make_event_id(name), captured_at_ms=AT_MS, frame=FrameCoordinates(FRAMES.name, 0, 1, AT_MS)
    )
    said: dict[str, Any] = {
        "episode_id": make_event_id("episode", name),
        "camera_id": "loket-1",
        "zone_id": "z",
        "revision": revision,
        "ruleset": "2",
        "camera_revision": 1,
        "phase": "open",
        "review": "suspected",
        "started_at_ms": AT_MS,
        "last_seen_at_ms": AT_MS + revision * 1000,
        "first": seen,
        "best": seen,
        "last": seen,
        "why": (Crossing(name="dwell", value=301.0, threshold=300.0, unit="s"),),
    }
    return said | changes


def make_parking(name: str = "a", revision: int = 1, **changes: Any) -> ParkingCase:
    said = _said(name, revision, changes)
    return ParkingCase(**{"vehicle": "car", "box": (0.1, 0.1, 0.2, 0.2), "dwell_seconds": 301.0, **said})


def make_flood(name: str = "a", revision: int = 1, **changes: Any) -> FloodEpisode:
    return FloodEpisode(**{"peak_ratio": 0.4, "peak_at_ms": AT_MS, **_said(name, revision, changes)})


def make_counter(name: str = "a", revision: int = 1, **changes: Any) -> CounterEpisode:
    return CounterEpisode(**{"kind": "unattended", "people_waiting_max": 3, **_said(name, revision, changes)})
