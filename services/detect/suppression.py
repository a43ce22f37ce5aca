"""Remove boxes that show a thing which a better box shows already.

Written here and not taken from torchvision, whose import alone makes a replica start 4 s later and take 160 MB more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.detect.objects import GROUPS, Objects

MOST_CANDIDATES = 1_000
"""Boxes of one picture that are compared, each with each. NanoDet's own evaluation takes as many (``nms_pre``); a crowd
seldom gives a tenth of it, and a picture of noise can't make it take long."""


def without_doubles(objects: Objects, iou: float, most: int) -> Objects:
    """Give the best box of each thing, by falling score, at most ``most`` of them.

    A box is a double when it overlaps one of a higher score and the same group by more than ``iou``, and that one is no
    double itself.
    """
    candidates = objects.at(np.argsort(-objects.scores, kind="stable")[:MOST_CANDIDATES])
    alike = _overlaps(candidates.boxes_xyxy_px) > iou
    groups = GROUPS[candidates.classes]
    alike &= groups[:, None] == groups[None, :]
    kept: list[int] = []
    is_double = np.zeros(len(candidates), dtype=bool)
    for index in range(len(candidates)):
        if not is_double[index]:
            kept.append(index)
            is_double |= alike[index]
            if len(kept) == most:
                break
    return candidates.at(np.array(kept, np.int64))


def _overlaps(boxes_xyxy_px: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give intersection over union of each box with each: float32 [N, N]; boxes without area overlap nothing."""
    left, top, right, bottom = boxes_xyxy_px.T
    width = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    height = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    shared = width.clip(0) * height.clip(0)
    areas = (right - left) * (bottom - top)
    union = areas[:, None] + areas - shared
    shares: NDArray[np.float32] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return shares
