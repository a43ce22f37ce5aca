"""Chance and smooth textures that the effects are drawn with: the same for the same seed."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

ImageRgb = NDArray[np.uint8]
"""uint8, (height, width, 3), RGB."""

Field = NDArray[np.float32]
"""float32, (height, width): one number a px."""

_TILE_PX = 256
"""Grain repeats after so many px; the eye does not find that, and drawing it for a whole picture takes ten times as
long."""


def chance(seed: int, subject: str, at_seconds: float | None = None) -> np.random.Generator:
    """Give random numbers of their own to a subject, and to a moment of it (to the millisecond) where one is given."""
    words = [abs(seed), *subject.encode()]
    if at_seconds is not None:
        words.append(1 + round(max(0.0, at_seconds) * 1000))
    return np.random.default_rng(words)


def cloud(random: np.random.Generator, size_hw: tuple[int, int], cells_hw: tuple[int, int]) -> Field:
    """Give a smooth random field in [0, 1], whose hills are as large as the cells of a ``cells_hw`` grid."""
    fine_hw = (cells_hw[0] * 2, cells_hw[1] * 2)
    field = random.random(cells_hw, np.float32)
    field = 0.7 * _resized(field, fine_hw) + 0.3 * random.random(fine_hw, np.float32)
    smooth = _resized(field, size_hw)
    low, high = float(smooth.min()), float(smooth.max())
    return (smooth - low) / max(high - low, 1e-6)


def add_grain(image_rgb: ImageRgb, random: np.random.Generator, deviation: float) -> ImageRgb:
    """Add a sensor's noise: Gaussian in brightness with this standard deviation (of 255), a third of it in colour."""
    luma = random.normal(0.0, deviation, (_TILE_PX, _TILE_PX, 1))
    colour = random.normal(0.0, deviation / 3, (_TILE_PX // 2, _TILE_PX // 2, 3)).repeat(2, axis=0).repeat(2, axis=1)
    tile = np.rint(luma + colour).astype(np.int16)
    height, width = image_rgb.shape[:2]
    tiled = np.tile(tile, (math.ceil(height / _TILE_PX), math.ceil(width / _TILE_PX), 1))[:height, :width]
    return np.asarray(cv2.add(image_rgb, np.ascontiguousarray(tiled), dtype=cv2.CV_8U), np.uint8)


def blended(image_rgb: ImageRgb, over_rgb: ImageRgb, opacity: Field) -> ImageRgb:
    """Lay one picture over another, with an opacity in [0, 1] for each px; all of one height and width."""
    return np.asarray(cv2.blendLinear(image_rgb, over_rgb, 1.0 - opacity, opacity), np.uint8)


def smooth_step(field: NDArray[Any]) -> Field:
    """Give 0 below 0, 1 above 1, and between them a rise without corners."""
    inside = np.clip(field, 0.0, 1.0)
    return np.asarray(inside * inside * (3.0 - 2.0 * inside), np.float32)


def grid(size_hw: tuple[int, int]) -> tuple[Field, Field]:
    """Give ``x`` and ``y`` of the px's centres, each in (0, 1) from left to right and from top to bottom."""
    height, width = size_hw
    x = (np.arange(width, dtype=np.float32) + 0.5) / width
    y = (np.arange(height, dtype=np.float32) + 0.5) / height
    return np.broadcast_to(x, size_hw), np.broadcast_to(y[:, None], size_hw)


def _resized(field: Field, size_hw: tuple[int, int]) -> Field:
    return np.asarray(cv2.resize(field, size_hw[::-1], interpolation=cv2.INTER_CUBIC), np.float32)
