"""A flood over real dry footage: through the real water network and the real flood rule.

    dry clip ─► water whose surface is cut from photographs of floods, where ingest's simulation says that it stands
             ─► JPEG ─► water network, scene facts ─► events ─► recompute (``bench.measuring.dry_weather``)

The network was trained with none of these photographs and none of these clips (services/detect/models/water.json). The
simulation says where water stands: a white picture changes there. So the share of a zone under water is known exactly.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.cameras import Effect
from schemas.geometry import Polygon
from services.cli.bench.measuring.dry_weather import SEED, WET_FROM_S, Image
from services.detect.accuracy.labelled_footage import data_folder
from services.detect.detector import DetectorOptions
from services.detect.views import WATER_INPUT_HW
from services.detect.water import WaterDetector, load_water
from services.ingest.simulation.effects import apply_effects
from services.ingest.simulation.schedule import holding


def surfaces(every: int = 1, least_height_px: int = 100) -> dict[str, Image]:
    """Give pieces of water, by photograph: the largest one of 2:1 in each, where it is high enough.

    Small pieces lose their texture when they are stretched over a picture. ``every``: of how many photographs, by name,
    one is taken.
    """
    photographs = sorted((data_folder() / "flood_area/image").iterdir())[::every]
    found = ((path.name, _water_in(path, least_height_px)) for path in photographs)
    return {name: piece for name, piece in found if piece is not None}


@dataclass(frozen=True, slots=True)
class Flood:
    """Water that rises from ``WET_FROM_S`` on in ``ramp_s``, stands for ``stands_s``, and falls as slowly."""

    surface: Image
    strength: float = 0.6
    ramp_s: int = 150
    stands_s: int = 300

    @property
    def until_s(self) -> int:
        """Give when the last water has gone."""
        return WET_FROM_S + 2 * self.ramp_s + self.stands_s

    def __call__(self, image: Image, seconds: float) -> Image:
        """Lay the water of that moment over a picture."""
        mask = self.mask(image.shape[:2], seconds)
        if not mask.any():
            return image
        height, width = image.shape[:2]
        drift = round(3 * np.sin(seconds))  # no two frames show the same water
        water = np.roll(_stretched(self.surface, width, height), drift, axis=1)
        opacity = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), height / 240)[:, :, None]
        return np.asarray(image * (1 - opacity) + water * opacity, np.uint8)

    def mask(self, size_hw: tuple[int, int], seconds: float) -> NDArray[np.bool_]:
        """Tell where water stands, bool [height, width]: there ingest's simulation changes a white picture."""
        effect = Effect(
            effect="water",
            strength=self.strength,
            from_seconds=WET_FROM_S,
            until_seconds=self.until_s,
            ramp_seconds=self.ramp_s,
        )
        held = [(one.effect, one.strength, 0.0) for one in holding((effect,), seconds)]
        white = np.full((*size_hw, 3), 255, np.uint8)
        return np.asarray((apply_effects(white, held, SEED) != 255).any(axis=2))

    def covered(self, ground: Polygon, seconds: float) -> float:
        """Give the share of the ground that is under water."""
        size_hw = WATER_INPUT_HW
        inside = np.zeros(size_hw, np.uint8)
        corners = np.array([(x * size_hw[1], y * size_hw[0]) for x, y in ground]).round().astype(np.int32)
        cv2.fillPoly(inside, [corners], 1)
        return float(self.mask(size_hw, seconds)[inside > 0].mean())

    def onset_s(self, ground: Polygon, ratio: float = 0.15) -> int:
        """Give the first whole second at which so much of the ground is under water."""
        rising = range(WET_FROM_S, WET_FROM_S + self.ramp_s + 1)
        return rising[bisect_left(rising, ratio, key=lambda seconds: self.covered(ground, seconds))]

    def cleared_s(self, ground: Polygon, ratio: float = 0.05) -> int:
        """Give the first whole second from which on no more of the ground is under water than that."""
        falling = range(WET_FROM_S + self.ramp_s + self.stands_s, self.until_s + 1)
        return falling[bisect_left(falling, -ratio, key=lambda seconds: -self.covered(ground, seconds))]


@cache
def network() -> WaterDetector:
    """Give the shipped network."""
    return load_water(DetectorOptions())


def _water_in(photograph: Path, least_height_px: int) -> Image | None:
    image = cv2.imread(str(photograph), cv2.IMREAD_COLOR_RGB)
    mask = cv2.imread(str(photograph.parents[1] / "mask" / f"{photograph.stem}.png"), cv2.IMREAD_GRAYSCALE)
    if image is None or mask is None:
        return None
    height, width = image.shape[:2]
    wet = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST) >= 128
    total = cv2.integral(wet.astype(np.uint8))
    for side in range(min(height, width // 2), least_height_px - 1, -10):
        across = 2 * side
        inside = total[side:, across:] - total[:-side, across:] - total[side:, :-across] + total[:-side, :-across]
        top, left = np.unravel_index(int(inside.argmax()), inside.shape)
        if inside[top, left] >= 0.99 * side * across:
            return np.asarray(image[top : top + side, left : left + across], np.uint8)
    return None


@lru_cache(maxsize=2)
def _laid_out(key: tuple[int, int, bytes, tuple[int, ...]]) -> Image:
    width, height, pixels, shape = key
    surface = np.frombuffer(pixels, np.uint8).reshape(shape)
    lower = cv2.resize(surface, (width, height * 2 // 3), interpolation=cv2.INTER_AREA)
    return np.concatenate([lower[: height - len(lower)][::-1], lower])


def _stretched(surface: Image, width: int, height: int) -> Image:
    """Give the surface over a whole picture: its lower two thirds, and what is above mirrored from it."""
    return _laid_out((width, height, surface.tobytes(), surface.shape))
