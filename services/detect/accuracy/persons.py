"""How well persons are found: on clips with published ground truth, each judged once for all figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schemas.camera_events import FrameDetections
from services.detect.accuracy.altered_footage import Alteration, AlteredFootage
from services.detect.accuracy.average_precision import COCO_THRESHOLDS, Boxes, JudgedFrame, PrecisionCurve
from services.detect.accuracy.bootstrap import Statistic, bootstrap_interval
from services.detect.accuracy.measured import Measured
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

    def footage(self, alteration: Alteration | None = None) -> Footage:
        """Give its pictures; with ``alteration`` each is changed before it is judged."""
        if alteration is None:
            return Footage(self.video, camera_id="accuracy", every=self.every)
        return AlteredFootage(self.video, camera_id="accuracy", every=self.every, alteration=alteration)


@dataclass(frozen=True)
class JudgedClip:
    """Truth and detections of persons, frame by frame, in px of the picture; ``long_side_px`` is the picture's."""

    frames: tuple[JudgedFrame, ...]
    long_side_px: int


def judged_clip(
    clip: LabelledClip,
    tools: Tools,
    alteration: Alteration | None = None,
    advance: Callable[[], None] = lambda: None,
) -> JudgedClip:
    """Judge ``clip`` through the whole pipeline. Blocks for seconds.

    Args:
        clip: What to judge.
        tools: With thresholds at ``SCORE_FLOOR``.
        alteration: Changes each picture first.
        advance: Called after each frame.
    """
    truth = read_mot_truth(clip.truth)
    frames, long_side = [], 0
    for index, event in enumerate(judge_footage(clip.footage(alteration), tools)):
        assert isinstance(event, FrameDetections), f"frame {index} of {clip.video.name} was not judged: {event}"
        frames.append(_judged_frame(event, truth.get(index * clip.every, NO_BOXES)))
        long_side = max(event.width, event.height)
        advance()
    return JudgedClip(tuple(frames), long_side)


def precision_figures(name: str, clip: JudgedClip) -> list[Measured]:
    """Give AP50 and AP50:95 of persons, with bootstrap intervals: ``person_ap50_<name>``, ``person_ap50_95_<name>``."""
    curves = [PrecisionCurve(clip.frames, threshold) for threshold in COCO_THRESHOLDS]
    return [
        _measured(f"person_ap50_{name}", clip.frames, curves[0].area),
        _measured(
            f"person_ap50_95_{name}",
            clip.frames,
            lambda weights: float(np.mean([curve.area(weights) for curve in curves])),
        ),
    ]


def _measured(name: str, frames: Sequence[JudgedFrame], statistic: Statistic) -> Measured:
    low, high = bootstrap_interval([len(frames)], statistic)
    cases = sum(len(frame.truth_xyxy) for frame in frames)
    return Measured(name, statistic(np.ones(len(frames), np.int64)), low, high, cases)


def _judged_frame(event: FrameDetections, truth_xyxy: Boxes) -> JudgedFrame:
    persons = [each for each in event.objects if each.label == "person"]
    boxes = np.array([each.box for each in persons], np.float64).reshape(-1, 4)
    scale = np.array([event.width, event.height] * 2)
    return JudgedFrame(boxes * scale, np.array([each.score for each in persons], np.float64), truth_xyxy)
