"""What scored too low to count, for hiding people alone.

The statistics' thresholds let one person in ten through, which is right for a count and wrong for a face. Everything
above a much lower score is therefore told too, but for what can't be recognised or is not shaped like a person.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.detect.detector import Thresholds
from services.detect.objects import CLASSES, Objects

FAINT_PERSON_SCORE = 0.08
"""Chosen on PETS09 alone, in steps of .01: the highest at which no more heads are missed than at .05 (.09), less one.
What lies lower costs time in every frame and was nobody."""
FAINT_VEHICLE_SCORE = 0.2
"""Below it vehicles are mostly facades and kerbs."""
MOST_FAINT_PERSONS, MOST_FAINT_VEHICLES = 40, 8
"""The best of them: in a crowd there is no end of boxes, and they show the same people again. Keeps events short."""
LEAST_PERSON_PX, LEAST_VEHICLE_PX = 24, 40
"""Height in px of the frame under which neither a face (a seventh of it) nor a plate can be made out."""
MOST_VEHICLE_HEIGHT = 0.4
"""Tallest a faint vehicle is, in heights of the frame: one that is nearer is not faint."""
MOST_PERSON_WIDTH = 1.2
"""Widest a person is, in its heights: one who sits and stretches out. Wider faint boxes are most of the picture."""

LEAST_FAINT_SCORE = min(FAINT_PERSON_SCORE, FAINT_VEHICLE_SCORE)

_PERSON = CLASSES.index("person")
_BICYCLE = CLASSES.index("bicycle")


def reaches(objects: Objects, thresholds: Thresholds) -> NDArray[np.bool_]:
    """Tell which objects count: those whose score reaches their class's threshold."""
    # In double precision: 0.35 is less as a float32, and a score of just that would count.
    least = np.array([thresholds[name] for name in CLASSES], np.float64)
    return objects.scores.astype(np.float64) >= least[objects.classes]


def faint_in(objects: Objects, frame_height: int, px_per_px: float, thresholds: Thresholds) -> NDArray[np.int64]:
    """Give which objects are faint, as indices, by falling score.

    Args:
        objects: By falling score.
        frame_height: The frame's own, px.
        px_per_px: Pixels of the frame for one of the picture that they were found in.
        thresholds: The statistics': what reaches them counts, and is not faint.
    """
    sides = (objects.boxes_xyxy_px[:, 2:] - objects.boxes_xyxy_px[:, :2]) * px_per_px
    widths, heights = sides[:, 0], sides[:, 1]
    uncounted = ~reaches(objects, thresholds)
    is_person = objects.classes == _PERSON
    persons = uncounted & is_person & (objects.scores >= FAINT_PERSON_SCORE)
    persons &= (heights >= LEAST_PERSON_PX) & (widths <= MOST_PERSON_WIDTH * heights)
    vehicles = uncounted & ~is_person & (objects.classes != _BICYCLE) & (objects.scores >= FAINT_VEHICLE_SCORE)
    vehicles &= (heights >= LEAST_VEHICLE_PX) & (heights <= MOST_VEHICLE_HEIGHT * frame_height)
    best = (np.flatnonzero(persons)[:MOST_FAINT_PERSONS], np.flatnonzero(vehicles)[:MOST_FAINT_VEHICLES])
    return np.sort(np.concatenate(best))
