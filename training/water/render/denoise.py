"""The renderer's noise taken out of a picture, so that few light paths a pixel are enough.

A network would soon learn that what is noisy is a wall and what is smooth is water. So light on surfaces is smoothed
apart from their colours, which have no noise, and across no edge of a surface.

Source: Dammertz et al. 2010, "Edge-avoiding A-Trous wavelet transform for fast global illumination filtering".
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
# How far apart, in the logarithm of light, two pixels may be and still be smoothed together; at the first levels of
# what is diffuse any distance, since a wall with few paths a pixel is all black and white dots. Chosen by eye: shadows
# keep their place, walls lose their grain, mirrored houses keep their edges.
DIFFUSE_SPREADS = (9.0, 9.0, 0.8, 0.4)
MIRRORED_SPREADS = (1.2, 0.5, 0.3)
NORMAL_SPREAD, DEPTH_SPREAD = 0.15, 0.04  # of a unit vector; of the distance itself
DARK = 0.1  # of the mean light: below it, differences count for nothing


@dataclass(frozen=True, slots=True)
class Layers:
    """What Blender gives of a shot: float32 [H, W, 3] BGR linear, `depth` [H, W] in metres, `water` [H, W] 0-1."""

    image: Floats
    albedo: Floats
    diffuse: Floats
    normal: Floats
    depth: Floats
    water: Floats


def denoised(layers: Layers) -> Floats:
    """Give the picture's light, float32 [H, W, 3] BGR linear, without the noise of the renderer."""
    mirrored = np.maximum(layers.image - layers.albedo * layers.diffuse, 0)
    mirrored = cv2.medianBlur(mirrored.astype(np.float32), 3)  # a rough mirror sends a few dots of the sun
    near = np.log(np.maximum(layers.depth, 0.1))[..., None] / DEPTH_SPREAD
    guide = np.concatenate([layers.normal / NORMAL_SPREAD, near], axis=-1).astype(np.float32)
    diffuse = _smoothed(layers.diffuse, guide, DIFFUSE_SPREADS)
    return np.asarray(
        layers.albedo * diffuse + _smoothed(np.asarray(mirrored, np.float32), guide, MIRRORED_SPREADS), np.float32
    )


def _smoothed(light: Floats, guide: Floats, spreads: tuple[float, ...]) -> Floats:
    value = light.astype(np.float32)
    height, width = light.shape[:2]
    dark = DARK * float(light.mean()) + 1e-4
    for level, spread in enumerate(spreads):
        step = 2**level
        brightness = np.log(value.mean(axis=-1, keepdims=True) + dark) / spread
        told_apart = np.concatenate([guide, brightness], axis=-1)
        total, weights = value.copy(), np.ones((*value.shape[:2], 1), np.float32)
        wide_value, wide_told = _with_border(value, step), _with_border(told_apart, step)
        for rows, columns, share in _neighbours(step):
            apart = wide_told[rows : rows + height, columns : columns + width] - told_apart
            weight = share * cv2.exp(-np.minimum(np.einsum("ijk,ijk->ij", apart, apart), 30.0))[..., None]
            total += weight * wide_value[rows : rows + height, columns : columns + width]
            weights += weight
        value = np.asarray(total / weights, np.float32)
    return value


def _neighbours(step: int) -> list[tuple[int, int, float]]:
    """Give where the eight neighbours begin in an array with a border of `step`, and what each counts for."""
    around = [(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if (r, c) != (0, 0)]
    return [(step + r * step, step + c * step, 0.5 if 0 in (r, c) else 0.25) for r, c in around]


def _with_border(values: Floats, size: int) -> Floats:
    return np.asarray(np.pad(values, ((size, size), (size, size), (0, 0)), mode="edge"), np.float32)
