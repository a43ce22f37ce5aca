"""Normalised boxes as boxes of pixels, never smaller than they are."""

from __future__ import annotations

import math

from schemas.geometry import BoxXyxy


def pixel_box(box: BoxXyxy, size_hw: tuple[int, int]) -> tuple[int, int, int, int]:
    """Give left, top, right, bottom in px of a picture of this size, right and bottom exclusive: each pixel touched."""
    height, width = size_hw
    left, top, right, bottom = box
    return (
        max(0, math.floor(left * width)),
        max(0, math.floor(top * height)),
        min(width, math.ceil(right * width)),
        min(height, math.ceil(bottom * height)),
    )
