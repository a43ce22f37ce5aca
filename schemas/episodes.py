"""Floods, parking cases, counter and camera states, as absolute values on the topic ``episodes``.

Each message is the whole episode at its ``revision``; the largest revision rules. ``episode_id`` is the key, and the
message lies on its camera's partition.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.camera_events import Count, EventId, FrameCoordinates, Milliseconds
from schemas.cameras import CameraId, VehicleClass, ZoneId
from schemas.codec import JsonCodec
from schemas.geometry import BoxXyxy, Unit

Phase = Literal["open", "ended"]
Review = Literal["suspected", "confirmed", "rejected"]
EndReason = Literal["", "cleared", "left", "timetable", "rule_changed", "no_data", "released", "closed"]


class EvidenceFrame(Struct, frozen=True, forbid_unknown_fields=True):
    """A frame that an episode rests on: the event that judged it, and where it lies in Kafka."""

    event_id: EventId
    captured_at_ms: Milliseconds
    frame: FrameCoordinates


class Crossing(Struct, frozen=True, forbid_unknown_fields=True):
    """A figure that crossed a threshold, so that the verdict can be explained."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    value: float
    threshold: float
    unit: str


class _Episode(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every episode says. ``started_at_ms`` is event time; ``ended_at_ms`` is 0 while it is open."""

    episode_id: EventId
    camera_id: CameraId
    zone_id: ZoneId | None
    revision: Annotated[int, Meta(ge=1)]
    ruleset: str
    camera_revision: Annotated[int, Meta(ge=1)]
    phase: Phase
    review: Review
    started_at_ms: Milliseconds
    last_seen_at_ms: Milliseconds
    ended_at_ms: Milliseconds = 0
    ended_because: EndReason = ""
    first: EvidenceFrame
    best: EvidenceFrame
    last: EvidenceFrame
    why: tuple[Crossing, ...]
    simulated: bool = False


class FloodEpisode(_Episode, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="flood_episode"):
    """Standing water in a ``water`` zone, from onset to clearing."""

    peak_ratio: Unit
    peak_at_ms: Milliseconds
    recession_at_ms: Milliseconds = 0
    cleared_at_ms: Milliseconds = 0


class ParkingCase(_Episode, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="parking_case"):
    """A vehicle that stood in a ``no_parking`` zone beyond the grace time."""

    vehicle: VehicleClass
    box: BoxXyxy
    dwell_seconds: Annotated[float, Meta(ge=0.0)]


class CounterEpisode(_Episode, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="counter_episode"):
    """A counter without staff while people wait, not open in opening hours, or in use after hours."""

    kind: Literal["unattended", "not_open", "after_hours"]
    people_waiting_max: Count = 0


class CameraIncident(_Episode, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="camera_incident"):
    """A camera whose picture can't be trusted. ``quarantined``: its rows are not valid until a person releases it."""

    kind: Literal["shifted", "covered", "defocused", "dark", "frozen"]
    quarantined: bool
    released_by: str = ""


Episode = FloodEpisode | ParkingCase | CounterEpisode | CameraIncident

EPISODE_CODEC: JsonCodec[Episode] = JsonCodec(Episode)
