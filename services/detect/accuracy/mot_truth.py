"""Person boxes of the MOTChallenge 2015 form: ``frame, id, left, top, width, height, flag, x, y, z`` a line.

Source: Leal-Taixé et al. 2015, MOTChallenge 2015, arXiv:1504.01942, section 3.2. Frames are numbered from 1. Every
box counts, also those with flag 0 (hardly visible): the stricter reading.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from services.detect.accuracy.average_precision import Boxes


def read_mot_truth(path: Path) -> dict[int, Boxes]:
    """Give the boxes of each frame, by its index from 0: float64 [N, 4], left, top, right, bottom in px.

    Raises:
        ValueError: A line has fewer than six numbers; the text names it.
    """
    frames: dict[int, list[tuple[float, float, float, float]]] = defaultdict(list)
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        fields = line.split(",")
        if len(fields) < 6:
            raise ValueError(f"{path.name}:{number}: expected at least 6 fields, got {len(fields)}")
        left, top, width, height = (float(field) for field in fields[2:6])
        frames[int(float(fields[0])) - 1].append((left, top, left + width, top + height))
    return {index: np.array(boxes, dtype=np.float64) for index, boxes in frames.items()}
