"""Positions in a picture, as every event and every zone states them.

All coordinates are normalised: x runs from 0 (left edge) to 1 (right edge), y from 0 (top edge) to 1 (bottom edge),
whatever the resolution of the frame. A camera that changes its resolution keeps its zones.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

Unit = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
"""A number in [0, 1]."""

Point = tuple[Unit, Unit]
"""(x, y), normalised."""

BoxXyxy = tuple[Unit, Unit, Unit, Unit]
"""(left, top, right, bottom), normalised, with left <= right and top <= bottom."""

Polygon = Annotated[tuple[Point, ...], msgspec.Meta(min_length=3, max_length=64)]
"""Corners in order; the last one joins the first."""

Line = tuple[Point, Point]
"""A directed edge. Crossing it from its left to its right side counts, seen from its first to its second point."""


def bottom_center(box: BoxXyxy) -> Point:
    """Give the point where an upright thing in ``box`` meets the ground."""
    left, _, right, bottom = box
    return ((left + right) / 2, bottom)


def center(box: BoxXyxy) -> Point:
    """Give the middle of ``box``."""
    left, top, right, bottom = box
    return ((left + right) / 2, (top + bottom) / 2)


def iou(a: BoxXyxy, b: BoxXyxy) -> float:
    """Give intersection over union of two boxes, in [0, 1]; 0 where both are empty."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    intersection = width * height
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - intersection
    return intersection / union
