"""Detected objects as arrays, while they are on their way from the network to the event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from schemas.camera_events import ObjectClass

CLASSES: tuple[ObjectClass, ...] = get_args(ObjectClass)
"""What Tilik tells apart; an object's class is an index into this."""

COCO_80 = {"person": 0, "bicycle": 1, "car": 2, "motorcycle": 3, "bus": 5, "truck": 7}
"""Their indices among COCO's 80 classes, without background."""
COCO_91 = {"person": 1, "bicycle": 2, "car": 3, "motorcycle": 4, "bus": 6, "truck": 8}
"""Their indices in torchvision's COCO labels, background first."""

VEHICLES = frozenset(CLASSES) - {"person", "bicycle"}
_GROUP_OF = {"person": 0, "bicycle": 1}
GROUPS = np.array([_GROUP_OF.get(name, 2) for name in CLASSES])
"""Group of each class. Classes of one group are often taken for each other (car, truck, bus), so boxes of one group
compete for a thing and those of different groups (a rider and the motorcycle) don't."""


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """Objects of one picture, sorted by falling score.

    ``boxes_xyxy_px`` float32 [N, 4], ``scores`` float32 [N] in [0, 1], ``classes`` int64 [N], indices into ``CLASSES``.
    """

    boxes_xyxy_px: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.scores)

    def at(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> Objects:
        """Give the chosen ones, in the order of ``chosen``."""
        return Objects(self.boxes_xyxy_px[chosen], self.scores[chosen], self.classes[chosen])

    def with_boxes(self, boxes_xyxy_px: NDArray[np.float32]) -> Objects:
        """Give the same objects elsewhere."""
        return Objects(boxes_xyxy_px, self.scores, self.classes)

    def by_score(self) -> Objects:
        """Give them by falling score, equal scores in their present order."""
        return self.at(np.argsort(-self.scores, kind="stable"))


NO_OBJECTS = Objects(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))
