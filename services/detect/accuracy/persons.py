"""How well persons are found: average precision on clips with published ground truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schemas.camera_events import FrameDetections
from services.detect.accuracy.average_precision import JudgedFrame, average_precision
from services.detect.accuracy.mot_truth import read_mot_truth
from services.detect.footage import Footage
from services.detect.offline import judge_footage
from services.detect.pipeline import Tools

NO_BOXES = np.zeros((0, 4))
SCORE_FLOOR = 0.01
"""Average precision is an area over all scores, so nearly all count."""


@dataclass(frozen=True)
class LabelledClip:
    """A clip, its truth, and which of its pictures are judged."""

    video: Path
    truth: Path
    every: int = 1


def person_average_precision(clip: LabelledClip, tools: Tools, iou_threshold: float = 0.5) -> float:
    """Give the average precision of persons on ``clip``, in [0, 1], through the whole pipeline.

    Args:
        clip: What to judge.
        tools: With thresholds at ``SCORE_FLOOR``.
        iou_threshold: From which overlap on a detection is right.
    """
    truth = read_mot_truth(clip.truth)
    footage = Footage(clip.video, camera_id="accuracy", every=clip.every)
    frames = []
    for index, event in enumerate(judge_footage(footage, tools)):
        assert isinstance(event, FrameDetections), f"frame {index} of {clip.video.name} was not judged: {event}"
        frames.append(_judged_frame(event, truth.get(index * clip.every, NO_BOXES)))
    return average_precision(frames, iou_threshold)


def _judged_frame(event: FrameDetections, truth_xyxy: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> JudgedFrame:
    persons = [each for each in event.objects if each.label == "person"]
    boxes = np.array([each.box for each in persons], np.float64).reshape(-1, 4)
    scale = np.array([event.width, event.height] * 2)
    return JudgedFrame(boxes * scale, np.array([each.score for each in persons], np.float64), truth_xyxy)
