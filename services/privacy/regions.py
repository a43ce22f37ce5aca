"""What of a picture is hidden: boxes around people and number plates, from what was found in it and beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from schemas.camera_events import DetectedObject
from schemas.cameras import Camera
from schemas.geometry import BoxXyxy

Hiding = Literal["persons", "heads"]

CARRY_MS = 500
"""What was found in the pictures so long before and after is hidden too; in the nearest one of each side, always."""


class Sighting(NamedTuple):
    """What was found in a picture, faint objects included, and when that was captured."""

    captured_at_ms: int
    objects: Sequence[DetectedObject]


def hiding_of(camera: Camera) -> Hiding:
    """Tell how much of a person is hidden. Heads alone are only at counters, whatever a registry says."""
    return "heads" if camera.kind == "counter" and camera.anonymisation == "heads" else "persons"


def hidden_boxes(
    sighting: Sighting, before: Sequence[Sighting], after: Sequence[Sighting], hiding: Hiding
) -> tuple[BoxXyxy, ...]:
    """Give the boxes of a picture that are hidden.

    Args:
        sighting: What was found in the picture itself.
        before: What was found in those captured before it, the nearest first.
        after: What was found in those captured after it, the nearest first.
        hiding: How much of a person is hidden.
    """
    seen = (sighting, *before, *after)
    return tuple(box for each in seen for thing in each.objects if (box := _hidden(thing, hiding)) is not None)


def _hidden(thing: DetectedObject, hiding: Hiding) -> BoxXyxy | None:
    left, top, right, bottom = thing.box
    width, height = right - left, bottom - top
    if thing.label == "bicycle":
        return None
    if thing.label != "person":
        return (left, top + height / 3, right, bottom)
    bottom = top + height / 3 if hiding == "heads" else bottom
    return (
        max(0.0, left - 0.1 * width),
        max(0.0, top - 0.1 * height),
        min(1.0, right + 0.1 * width),
        min(1.0, bottom + 0.05 * height),
    )
