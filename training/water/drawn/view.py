"""A camera over flat ground: which place on the ground a pixel shows, and where a point is seen.

World: x to the right, y up, z ahead, in metres; the camera is at (0, height, 0), looks along z and is bent down by
``pitch``. Pixels: x to the right, y down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.water.drawn.texture import Field

NEAREST_M = 0.4
"""What is nearer to the camera is not drawn."""
FARTHEST_M = 3000.0
"""The ground beyond is taken to be there: the horizon."""


@dataclass(frozen=True, slots=True)
class Rays:
    """What each pixel looks at: direction, and where the ray meets the ground; ``below`` is True where it does."""

    direction: NDArray[np.float32]
    x: Field
    z: Field
    distance: Field
    below: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class View:
    """Height in metres, pitch in radians, focal length in px, size in px."""

    height: float
    pitch: float
    focal_px: float
    size_hw: tuple[int, int] = (288, 512)

    def rays(self) -> Rays:
        """Give the rays of all pixels."""
        rows, columns = self.size_hw
        right = (np.arange(columns, dtype=np.float32) + 0.5 - columns / 2) / self.focal_px
        up = -(np.arange(rows, dtype=np.float32) + 0.5 - rows / 2) / self.focal_px
        sine, cosine = math.sin(self.pitch), math.cos(self.pitch)
        x, v = np.meshgrid(right, up)
        y = -sine + v * cosine
        z = cosine + v * sine
        direction = np.stack((x, y, z), axis=-1) / np.sqrt(x * x + y * y + z * z)[..., None]
        below = y < -self.height / FARTHEST_M
        reach = np.where(below, self.height / np.maximum(-y, 1e-9), 0.0)
        return Rays(
            direction.astype(np.float32),
            (reach * x).astype(np.float32),
            (reach * z).astype(np.float32),
            (reach * np.sqrt(x * x + y * y + z * z)).astype(np.float32),
            below,
        )

    def project(self, points_xyz: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Give px [N, 2] and, as third column, px a metre there; None where a point is too near or behind."""
        relative = points_xyz - (0.0, self.height, 0.0)
        sine, cosine = math.sin(self.pitch), math.cos(self.pitch)
        depth = -sine * relative[:, 1] + cosine * relative[:, 2]
        if depth.min() < NEAREST_M:
            return None
        scale = self.focal_px / depth
        up = cosine * relative[:, 1] + sine * relative[:, 2]
        rows, columns = self.size_hw
        return np.column_stack((columns / 2 + relative[:, 0] * scale, rows / 2 - up * scale, scale))
