"""Burn polygons out of an image: black before it leaves."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from schemas.geometry import Polygon

_HEIGHTS_IN_ROW = (0.02, 0.25, 0.5, 0.75, 0.98)
"""Where each row of px is scanned: at both its edges, and thrice between, for corners that lie inside."""

Span = tuple[int, int, int]
"""(row, first column, column behind the last)."""


def burn_out(image_rgb: NDArray[np.uint8], polygons: tuple[Polygon, ...]) -> None:
    """Make ``image_rgb`` (height, width, 3; uint8) black inside every polygon and on its edge, in place."""
    for row, first, behind in private_spans(polygons, *image_rgb.shape[:2]):
        image_rgb[row, first:behind] = 0


@lru_cache(maxsize=256)
def private_spans(polygons: tuple[Polygon, ...], height: int, width: int) -> tuple[Span, ...]:
    """Give the spans of a picture of this size that hold every px that a polygon touches, by the even-odd rule.

    Each span is widened to whole px and one more, so that the edge is covered too.
    """
    spans: dict[Span, None] = {}
    for polygon in polygons:
        corners = [(x * width, y * height) for x, y in polygon]
        for row in range(height):
            for offset in _HEIGHTS_IN_ROW:
                crossings = _crossings(corners, row + offset)
                for left, right in zip(crossings[::2], crossings[1::2], strict=False):
                    spans[row, max(0, int(np.floor(left)) - 1), int(np.ceil(right)) + 1] = None
    return tuple(spans)


def _crossings(corners: list[tuple[float, float]], y: float) -> list[float]:
    """Give where the outline crosses the height ``y``, from left to right. An even number."""
    found = []
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (y1 <= y) != (y2 <= y):
            found.append(x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    return sorted(found)
