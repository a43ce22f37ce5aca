"""Builders: literal events and cameras in, rows out. Times are seconds after ``START_MS``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from schemas.camera_events import (
    CameraEvent,
    CameraStatus,
    CaptureCounters,
    Decision,
    DecisionKind,
    DetectedObject,
    DetectorIdentity,
    FrameCoordinates,
    FrameDetections,
    FrameShed,
    SceneFacts,
    ShedReason,
    make_event_id,
)
from schemas.cameras import Camera, Period, Place, Source, Timetable, Weekday, Zone
from schemas.geometry import Polygon
from schemas.table import Row, lasting_columns_of
from schemas.topics import FRAMES
from services.aggregate.recomputation import recompute

START_MS = 1_760_313_600_000
"""Monday, 13 October 2025, 07:00 in Asia/Jakarta; the start of a minute and of an hour."""

CAMERA_ID = "loket-1"
LEFT_HALF: Polygon = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
RIGHT_HALF: Polygon = ((0.6, 0.0), (1.0, 0.0), (1.0, 1.0), (0.6, 1.0))
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

R = TypeVar("R", bound=Row)


def ms(seconds: float) -> int:
    """Give the instant ``seconds`` after the start."""
    return START_MS + round(seconds * 1000)


def every_day(start: str, end: str) -> Timetable:
    """Give a timetable of one period, the same each day."""
    return Timetable(weekdays=dict.fromkeys(WEEKDAYS, (Period(start, end),)))


def make_camera(zones: Sequence[Zone] = (), *, camera_id: str = CAMERA_ID, revision: int = 1, **fields: Any) -> Camera:
    """Give a camera at 1 frame/s."""
    return Camera(
        camera_id=camera_id,
        revision=revision,
        name="Loket",
        kind="counter",
        place=Place("Semarang Tengah", "Sekayu", -6.98, 110.41),
        source=Source("file", "clip.avi"),
        zones=tuple(zones),
        **fields,
    )


def counter_camera(**fields: Any) -> Camera:
    """Give a camera with a queue on the left and staff on the right, open 07:00 to 15:00."""
    fields.setdefault("opening_hours", every_day("07:00", "15:00"))
    zones = (Zone("queue", "queue", LEFT_HALF), Zone("staff", "staff", RIGHT_HALF))
    return make_camera(fields.pop("zones", zones), **fields)


def parking_camera(**fields: Any) -> Camera:
    """Give a camera with one no-parking zone, its left half."""
    zone = Zone("curb", "no_parking", LEFT_HALF, timetable=fields.pop("timetable", None))
    return make_camera((zone,), **fields)


def person(x: float, y: float = 0.6, height: float = 0.3) -> DetectedObject:
    """Give a person whose feet are at (x, y)."""
    return DetectedObject("person", 0.8, (max(0.0, x - 0.03), y - height, min(1.0, x + 0.03), y))


def vehicle(x: float, y: float = 0.6, label: Any = "car", score: float = 0.9) -> DetectedObject:
    """Give a vehicle 0.2 wide and 0.2 high whose wheels are at (x, y)."""
    return DetectedObject(label, score, (x - 0.1, y - 0.2, x + 0.1, y))


def make_frame(
    seconds: float,
    objects: Sequence[DetectedObject] = (),
    *,
    sequence: int | None = None,
    appended_after_ms: int = 100,
    **fields: Any,
) -> FrameDetections:
    """Give a judged frame taken at ``seconds``; its sequence number is the whole second unless said.

    No two frames have the same content: a camera that gives the same picture again and again is frozen.
    """
    number = int(seconds) if sequence is None else sequence
    values: dict[str, Any] = {
        "camera_id": CAMERA_ID,
        "owner_epoch": 1,
        "sequence": number,
        "camera_revision": 1,
        "source_kind": "file",
        "simulated": False,
        "width": 1000,
        "height": 1000,
        "detector": DetectorIdentity("nanodet", "0" * 64),
        "scene": SceneFacts(0.5, 0.2, 100.0, f"{abs(number):016x}", "0" * 64),
        "reliability": 0.9,
        **fields,
    }
    values.setdefault("event_id", make_event_id(values["camera_id"], values["owner_epoch"], values["sequence"], "d"))
    appended_ms = ms(seconds) + appended_after_ms
    return FrameDetections(
        captured_at_ms=ms(seconds),
        detected_at_ms=appended_ms + 400,
        frame=FrameCoordinates(FRAMES.name, 0, values["sequence"], appended_ms),
        objects=tuple(objects),
        **values,
    )


def make_shed(
    seconds: float,
    reason: ShedReason = "stale",
    *,
    sequence: int | None = None,
    appended_after_ms: int = 100,
    **fields: Any,
) -> FrameShed:
    """Give a frame that was not judged."""
    number = int(seconds) if sequence is None else sequence
    values: dict[str, Any] = {"camera_id": CAMERA_ID, "owner_epoch": 1, **fields}
    return FrameShed(
        event_id=make_event_id(values["camera_id"], values["owner_epoch"], number, reason),
        sequence=number,
        captured_at_ms=ms(seconds),
        camera_revision=1,
        source_kind="file",
        simulated=False,
        frame=FrameCoordinates(FRAMES.name, 0, number, ms(seconds) + appended_after_ms),
        shed_at_ms=ms(seconds) + 12_000,
        reason=reason,
        **values,
    )


def make_status(seconds: float, captured: int = 0, *, epoch: int = 1, **counters: Any) -> CameraStatus:
    """Give a status of ingest."""
    return CameraStatus(
        event_id=make_event_id("status", epoch, seconds),
        camera_id=CAMERA_ID,
        owner_epoch=epoch,
        at_ms=ms(seconds),
        camera_revision=1,
        ingest_instance="ingest-0",
        source_kind="file",
        state="live",
        counters=CaptureCounters(captured=captured, **counters),
    )


def make_decision(seconds: float, decision: DecisionKind, **fields: Any) -> Decision:
    """Give a decision of a person."""
    return Decision(
        event_id=make_event_id("decision", decision, seconds),
        camera_id=CAMERA_ID,
        decided_at_ms=ms(seconds),
        decided_by="petugas",
        decision=decision,
        reason="looked at it",
        **fields,
    )


def frames(start: int, end: int, objects: Sequence[DetectedObject] = ()) -> list[CameraEvent]:
    """Give one judged frame a second in [start, end)."""
    return [make_frame(second, objects) for second in range(start, end)]


def rows_of(row_type: type[R], events: Iterable[CameraEvent], *cameras: Camera) -> list[R]:
    """Judge events and give one table."""
    tables = recompute(events, cameras or (make_camera(),))
    return [row for row in tables[row_type.TABLE] if isinstance(row, row_type)]


def lasting(tables: dict[str, list[Row]]) -> dict[str, list[dict[str, Any]]]:
    """Give all tables without their operational columns, for comparing."""
    return {
        table: [{name: getattr(row, name) for name in lasting_columns_of(type(row))} for row in rows]
        for table, rows in tables.items()
    }
