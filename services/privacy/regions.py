"""What of a picture is hidden: boxes around people and number plates, from what was found in it and beside it.

| what was found       | what is hidden                                                             |
|----------------------|----------------------------------------------------------------------------|
| a person             | all of it; at counters whose entry says ``heads``, its upper third         |
| a person, faintly    | the same, but less of what is around it: most faint finds are none         |
| a car, bus, truck... | its lower two thirds, where plates are; its riders are persons             |
| a bicycle            | nothing: it has no plate, and its rider is a person                        |

Each is grown by a part of itself and by a few pixels of the detector's input, by which it misplaces small things.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from schemas.camera_events import DetectedObject
from schemas.cameras import Camera
from schemas.geometry import BoxXyxy
from services.privacy.carrying import carried
from services.privacy.sighting import Sighting

Hiding = Literal["persons", "heads"]

GROWN_RATIO = 0.1
"""Part of its width and height by which a find is grown to the left, right and top,"""
GROWN_FROM_SCORE = 0.2
"""if it scored so much: of those below, most are not people."""
GROWN_OF_LONG_SIDE = 4 / 416
"""Part of the picture's longer side by which every find is grown: four px of the detector's input."""
PERSON_PART = {"persons": 1.0, "heads": 1 / 3}
PLATE_PART = 2 / 3


def hiding_of(camera: Camera) -> Hiding:
    """Tell how much of a person is hidden. Heads alone are only at counters, whatever a registry says."""
    return "heads" if camera.kind == "counter" and camera.anonymisation == "heads" else "persons"


def hidden_boxes(
    sighting: Sighting, before: Sequence[Sighting], after: Sequence[Sighting], hiding: Hiding
) -> tuple[BoxXyxy, ...]:
    """Give the boxes of a picture that are hidden, none inside another.

    Args:
        sighting: What was found in the picture itself.
        before: What was found in those captured before it, the nearest first.
        after: What was found in those captured after it, the nearest first.
        hiding: How much of a person is hidden.
    """
    found = (*sighting.objects, *carried(sighting, before, after))
    boxes = (_hidden(thing, sighting.aspect, hiding) for thing in found if thing.label != "bicycle")
    return _outermost(boxes)


def _hidden(thing: DetectedObject, aspect: float, hiding: Hiding) -> BoxXyxy:
    left, top, right, bottom = thing.box
    width, height = right - left, bottom - top
    if thing.label == "person":
        bottom = top + height * PERSON_PART[hiding]
    else:
        top = bottom - height * PLATE_PART
    ratio = GROWN_RATIO if thing.score >= GROWN_FROM_SCORE else 0.0
    x = GROWN_OF_LONG_SIDE * max(1.0, 1 / aspect)
    y = GROWN_OF_LONG_SIDE * max(1.0, aspect)
    return (
        max(0.0, left - ratio * width - x),
        max(0.0, top - ratio * height - y),
        min(1.0, right + ratio * width + x),
        min(1.0, bottom + y),
    )


def _outermost(boxes: Iterable[BoxXyxy]) -> tuple[BoxXyxy, ...]:
    """Give the boxes that lie in no other."""
    kept: list[BoxXyxy] = []
    for box in sorted(boxes, key=_area, reverse=True):
        left, top, right, bottom = box
        if not any(k[0] <= left and k[1] <= top and k[2] >= right and k[3] >= bottom for k in kept):
            kept.append(box)
    return tuple(kept)


def _area(box: BoxXyxy) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
