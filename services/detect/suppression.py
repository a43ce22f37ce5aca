"""Remove boxes that show a thing which a better box shows already.

By OpenCV and not by torchvision, which gives the same: its import alone makes a replica start 4 s later and take 160 MB
more.
"""

from __future__ import annotations

import cv2
import numpy as np

from services.detect.objects import GROUPS, Objects


def without_doubles(objects: Objects, iou: float, most: int) -> Objects:
    """Give the best box of each thing, by falling score, at most ``most`` of them.

    A box is a double when it overlaps one of a higher score and the same group by more than ``iou``, and that one is no
    double itself. Boxes lie in a picture: no coordinate is negative.
    """
    if not len(objects):
        return objects
    low, high = objects.boxes_xyxy_px[:, :2], objects.boxes_xyxy_px[:, 2:]
    kept = cv2.dnn.NMSBoxesBatched(
        np.hstack((low, high - low)).tolist(),
        objects.scores.tolist(),
        GROUPS[objects.classes].tolist(),
        score_threshold=0.0,  # which scores count has been decided before
        nms_threshold=iou,
    )
    return objects.at(np.asarray(kept[:most], np.int64)).by_score()
