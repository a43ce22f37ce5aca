"""Outcomes of frames as events. Ids are made from facts alone.

So a frame that is detected twice by the same networks gives one event, as does one that is shed twice for the same
reason. Which of the two happens depends on the load: judged again after a takeover a frame may be shed instead, and
aggregate lets "detected" win (ADR 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from schemas.camera_events import (
    DetectedObject,
    DetectorIdentity,
    FrameDetections,
    FrameShed,
    ShedReason,
    WaterIdentity,
    make_event_id,
)
from services.detect.detector import Thresholds
from services.detect.faint import faint_in, reaches
from services.detect.frame import Frame
from services.detect.looking import Sight
from services.detect.objects import CLASSES, Objects
from services.detect.scene import reliability_of

_DETAIL_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Judges:
    """Who judged a frame; ``water`` only where water was measured."""

    detector: DetectorIdentity
    water: WaterIdentity | None

    @property
    def facts(self) -> tuple[str, ...]:
        """Give what makes a judgement by these another one than by others."""
        water = () if self.water is None else (self.water.name, self.water.weights_sha256)
        return self.detector.name, self.detector.weights_sha256, *water


def detections_event(
    frame: Frame,
    size_hw: tuple[int, int],
    sight: Sight,
    thresholds: Thresholds,
    judges: Judges,
    detected_at_ms: int,
) -> FrameDetections:
    """Give the event of a frame that was judged; ``size_hw`` is the frame's own size, px.

    Who measured water is part of the event's id: a frame that is judged again with another network is another event.
    """
    return FrameDetections(
        event_id=_event_id(frame, *judges.facts),
        **_facts(frame),
        detected_at_ms=detected_at_ms,
        width=size_hw[1],
        height=size_hw[0],
        detector=judges.detector,
        objects=reported_objects(sight.objects, sight.decoded_hw, thresholds),
        faint=faint_objects(sight.objects, sight.decoded_hw, size_hw[0], thresholds),
        scene=sight.scene,
        reliability=reliability_of(sight.scene),
        water=sight.water,
        water_detector=judges.water,
    )


def shed_event(frame: Frame, reason: ShedReason, detail: str, shed_at_ms: int) -> FrameShed:
    """Give the event of a frame that was not judged."""
    return FrameShed(
        event_id=_event_id(frame, "shed", reason),
        **_facts(frame),
        shed_at_ms=shed_at_ms,
        reason=reason,
        detail=detail[:_DETAIL_LENGTH],
    )


def reported_objects(
    objects: Objects, picture_hw: tuple[int, int], thresholds: Thresholds
) -> tuple[DetectedObject, ...]:
    """Give the objects whose score reaches their class's threshold, normalised, by falling score.

    Five digits are a twentieth of a pixel at 4K; they keep an event short.
    """
    return _normalised(objects.at(reaches(objects, thresholds)), picture_hw, digits=5)


def faint_objects(
    objects: Objects, picture_hw: tuple[int, int], frame_height: int, thresholds: Thresholds
) -> tuple[DetectedObject, ...]:
    """Give the objects that scored lower, as far as they are hidden, normalised, by falling score.

    They are grown before they are hidden: three digits suffice.
    """
    chosen = faint_in(objects, frame_height, frame_height / picture_hw[0], thresholds)
    return _normalised(objects.at(chosen), picture_hw, digits=3)


def _normalised(objects: Objects, picture_hw: tuple[int, int], digits: int) -> tuple[DetectedObject, ...]:
    height, width = picture_hw
    boxes = np.clip(objects.boxes_xyxy_px / np.array([width, height] * 2, np.float32), 0, 1).astype(float).round(digits)
    return tuple(
        DetectedObject(CLASSES[index], round(score, min(digits, 4)), (box[0], box[1], box[2], box[3]))
        for box, score, index in zip(
            boxes.tolist(), objects.scores.astype(float).tolist(), objects.classes.tolist(), strict=True
        )
    )


def _event_id(frame: Frame, *facts: str) -> str:
    return make_event_id(frame.camera_id, frame.headers.owner_epoch, frame.headers.sequence, *facts)


def _facts(frame: Frame) -> dict[str, Any]:
    headers = frame.headers
    return {
        "camera_id": frame.camera_id,
        "owner_epoch": headers.owner_epoch,
        "sequence": headers.sequence,
        "captured_at_ms": headers.captured_at_ms,
        "camera_revision": headers.camera_revision,
        "source_kind": headers.source_kind,
        "simulated": headers.simulated,
        "frame": frame.coordinates,
    }
