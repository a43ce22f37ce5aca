"""The tables that aggregate writes, one frozen struct each.

| table            | one row is                     | key (ORDER BY)                                       |
|------------------|--------------------------------|------------------------------------------------------|
| detections       | a judged frame                 | camera_id, captured_at, owner_epoch, sequence        |
| frame_outcomes   | what became of a frame         | camera_id, owner_epoch, sequence                     |
| capture_counters | an epoch of a camera's reader  | camera_id, owner_epoch                               |
| camera_statuses  | a status that ingest reported  | camera_id, reported_at, event_id                     |
| decisions        | a decision of a person         | camera_id, event_id                                  |
| camera_minutes   | a camera's minute              | camera_id, minute, ruleset                           |
| counter_minutes  | a counter's minute             | camera_id, minute, ruleset                           |
| parking_minutes  | a no-parking zone's minute     | camera_id, zone_id, minute, ruleset                  |
| flood_minutes    | a water zone's minute          | camera_id, zone_id, minute, ruleset                  |
| parking_stays    | a vehicle that stood in a zone | camera_id, zone_id, stay_id, ruleset                 |
| episodes         | an episode as last published   | camera_id, episode_id, ruleset                       |

What is judged has the ruleset in its key: rows of a recomputation under another one lie beside those of the live one.
``episodes`` is declared in ``episode_rows.py``.

``version`` is what ReplacingMergeTree compares. In ``frame_outcomes`` and ``detections`` it encodes which of several
outcomes rules, in all other tables it is the source offset that the row reflects.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from schemas.table import BOOL, COUNT, REAL, STRING, TIME, WORD, Column, Row
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.row_columns import (
    AmendedColumn,
    AppendedAtColumn,
    CameraIdColumn,
    CameraRevisionColumn,
    CapturedAtColumn,
    EpochColumn,
    EventIdColumn,
    ExpectedColumn,
    FramesColumn,
    MinuteColumn,
    MinuteRevisionColumn,
    ObservedColumn,
    OffsetColumn,
    RulesetColumn,
    SequenceColumn,
    SimulatedColumn,
    SourceKindColumn,
    ValidColumn,
    VersionColumn,
    ZoneIdColumn,
)


class DetectionsRow(Row, frozen=True, kw_only=True):
    """Everything that a detector said about a frame; what rules are recomputed from."""

    TABLE: ClassVar[str] = "detections"
    KEY: ClassVar[tuple[str, ...]] = ("camera_id", "captured_at", "owner_epoch", "sequence")
    PACKED: ClassVar[bool] = True

    camera_id: CameraIdColumn
    captured_at: CapturedAtColumn
    owner_epoch: EpochColumn
    sequence: SequenceColumn
    event_id: EventIdColumn
    camera_revision: CameraRevisionColumn
    source_kind: SourceKindColumn
    simulated: SimulatedColumn
    frame_topic: Annotated[str, Column(WORD, "Topic that holds the frame")]
    frame_partition: Annotated[int, Column("UInt32", "Its partition")]
    frame_offset: Annotated[int, Column(COUNT, "Its offset")]
    appended_at: AppendedAtColumn
    detected_at: Annotated[int, Column(TIME, "When the detector was done with the frame", True)]
    width: Annotated[int, Column("UInt16", "Width of the frame, px")]
    height: Annotated[int, Column("UInt16", "Height of the frame, px")]
    detector_name: Annotated[str, Column(WORD, "Which detector judged")]
    detector_weights_sha256: Annotated[str, Column(WORD, "SHA-256 of its weights, hex")]
    detector_tiles: Annotated[str, Column(WORD, "How the frame was cut: 1x1 or 2x2")]
    object_labels: Annotated[tuple[str, ...], Column("Array(LowCardinality(String))", "Class of each object")]
    object_scores: Annotated[tuple[float, ...], Column("Array(Float64)", "Score of each object, 0 to 1, falling")]
    object_lefts: Annotated[tuple[float, ...], Column("Array(Float64)", "Left edge of each box, 0 to 1")]
    object_tops: Annotated[tuple[float, ...], Column("Array(Float64)", "Top edge of each box, 0 to 1")]
    object_rights: Annotated[tuple[float, ...], Column("Array(Float64)", "Right edge of each box, 0 to 1")]
    object_bottoms: Annotated[tuple[float, ...], Column("Array(Float64)", "Bottom edge of each box, 0 to 1")]
    luma: Annotated[float, Column(REAL, "Mean luma, 0 to 1")]
    contrast: Annotated[float, Column(REAL, "Standard deviation of luma, 0 to 1")]
    sharpness: Annotated[float, Column(REAL, "Variance of the Laplacian of luma at 320 px width")]
    content_hash: Annotated[str, Column(STRING, "Equal only for equal pictures, 16 hex digits")]
    signature: Annotated[str, Column(STRING, "Perceptual hash of 256 bits, hex")]
    reliability: Annotated[float, Column(REAL, "How far the picture can be trusted, 0 to 1")]
    water: Annotated[
        bytes, Column(STRING, "Water probability on a 32 x 18 grid, one byte a cell; empty: not asked for")
    ]
    water_detector_name: Annotated[str, Column(WORD, "Which network measured water; empty: none was asked")]
    water_detector_weights_sha256: Annotated[str, Column(WORD, "SHA-256 of its weights, hex, or empty")]
    ruleset: RulesetColumn
    version: Annotated[int, Column(COUNT, "Largest wins: of several judgements the one with the lowest offset", True)]
    source_offset: OffsetColumn


class FrameOutcomeRow(Row, frozen=True, kw_only=True):
    """What became of a frame: the accounting's raw material, written as the outcome arrives.

    An ``expired`` frame was never seen by a detector, or its event was put aside as a dead letter of ``camera-events``;
    it is inferred from the gap that it left, has no event, and bears the times of the frame right after the gap.
    """

    TABLE: ClassVar[str] = "frame_outcomes"
    KEY: ClassVar[tuple[str, ...]] = ("camera_id", "owner_epoch", "sequence")
    PACKED: ClassVar[bool] = True

    camera_id: CameraIdColumn
    owner_epoch: EpochColumn
    sequence: SequenceColumn
    outcome: Annotated[str, Column(WORD, "detected, dead_lettered, shed or expired")]
    reason: Annotated[str, Column(WORD, "stale or overload (shed), undecodable or refused (dead_lettered), else empty")]
    minute: Annotated[int, Column(TIME, "Minute in which the frame is accounted for")]
    captured_at: CapturedAtColumn
    appended_at: AppendedAtColumn
    judged_at: Annotated[int, Column(TIME, "When the outcome was decided; 1970 for expired", True)]
    clock_skewed: Annotated[
        bool, Column(BOOL, "Captured more than 30 s after Kafka took it: the camera's clock is off")
    ]
    event_id: Annotated[str, Column(STRING, "Id of the event that said so; empty for expired")]
    camera_revision: CameraRevisionColumn
    source_kind: SourceKindColumn
    simulated: SimulatedColumn
    ruleset: RulesetColumn
    version: Annotated[
        int,
        Column(
            COUNT,
            "Largest wins: detected, refused, undecodable, overload, stale, expired; then the lowest offset",
            True,
        ),
    ]


class CaptureCountersRow(Row, frozen=True, kw_only=True):
    """An ownership: who read a camera in one epoch, and what it has done; the largest of every counter reported."""

    TABLE: ClassVar[str] = "capture_counters"
    KEY: ClassVar[tuple[str, ...]] = ("camera_id", "owner_epoch")

    camera_id: CameraIdColumn
    owner_epoch: EpochColumn
    captured: Annotated[int, Column(COUNT, "Frames acknowledged by Kafka: reported, or proved by a sequence number")]
    captured_reported: Annotated[int, Column(COUNT, "Frames that ingest reported as captured")]
    captured_proved: Annotated[int, Column(COUNT, "Largest sequence number with an outcome, plus one")]
    missed: Annotated[
        dict[str, int], Column("Map(LowCardinality(String), UInt64)", "Samples never captured, by reason")
    ]
    bytes: Annotated[int, Column(COUNT, "JPEG bytes acknowledged by Kafka")]
    reconnects: Annotated[int, Column(COUNT, "How often the source was connected anew")]
    ingest_instance: Annotated[str, Column(WORD, "Worker that owns the camera in this epoch; empty: not known")]
    state: Annotated[str, Column(WORD, "State of the camera as last reported; empty: none yet")]
    error_class: Annotated[str, Column(WORD, "Class of its error as last reported, or empty")]
    error_detail: Annotated[str, Column(STRING, "What a person needs to know of it")]
    released_at: Annotated[int, Column(TIME, "When the worker said that it let the camera go; 1970: it has not")]
    active_at: Annotated[int, Column(TIME, "Latest sign of life: a status, or a frame that Kafka took; 1970: none")]
    reported_at: Annotated[int, Column(TIME, "Time of the latest status of the epoch; 1970: none yet")]
    ruleset: RulesetColumn
    version: VersionColumn


class CameraStatusRow(Row, frozen=True, kw_only=True):
    """A status as ingest reported it."""

    TABLE: ClassVar[str] = "camera_statuses"
    KEY: ClassVar[tuple[str, ...]] = ("camera_id", "reported_at", "event_id")

    camera_id: CameraIdColumn
    reported_at: Annotated[int, Column(TIME, "When ingest said so (its clock)")]
    event_id: EventIdColumn
    owner_epoch: EpochColumn
    camera_revision: CameraRevisionColumn
    ingest_instance: Annotated[str, Column(WORD, "Worker that owns the camera")]
    source_kind: SourceKindColumn
    state: Annotated[str, Column(WORD, "connecting, live, stalled, backing_off, refused or stopped")]
    captured: Annotated[int, Column(COUNT, "Frames captured since the epoch began")]
    missed: Annotated[dict[str, int], Column("Map(LowCardinality(String), UInt64)", "Samples missed since, by reason")]
    bytes: Annotated[int, Column(COUNT, "JPEG bytes since")]
    reconnects: Annotated[int, Column(COUNT, "Reconnects since")]
    error_class: Annotated[str, Column(WORD, "Class of the last error, or empty")]
    error_detail: Annotated[str, Column(STRING, "What a person needs to know of it")]
    decoding: Annotated[str, Column(WORD, "passthrough, keyframes or all: what is decoded; empty: nothing yet")]
    keyframe_seconds: Annotated[float, Column(REAL, "Time between keyframes as last seen, s; 0: there are none")]
    ruleset: RulesetColumn
    version: VersionColumn


class DecisionRow(Row, frozen=True, kw_only=True):
    """A decision of a person, and from when on it rules."""

    TABLE: ClassVar[str] = "decisions"
    KEY: ClassVar[tuple[str, ...]] = ("camera_id", "event_id")

    camera_id: CameraIdColumn
    event_id: EventIdColumn
    decision: Annotated[str, Column(WORD, "What was decided")]
    decided_at: Annotated[int, Column(TIME, "When")]
    effective_at: Annotated[
        int, Column(TIME, "Capture time from which it rules: decided_at, or the watermark if that had passed it")
    ]
    decided_by: Annotated[str, Column(STRING, "Who")]
    reason: Annotated[str, Column(STRING, "Why")]
    episode_id: Annotated[str, Column(STRING, "The episode that it judges, or empty")]
    mask_xs: Annotated[tuple[float, ...], Column("Array(Float64)", "x of the mask's corners, 0 to 1; empty: no mask")]
    mask_ys: Annotated[tuple[float, ...], Column("Array(Float64)", "y of the mask's corners, 0 to 1")]
    ruleset: RulesetColumn
    version: VersionColumn


class CameraMinuteRow(Row, frozen=True, kw_only=True):
    """What became of a camera's frames of one minute, and how much of the minute was observed."""

    TABLE: ClassVar[str] = "camera_minutes"
    KEY: ClassVar[tuple[str, ...]] = ("camera_id", "minute", "ruleset")

    camera_id: CameraIdColumn
    minute: MinuteColumn
    camera_revision: MinuteRevisionColumn
    frames: Annotated[int, Column(COUNT, "Frames with an outcome: the sum of the next six")]
    detected: Annotated[int, Column(COUNT, "Judged by a detector")]
    shed_stale: Annotated[int, Column(COUNT, "Shed: too old when a detector came to it")]
    shed_overload: Annotated[int, Column(COUNT, "Shed: the detectors had more than they could do")]
    dead_undecodable: Annotated[int, Column(COUNT, "Dead letter: not a picture")]
    dead_refused: Annotated[int, Column(COUNT, "Dead letter: a picture beyond the bounds")]
    expired: Annotated[int, Column(COUNT, "No outcome that could be taken: inferred from gaps in the sequence")]
    clock_skewed: Annotated[
        int, Column(COUNT, "Frames whose capture time ran ahead; accounted for when Kafka took them")
    ]
    observed_s: ObservedColumn
    expected_s: ExpectedColumn
    valid: ValidColumn
    simulated: SimulatedColumn
    ruleset: RulesetColumn
    late: Annotated[int, Column(COUNT, "Frames that came after their minute was judged and amended its counts", True)]
    too_late: Annotated[
        int, Column(COUNT, "Frames more than an hour late that came while this minute was the latest one", True)
    ]
    age_appended_p50_s: Annotated[float, Column(REAL, "Median age of frames when Kafka took them, s", True)]
    age_appended_p95_s: Annotated[float, Column(REAL, "95th percentile of the same", True)]
    age_detected_p50_s: Annotated[float, Column(REAL, "Median age of frames when they had been judged, s", True)]
    age_detected_p95_s: Annotated[float, Column(REAL, "95th percentile of the same", True)]
    revision: AmendedColumn
    version: VersionColumn


class CounterMinuteRow(Row, frozen=True, kw_only=True):
    """Queue and staff of a service counter in one minute. A figure whose ``_known`` is false is 0 and says nothing."""

    TABLE: ClassVar[str] = "counter_minutes"
    KEY: ClassVar[tuple[str, ...]] = ("camera_id", "minute", "ruleset")

    camera_id: CameraIdColumn
    minute: MinuteColumn
    camera_revision: MinuteRevisionColumn
    frames: FramesColumn
    opening: Annotated[str, Column(WORD, "open or closed when the minute began; unknown: no opening hours are set")]
    queue_known: Annotated[bool, Column(BOOL, "Whether the camera has a queue zone")]
    queue_median: Annotated[float, Column(REAL, "Median number of people in the queue over frames")]
    queue_max: Annotated[int, Column(COUNT, "Largest number of people in the queue in a frame")]
    queue_mean: Annotated[float, Column(REAL, "Mean number of people in the queue over frames")]
    staffed_known: Annotated[bool, Column(BOOL, "Whether the camera has a staff zone and something was observed")]
    staffed_s: Annotated[float, Column(REAL, "Observed seconds with a person in the staff zone")]
    staffed_ratio: Annotated[float, Column(REAL, "staffed_s / observed_s, 0 to 1")]
    served_known: Annotated[bool, Column(BOOL, "Whether people served can be counted: a counter edge is drawn")]
    served: Annotated[int, Column(COUNT, "People who left the queue across the counter edge")]
    waiting_known: Annotated[bool, Column(BOOL, "Whether at least 3 people were served")]
    waiting_s: Annotated[float, Column(REAL, "Mean waiting time by Little's law: queue_mean * observed_s / served")]
    observed_s: ObservedColumn
    expected_s: ExpectedColumn
    valid: ValidColumn
    simulated: SimulatedColumn
    ruleset: RulesetColumn
    revision: AmendedColumn
    version: VersionColumn


class ParkingMinuteRow(Row, frozen=True, kw_only=True):
    """Vehicles in a no-parking zone in one minute, moving ones among them."""

    TABLE: ClassVar[str] = "parking_minutes"
    KEY: ClassVar[tuple[str, ...]] = ("camera_id", "zone_id", "minute", "ruleset")

    camera_id: CameraIdColumn
    zone_id: ZoneIdColumn
    minute: MinuteColumn
    camera_revision: MinuteRevisionColumn
    frames: FramesColumn
    in_force: Annotated[bool, Column(BOOL, "Whether parking was forbidden when the minute began")]
    vehicles_mean: Annotated[float, Column(REAL, "Mean number of vehicles over frames")]
    vehicles_max: Annotated[int, Column(COUNT, "Largest number of vehicles in a frame")]
    vehicle_seconds: Annotated[float, Column(REAL, "Vehicles times the seconds that their frame observed, summed")]
    cases_open_max: Annotated[int, Column(COUNT, "Largest number of parking cases open at one frame")]
    observed_s: ObservedColumn
    expected_s: ExpectedColumn
    valid: ValidColumn
    simulated: SimulatedColumn
    ruleset: RulesetColumn
    revision: AmendedColumn
    version: VersionColumn


class FloodMinuteRow(Row, frozen=True, kw_only=True):
    """How much of a water zone was under water in one minute: ratios of its grid cells, above the dry baseline."""

    TABLE: ClassVar[str] = "flood_minutes"
    KEY: ClassVar[tuple[str, ...]] = ("camera_id", "zone_id", "minute", "ruleset")

    camera_id: CameraIdColumn
    zone_id: ZoneIdColumn
    minute: MinuteColumn
    camera_revision: MinuteRevisionColumn
    frames: FramesColumn
    state: Annotated[str, Column(WORD, "Worst of the minute: dry, onset (water, not yet a flood) or flood")]
    ratio_mean: Annotated[float, Column(REAL, "Mean over frames of the ratio under water, 0 to 1")]
    ratio_max: Annotated[float, Column(REAL, "Largest ratio under water in a frame, 0 to 1")]
    reliability_mean: Annotated[float, Column(REAL, "Mean over frames of how far the picture can be trusted, 0 to 1")]
    observed_s: ObservedColumn
    expected_s: ExpectedColumn
    valid: ValidColumn
    simulated: SimulatedColumn
    ruleset: RulesetColumn
    revision: AmendedColumn
    version: VersionColumn


class ParkingStayRow(Row, frozen=True, kw_only=True):
    """A vehicle that stood still in a no-parking zone, whether it became a case or not.

    Published when it has stood for the stationary window, once a minute from then on, and when it ends.
    """

    TABLE: ClassVar[str] = "parking_stays"
    KEY: ClassVar[tuple[str, ...]] = ("camera_id", "zone_id", "stay_id", "ruleset")

    camera_id: CameraIdColumn
    zone_id: ZoneIdColumn
    stay_id: Annotated[str, Column("FixedString(32)", "Id of the stay, 32 hex digits")]
    camera_revision: CameraRevisionColumn
    vehicle: Annotated[str, Column(WORD, "Class in which it was seen most often")]
    phase: Annotated[str, Column(WORD, "open or ended")]
    started_at: Annotated[int, Column(TIME, "First stationary sight")]
    last_seen_at: Annotated[int, Column(TIME, "Last sight")]
    ended_because: Annotated[str, Column(WORD, "left, rule_changed or no_data; empty while open")]
    dwell_s: Annotated[float, Column(REAL, "Observed seconds from first stationary to last sight, short gaps bridged")]
    frames: Annotated[int, Column(COUNT, "Frames in which it was seen standing")]
    left: Annotated[float, Column(REAL, "Last box, 0 to 1")]
    top: Annotated[float, Column(REAL, "Last box, 0 to 1")]
    right: Annotated[float, Column(REAL, "Last box, 0 to 1")]
    bottom: Annotated[float, Column(REAL, "Last box, 0 to 1")]
    episode_id: Annotated[str, Column(STRING, "The parking case that it belongs to, or empty")]
    first_event_id: Annotated[str, Column("FixedString(32)", "Event of the first stationary sight")]
    last_event_id: Annotated[str, Column("FixedString(32)", "Event of the last sight")]
    simulated: SimulatedColumn
    ruleset: RulesetColumn
    version: VersionColumn


ROW_TYPES: tuple[type[Row], ...] = (
    DetectionsRow,
    FrameOutcomeRow,
    CaptureCountersRow,
    CameraStatusRow,
    DecisionRow,
    CameraMinuteRow,
    CounterMinuteRow,
    ParkingMinuteRow,
    FloodMinuteRow,
    ParkingStayRow,
    EpisodeRow,
)
