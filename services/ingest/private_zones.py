"""Burn out what nobody may see: ``private`` zones become black before a frame leaves ingest."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from schemas.cameras import Camera
from schemas.geometry import Polygon


def private_polygons(camera: Camera) -> tuple[Polygon, ...]:
    """Give the polygons of a camera's ``private`` zones."""
    return tuple(zone.polygon for zone in camera.zones if zone.purpose == "private" and zone.polygon is not None)


def burn_out(image_rgb: NDArray[np.uint8], polygons: tuple[Polygon, ...]) -> NDArray[np.uint8]:
    """Give a copy of ``image_rgb`` (height, width, 3; uint8) that is black inside every polygon and on its edge."""
    height, width = image_rgb.shape[:2]
    burnt = image_rgb.copy()
    burnt[private_mask(polygons, height, width)] = 0
    return burnt


@lru_cache(maxsize=256)
def private_mask(polygons: tuple[Polygon, ...], height: int, width: int) -> NDArray[np.bool_]:
    """Give a mask (height, width) that is True in every px that a polygon touches, by the even-odd rule.

    A px's row is scanned at several heights and each span is widened to whole px, so that the edge is covered too.
    """
    mask = np.zeros((height, width), dtype=np.bool_)
    for polygon in polygons:
        corners = [(x * width, y * height) for x, y in polygon]
        for row in range(height):
            for offset in (0.02, 0.25, 0.5, 0.75, 0.98):
                crossings = _crossings(corners, row + offset)
                for left, right in zip(crossings[::2], crossings[1::2], strict=False):
                    mask[row, max(0, int(np.floor(left)) - 1) : int(np.ceil(right)) + 1] = True
    return mask


def _crossings(corners: list[tuple[float, float]], y: float) -> list[float]:
    """Give where the outline crosses the height ``y``, from left to right. An even number."""
    found = []
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (y1 <= y) != (y2 <= y):
            found.append(x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    return sorted(found)
