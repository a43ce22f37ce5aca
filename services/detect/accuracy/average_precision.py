"""Average precision of one class: area under the precision-recall curve at all its points.

Detections choose in the order of their scores, each the truth that is still free and that it overlaps most, as COCO's
evaluation does it; where people cover one another, PASCAL VOC's rule (only ever the truth it overlaps most) would count
the second of two right boxes as false.

Source: Everingham et al. 2010, The PASCAL Visual Object Classes Challenge, section 4.2 (area); Lin et al. 2014,
Microsoft COCO, arXiv:1405.0312, and its evaluation code's description (matching).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]
"""float64 [N, 4], left, top, right, bottom; any unit, the same for truth and detections."""


@dataclass(frozen=True)
class JudgedFrame:
    """One frame's truth and detections of one class.

    ``boxes_xyxy`` and ``truth_xyxy`` are float64 [N, 4] and [M, 4] in the same unit, ``scores`` float64 [N].
    """

    boxes_xyxy: Boxes
    scores: NDArray[np.float64]
    truth_xyxy: Boxes


def average_precision(frames: list[JudgedFrame], iou_threshold: float = 0.5) -> float:
    """Give the area under the precision-recall curve over all frames, in [0, 1]; 0 where there is no truth.

    A detection is right when it overlaps a truth that none of a higher score has taken by at least ``iou_threshold``.
    """
    truth_count = sum(len(frame.truth_xyxy) for frame in frames)
    if truth_count == 0:
        return 0.0
    scores = np.concatenate([frame.scores for frame in frames])
    right = np.concatenate([_right_detections(frame, iou_threshold) for frame in frames])
    order = np.argsort(-scores, kind="stable")
    true_positives = np.cumsum(right[order])
    recall = true_positives / truth_count
    precision = true_positives / np.arange(1, len(order) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.diff(recall, prepend=0.0)
    return float(np.sum(steps * envelope))


def iou_matrix(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    """Give intersection over union of every box of ``a`` [N, 4] with every box of ``b`` [M, 4]: float64 [N, M]."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    intersection = np.prod(np.clip(high - low, 0, None), axis=2)
    areas = (np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (a, b))
    area_a, area_b = areas
    union = area_a[:, None] + area_b[None, :] - intersection
    shares: NDArray[np.float64] = intersection / np.maximum(union, 1e-9)
    return shares


def _right_detections(frame: JudgedFrame, iou_threshold: float) -> NDArray[np.bool_]:
    right = np.zeros(len(frame.scores), dtype=bool)
    if not len(frame.truth_xyxy):
        return right
    overlaps = iou_matrix(frame.boxes_xyxy, frame.truth_xyxy)
    for index in np.argsort(-frame.scores, kind="stable"):
        best = int(np.argmax(overlaps[index]))
        if overlaps[index, best] >= iou_threshold:
            overlaps[:, best] = -1.0  # taken
            right[index] = True
    return right
