"""Remove boxes that show a thing which a better box shows already."""

from __future__ import annotations

import numpy as np
import torch
from torchvision.ops import batched_nms

from services.detect.objects import GROUPS, Objects


def without_doubles(objects: Objects, iou: float, most: int) -> Objects:
    """Give the best box of each thing, by falling score, at most ``most`` of them.

    A box is a double when it overlaps one of a higher score and the same group by more than ``iou``.
    """
    if not len(objects):
        return objects
    kept = batched_nms(
        torch.from_numpy(objects.boxes_xyxy_px),
        torch.from_numpy(objects.scores),
        torch.from_numpy(GROUPS[objects.classes]),
        iou,
    )
    return objects.at(np.asarray(kept[:most])).by_score()
