"""Published footage on its whole way: decoded, detected as by ``tilik detect``, judged as by ``tilik recompute``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from msgspec.structs import replace

from schemas.camera_events import FrameDetections, FrameOutcome, make_event_id
from schemas.cameras import Camera
from schemas.table import Row
from services.aggregate.recomputation import recompute
from services.detect.accuracy.labelled_footage import data_folder
from services.detect.detector import DetectorOptions
from services.detect.footage import Footage
from services.detect.offline import judge_footage, offline_tools
from services.ingest.registry.file import read_registry_file
from services.runtime.errors import ConfigurationError

CAMERAS_FILE = Path(__file__).parents[2] / "docs/examples/footage_cameras.yaml"
MONDAY_EVENING_MS = round(datetime(2026, 3, 2, 13, tzinfo=UTC).timestamp() * 1000)
"""20:00 in Jakarta."""
_LATER_MS = 31 * 60_000
"""An empty picture so much later ends all that is open; one more lets it be judged."""


@cache
def folder() -> Path:
    """Give the folder of footage, or skip the test."""
    try:
        return data_folder()
    except ConfigurationError as error:
        pytest.skip(str(error))


def camera(camera_id: str) -> Camera:
    """Give an entry of the documented registry file."""
    found = read_registry_file(CAMERAS_FILE)
    assert not found.faults, found.explain()
    return {each.camera_id: each for each in found.cameras}[camera_id]


def detected(source: Path, entry: Camera, every: int = 1, recorded_from_ms: int = 0) -> list[FrameOutcome]:
    """Give the events of all pictures, and after them those of two empty pictures that end what is open. Blocks.

    ``recorded_from_ms`` is for footage whose pictures bear no time.
    """
    footage = Footage(source, entry.camera_id, every=every, recorded_from_ms=recorded_from_ms)
    try:
        tools = offline_tools("nanodet", DetectorOptions(), entry.tiles)
    except ConfigurationError as error:
        pytest.skip(str(error))
    events = list(judge_footage(footage, tools))
    return [*events, *_empty_pictures(events[-1])]


def judged(events: Sequence[FrameOutcome], entry: Camera) -> dict[str, list[Row]]:
    """Give the rows of all tables."""
    return recompute(events, [entry])


def _empty_pictures(last: FrameOutcome) -> list[FrameOutcome]:
    assert isinstance(last, FrameDetections)
    return [_empty_picture(last, nth) for nth in (1, 2)]


def _empty_picture(last: FrameDetections, nth: int) -> FrameDetections:
    at_ms = last.captured_at_ms + nth * _LATER_MS
    return replace(
        last,
        event_id=make_event_id("an empty picture", nth),
        sequence=last.sequence + nth,
        captured_at_ms=at_ms,
        detected_at_ms=at_ms,
        frame=replace(last.frame, offset=last.frame.offset + nth, appended_at_ms=at_ms),
        objects=(),
    )
