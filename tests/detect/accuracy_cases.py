"""Frames whose right answer is known."""

from __future__ import annotations

import numpy as np

from services.detect.accuracy.average_precision import JudgedFrame

Box = tuple[float, ...]
A: Box = (0.0, 0.0, 10.0, 10.0)
B: Box = (20.0, 0.0, 30.0, 10.0)
C: Box = (50.0, 50.0, 60.0, 60.0)


def judged_frame(found: list[tuple[Box, float]], truth: list[Box]) -> JudgedFrame:
    boxes = np.array([box for box, _ in found], np.float64).reshape(-1, 4)
    scores = np.array([score for _, score in found], np.float64)
    return JudgedFrame(boxes, scores, np.array(truth, np.float64).reshape(-1, 4))
