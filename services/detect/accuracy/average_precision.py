"""Average precision of one class: area under the precision-recall curve at all its points.

Detections choose in the order of their scores, each the truth that is still free and that it overlaps most, as COCO's
evaluation does it; where people cover one another, PASCAL VOC's rule (only ever the truth it overlaps most) would count
the second of two right boxes as false.

Source: Everingham et al. 2010, The PASCAL Visual Object Classes Challenge, section 4.2 (area); Lin et al. 2014,
Microsoft COCO, arXiv:1405.0312, and its evaluation code's description (matching).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]
"""float64 [N, 4], left, top, right, bottom; any unit, the same for truth and detections."""

COCO_THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""Overlaps over which COCO takes the mean ("AP50:95")."""


@dataclass(frozen=True)
class JudgedFrame:
    """One frame's truth and detections of one class.

    ``boxes_xyxy`` and ``truth_xyxy`` are float64 [N, 4] and [M, 4] in the same unit, ``scores`` float64 [N].
    """

    boxes_xyxy: Boxes
    scores: NDArray[np.float64]
    truth_xyxy: Boxes

    def from_score(self, least_score: float) -> JudgedFrame:
        """Give the frame with only those detections that reach ``least_score``."""
        kept = self.scores >= least_score
        return JudgedFrame(self.boxes_xyxy[kept], self.scores[kept], self.truth_xyxy)


class PrecisionCurve:
    """All detections of some frames by falling score, so that the area can be taken again with other frames' weights.

    A detection is right when it overlaps a truth that none of a higher score has taken by at least ``iou_threshold``.
    """

    def __init__(self, frames: Sequence[JudgedFrame], iou_threshold: float = 0.5) -> None:
        scores = np.concatenate([frame.scores for frame in frames]) if frames else np.zeros(0)
        order = np.argsort(-scores, kind="stable")
        matches = [matched_truth(frame, iou_threshold) >= 0 for frame in frames]
        right = np.concatenate(matches)[order] if frames else np.zeros(0, bool)
        # Behind the last right one recall grows no more, so nothing adds to the area: two thirds need no second look.
        end = int(np.flatnonzero(right)[-1]) + 1 if right.any() else 0
        self._right = right[:end]
        self._frame_of = np.repeat(np.arange(len(frames)), [len(frame.scores) for frame in frames])[order][:end]
        self._truth_counts = np.array([len(frame.truth_xyxy) for frame in frames], np.int64)

    def area(self, weights: NDArray[np.int64] | None = None) -> float:
        """Give the average precision, in [0, 1]; 0 where there is no truth.

        ``weights`` int64 [frames] says how often each frame counts; None: once.
        """
        weights = np.ones_like(self._truth_counts) if weights is None else weights
        truth_count = int(weights @ self._truth_counts)
        if truth_count == 0:
            return 0.0
        counted = weights[self._frame_of]
        true_positives = np.cumsum(counted * self._right)
        precision = true_positives / np.maximum(np.cumsum(counted), 1)
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        return float(np.diff(true_positives, prepend=0) @ envelope / truth_count)


def average_precision(frames: Sequence[JudgedFrame], iou_threshold: float = 0.5) -> float:
    """Give the area under the precision-recall curve over all frames, in [0, 1]; 0 where there is no truth."""
    return PrecisionCurve(frames, iou_threshold).area()


def matched_truth(frame: JudgedFrame, iou_threshold: float) -> NDArray[np.int64]:
    """Give for each detection the index of the truth that it shows, -1 where it shows none: int64 [N]."""
    matched = np.full(len(frame.scores), -1, np.int64)
    if not len(frame.truth_xyxy):
        return matched
    overlaps = iou_matrix(frame.boxes_xyxy, frame.truth_xyxy)
    for index in np.argsort(-frame.scores, kind="stable"):
        best = int(np.argmax(overlaps[index]))
        if overlaps[index, best] >= iou_threshold:
            overlaps[:, best] = -1.0  # taken
            matched[index] = best
    return matched


def iou_matrix(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    """Give intersection over union of every box of ``a`` [N, 4] with every box of ``b`` [M, 4]: float64 [N, M]."""
    intersection = shared_areas(a, b)
    areas = (np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (a, b))
    area_a, area_b = areas
    union = area_a[:, None] + area_b[None, :] - intersection
    shares: NDArray[np.float64] = intersection / np.maximum(union, 1e-9)
    return shares


def shared_areas(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    """Give the area that every box of ``a`` [N, 4] shares with every box of ``b`` [M, 4]: float64 [N, M]."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    areas: NDArray[np.float64] = np.prod(np.clip(high - low, 0, None), axis=2)
    return areas
