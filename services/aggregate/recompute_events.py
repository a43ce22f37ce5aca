"""From rows of the raw tables back to the events that they were made of: the other direction of ``event_rows``.

| table           | event           | what is lost                                                                    |
|-----------------|-----------------|----------------------------------------------------------------------------------|
| detections      | FrameDetections | nothing, of the first judgement of each frame                                   |
| frame_outcomes  | FrameShed       | ``detail``, the frame's place in Kafka; an outcome that a better one replaced    |
| camera_statuses | CameraStatus    | nothing                                                                         |
| decisions       | Decision        | when it was decided, where it took effect later: then the time of effect stands  |

Nothing that is lost enters a judged row; ``docs/recompute.md`` says when the lost outcome of a frame can be told.
"""

from __future__ import annotations

from typing import Any, Final, cast

from schemas.camera_events import (
    CameraStatus,
    CaptureCounters,
    Decision,
    DetectedObject,
    DetectorIdentity,
    FrameCoordinates,
    FrameDetections,
    FrameShed,
    SceneFacts,
    WaterIdentity,
)
from services.aggregate.ledger import RANKS, outcome_version
from services.aggregate.rows import CameraStatusRow, DecisionRow, DetectionsRow, FrameOutcomeRow

REVIEWS: Final = frozenset({"episode_confirmed", "episode_rejected"})
"""Decisions that are merged when an episode is read, and never enter judgement."""


def detections_event(row: DetectionsRow) -> FrameDetections:
    """Give the event of a judged frame, equal to the one that the row was made of."""
    boxes = zip(row.object_lefts, row.object_tops, row.object_rights, row.object_bottoms, strict=True)
    things = zip(row.object_labels, row.object_scores, boxes, strict=True)
    water_detector = None
    if row.water_detector_name:
        water_detector = WaterIdentity(row.water_detector_name, row.water_detector_weights_sha256)
    return FrameDetections(
        event_id=row.event_id,
        camera_id=row.camera_id,
        owner_epoch=row.owner_epoch,
        sequence=row.sequence,
        captured_at_ms=row.captured_at,
        camera_revision=row.camera_revision,
        source_kind=_word(row.source_kind),
        simulated=row.simulated,
        frame=FrameCoordinates(row.frame_topic, row.frame_partition, row.frame_offset, row.appended_at),
        detected_at_ms=row.detected_at,
        width=row.width,
        height=row.height,
        detector=DetectorIdentity(row.detector_name, row.detector_weights_sha256, _word(row.detector_tiles)),
        objects=tuple([DetectedObject(_word(label), score, box) for label, score, box in things]),
        scene=SceneFacts(row.luma, row.contrast, row.sharpness, row.content_hash, row.signature),
        reliability=row.reliability,
        water=row.water or None,
        water_detector=water_detector,
    )


def shed_event(row: FrameOutcomeRow) -> FrameShed:
    """Give the event of a frame that was not judged; where its frame lay in Kafka is not known any more."""
    return FrameShed(
        event_id=row.event_id,
        camera_id=row.camera_id,
        owner_epoch=row.owner_epoch,
        sequence=row.sequence,
        captured_at_ms=row.captured_at,
        camera_revision=row.camera_revision,
        source_kind=_word(row.source_kind),
        simulated=row.simulated,
        frame=FrameCoordinates("", 0, 0, row.appended_at),
        shed_at_ms=row.judged_at,
        reason=_word(row.reason),
    )


def shed_offset(row: FrameOutcomeRow) -> int:
    """Give the source offset of such a row, which its version holds."""
    return outcome_version(RANKS[row.reason], 0) - row.version


def status_event(row: CameraStatusRow) -> CameraStatus:
    """Give the event of a status."""
    return CameraStatus(
        event_id=row.event_id,
        camera_id=row.camera_id,
        owner_epoch=row.owner_epoch,
        at_ms=row.reported_at,
        camera_revision=row.camera_revision,
        ingest_instance=row.ingest_instance,
        source_kind=_word(row.source_kind),
        state=_word(row.state),
        counters=CaptureCounters(row.captured, cast("dict[Any, int]", dict(row.missed)), row.bytes, row.reconnects),
        error_class=row.error_class,
        error_detail=row.error_detail,
        decoding=_word(row.decoding),
        keyframe_seconds=row.keyframe_seconds,
    )


def decision_event(row: DecisionRow) -> Decision:
    """Give the event of a decision, as decided when it took effect: judged again, it takes effect there again."""
    mask = tuple(zip(row.mask_xs, row.mask_ys, strict=True))
    return Decision(
        event_id=row.event_id,
        camera_id=row.camera_id,
        decided_at_ms=row.decided_at if row.decision in REVIEWS else row.effective_at,
        decided_by=row.decided_by,
        decision=_word(row.decision),
        reason=row.reason,
        episode_id=row.episode_id or None,
        mask=mask or None,
    )


def _word(text: str) -> Any:
    """Give a text that was one of the contract's words when the row was made."""
    return text
