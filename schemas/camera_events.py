"""All that is known about a camera, as one ordered stream on the topic ``camera-events``.

Detect says what became of each frame (``FrameDetections`` or ``FrameShed``), ingest says how the camera is
(``CameraStatus``), people decide (``Decision``). Detect measures and never judges: no event of it names a zone.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.cameras import CameraId, SourceKind
from schemas.codec import JsonCodec
from schemas.geometry import BoxXyxy, Polygon, Unit

Count = Annotated[int, Meta(ge=0)]
Milliseconds = Annotated[int, Meta(ge=0)]
EventId = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]

ObjectClass = Literal["person", "bicycle", "car", "motorcycle", "bus", "truck"]
ShedReason = Literal["stale", "overload", "undecodable", "refused"]
ConnectionState = Literal["connecting", "live", "stalled", "backing_off", "refused", "stopped"]
MissReason = Literal["unacknowledged", "backpressure", "late", "unchanged", "source_down", "unusable"]
Decoding = Literal["", "passthrough", "keyframes", "all"]
DecisionKind = Literal[
    "episode_confirmed", "episode_rejected", "quarantine_released", "dry_reference_approved", "static_object_masked"
]

DEAD_LETTER_REASONS: frozenset[ShedReason] = frozenset({"undecodable", "refused"})
"""Frames shed for these reasons can never be judged: each is a dead letter as well."""

WATER_GRID_COLUMNS, WATER_GRID_ROWS = 32, 18


def make_event_id(*facts: object) -> str:
    """Give the id of an event that is the same however often the event is made from the same facts."""
    text = "\x1f".join(str(fact) for fact in facts)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class FrameCoordinates(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Where in Kafka a frame lies, and the broker's time when it came there (topic setting ``LogAppendTime``)."""

    topic: str
    partition: Count
    offset: Count
    appended_at_ms: Milliseconds


class DetectedObject(Struct, frozen=True, forbid_unknown_fields=True, array_like=True, gc=False):
    """One object in a frame, written as ``[label, score, [left, top, right, bottom]]``."""

    label: ObjectClass
    score: Unit
    box: BoxXyxy


class DetectorIdentity(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Which detector judged: its name, the SHA-256 of its weights, and how the frame was cut (``1x1``, ``2x2``)."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    weights_sha256: Sha256
    tiles: Literal["1x1", "2x2"] = "1x1"


class WaterIdentity(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Which network measured water: its name and the SHA-256 of its weights."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    weights_sha256: Sha256


class SceneFacts(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What the picture as a whole looks like; the camera rule compares it with the camera's own reference.

    ``luma`` is the mean and ``contrast`` the standard deviation of luma, both / 255. ``sharpness`` is the variance of
    the Laplacian of luma at 320 px width. ``content_hash`` is equal only for equal pictures (a frozen camera);
    ``signature`` are 256 bits of a perceptual hash, hex: near pictures differ in few bits.
    """

    luma: Unit
    contrast: Unit
    sharpness: Annotated[float, Meta(ge=0.0)]
    content_hash: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}$(?!\n)")]
    signature: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]


class _FrameOutcome(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False):
    """What every outcome of a frame says. A frame is (camera_id, owner_epoch, sequence)."""

    event_id: EventId
    camera_id: CameraId
    owner_epoch: Count
    sequence: Count
    captured_at_ms: Milliseconds
    camera_revision: Annotated[int, Meta(ge=1)]
    source_kind: SourceKind
    simulated: bool
    frame: FrameCoordinates


class FrameDetections(_FrameOutcome, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="frame_detections"):
    """A frame was judged. ``width`` and ``height`` are the frame's, in px; objects are sorted by falling score.

    ``water`` is the probability of standing water on a 32 x 18 grid, row by row from the top left, one byte a cell
    (0 = 0.0, 255 = 1.0), for cameras with a water zone; ``water_detector`` says which network measured it.
    ``reliability`` in [0, 1] falls with darkness, blur and haze. ``faint`` are objects that scored too low to count,
    sorted alike: whoever hides people hides these too, and no rule sees them.
    """

    detected_at_ms: Milliseconds
    width: Annotated[int, Meta(ge=1, le=65_535)]
    height: Annotated[int, Meta(ge=1, le=65_535)]
    detector: DetectorIdentity
    objects: tuple[DetectedObject, ...]
    scene: SceneFacts
    reliability: Unit
    water: Annotated[bytes, Meta(min_length=576, max_length=576)] | None = None
    water_detector: WaterIdentity | None = None
    faint: tuple[DetectedObject, ...] = ()


class FrameShed(_FrameOutcome, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="frame_shed"):
    """A frame was not judged, and why. ``undecodable`` and ``refused`` frames are dead letters as well."""

    shed_at_ms: Milliseconds
    reason: ShedReason
    detail: Annotated[str, Meta(max_length=500)] = ""


class CaptureCounters(Struct, frozen=True, forbid_unknown_fields=True):
    """What a reader has done since its epoch began; only grows.

    ``captured`` frames are those that Kafka acknowledged. ``bytes`` counts their JPEG bytes.
    """

    captured: Count = 0
    missed: dict[MissReason, Count] = {}
    bytes: Count = 0
    reconnects: Count = 0


class CameraStatus(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="camera_status"):
    """How a camera is, said by the ingest worker that owns it: on every change of state, and each minute.

    ``decoding`` says what its pictures cost: ``passthrough`` (its JPEGs as they are), ``keyframes`` (only those are
    decoded), ``all`` (keyframes are rarer than samples, so what lies between is decoded too), or empty: none yet.
    ``keyframe_seconds`` is the time between keyframes as last seen, 0 where there are none.
    """

    event_id: EventId
    camera_id: CameraId
    owner_epoch: Count
    at_ms: Milliseconds
    camera_revision: Annotated[int, Meta(ge=1)]
    ingest_instance: Annotated[str, Meta(min_length=1, max_length=200)]
    source_kind: SourceKind
    state: ConnectionState
    counters: CaptureCounters
    error_class: Annotated[str, Meta(max_length=80)] = ""
    error_detail: Annotated[str, Meta(max_length=500)] = ""
    decoding: Decoding = ""
    keyframe_seconds: Annotated[float, Meta(ge=0.0)] = 0.0


class Decision(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="decision"):
    """A person decided about an episode or a camera."""

    event_id: EventId
    camera_id: CameraId
    decided_at_ms: Milliseconds
    decided_by: Annotated[str, Meta(min_length=1, max_length=120)]
    decision: DecisionKind
    reason: Annotated[str, Meta(max_length=1000)]
    episode_id: EventId | None = None
    mask: Polygon | None = None


FrameOutcome = FrameDetections | FrameShed
CameraEvent = FrameDetections | FrameShed | CameraStatus | Decision

CAMERA_EVENT_CODEC: JsonCodec[CameraEvent] = JsonCodec(CameraEvent)
