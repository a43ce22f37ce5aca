"""Events that become a row each: judged frames, statuses, decisions."""

from __future__ import annotations

from schemas.camera_events import CameraStatus, Decision, FrameDetections
from services.aggregate.ledger import RANK_DETECTED, outcome_version
from services.aggregate.row_columns import RULESET
from services.aggregate.rows import CameraStatusRow, DecisionRow, DetectionsRow

_NO_OBJECTS: tuple[tuple[float, ...], ...] = ((), (), (), ())


def detections_row(event: FrameDetections, offset: int) -> DetectionsRow:
    """Give everything that the detector said about a frame."""
    objects, frame, scene, detector = event.objects, event.frame, event.scene, event.detector
    lefts, tops, rights, bottoms = zip(*[thing.box for thing in objects], strict=True) if objects else _NO_OBJECTS
    return DetectionsRow(
        camera_id=event.camera_id,
        captured_at=event.captured_at_ms,
        owner_epoch=event.owner_epoch,
        sequence=event.sequence,
        event_id=event.event_id,
        camera_revision=event.camera_revision,
        source_kind=event.source_kind,
        simulated=event.simulated,
        frame_topic=frame.topic,
        frame_partition=frame.partition,
        frame_offset=frame.offset,
        appended_at=frame.appended_at_ms,
        detected_at=event.detected_at_ms,
        width=event.width,
        height=event.height,
        detector_name=detector.name,
        detector_weights_sha256=detector.weights_sha256,
        detector_tiles=detector.tiles,
        object_labels=tuple([thing.label for thing in objects]),
        object_scores=tuple([thing.score for thing in objects]),
        object_lefts=lefts,
        object_tops=tops,
        object_rights=rights,
        object_bottoms=bottoms,
        luma=scene.luma,
        contrast=scene.contrast,
        sharpness=scene.sharpness,
        content_hash=scene.content_hash,
        signature=scene.signature,
        reliability=event.reliability,
        water=event.water or b"",
        water_detector_name="" if event.water_detector is None else event.water_detector.name,
        water_detector_weights_sha256="" if event.water_detector is None else event.water_detector.weights_sha256,
        ruleset=RULESET,
        version=outcome_version(RANK_DETECTED, offset),
        source_offset=offset,
    )


def status_row(event: CameraStatus, offset: int) -> CameraStatusRow:
    """Give a status as it was reported."""
    counters = event.counters
    return CameraStatusRow(
        camera_id=event.camera_id,
        reported_at=event.at_ms,
        event_id=event.event_id,
        owner_epoch=event.owner_epoch,
        camera_revision=event.camera_revision,
        ingest_instance=event.ingest_instance,
        source_kind=event.source_kind,
        state=event.state,
        captured=counters.captured,
        missed={reason: counters.missed[reason] for reason in sorted(counters.missed)},
        bytes=counters.bytes,
        reconnects=counters.reconnects,
        error_class=event.error_class,
        error_detail=event.error_detail,
        decoding=event.decoding,
        keyframe_seconds=event.keyframe_seconds,
        ruleset=RULESET,
        version=offset,
    )


def decision_row(event: Decision, effective_at_ms: int, offset: int) -> DecisionRow:
    """Give a decision with the capture time from which it rules."""
    mask = event.mask or ()
    return DecisionRow(
        camera_id=event.camera_id,
        event_id=event.event_id,
        decision=event.decision,
        decided_at=event.decided_at_ms,
        effective_at=effective_at_ms,
        decided_by=event.decided_by,
        reason=event.reason,
        episode_id=event.episode_id or "",
        mask_xs=tuple(x for x, _ in mask),
        mask_ys=tuple(y for _, y in mask),
        ruleset=RULESET,
        version=offset,
    )
