"""Noise that looks like ground, clouds and foliage: tiles that repeat, made once from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
"""float32 [height, width]: one number a px."""
Chance = np.random.Generator
Pyramid = list[NDArray[np.float32]]
"""float32 [TILE_PX, TILE_PX, 3] each, blue, green, red in [0, 1]: ever softer."""

TILE_PX = 512
ROUGHNESS = (0.0, 0.8, 1.2, 1.7, 2.2)
"""Exponents of the spectra, from white grain to smooth hills; natural surfaces lie at 1 to 2 (Source: van der Schaaf
and van Hateren 1996, Vision Research 36, p. 2759)."""


def make_tiles(seed: int) -> list[Field]:
    """Give a tile for each of ``ROUGHNESS``: mean 0, deviation 1, seamless."""
    chance = np.random.default_rng([seed, 77])
    rows, columns = np.fft.fftfreq(TILE_PX)[:, None], np.fft.rfftfreq(TILE_PX)[None, :]
    radius = np.hypot(rows, columns)
    radius[0, 0] = 1.0
    return [_tile(chance, radius, exponent) for exponent in ROUGHNESS]


def make_pyramid(tile_bgr: NDArray[np.float32]) -> Pyramid:
    """Give a tile in colour, seamless, ever softer: each next one without what is half as small."""
    pyramid = [tile_bgr]
    for step in range(1, 6):
        sigma = 0.5 * 2**step
        edge = int(4 * sigma)
        wide = cv2.copyMakeBorder(tile_bgr, edge, edge, edge, edge, cv2.BORDER_WRAP)
        soft = cv2.GaussianBlur(wide, (0, 0), sigma)[edge:-edge, edge:-edge]
        pyramid.append(np.ascontiguousarray(soft, np.float32))
    return pyramid


def from_pyramid(pyramid: Pyramid, x: Field, y: Field, period: float, px_size: Field) -> Field:
    """Look a pyramid up as ``sampled`` does, float32 [H, W, 3], where pixels are ``px_size`` large on the ground."""
    step = np.clip(np.log2(np.maximum(px_size * TILE_PX / period, 1.0)), 0, len(pyramid) - 1).round()
    columns, rows = _places(x, period, 0.0), _places(y, period, 0.0)
    layers = [cv2.remap(tile, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP) for tile in pyramid]
    return np.asarray(np.choose(step.astype(np.intp)[..., None], layers), np.float32)


def _tile(chance: Chance, radius: NDArray[np.float64], exponent: float) -> Field:
    spectrum = np.fft.rfft2(chance.standard_normal((TILE_PX, TILE_PX))) * radius**-exponent
    spectrum[0, 0] = 0.0
    field = np.fft.irfft2(spectrum, s=(TILE_PX, TILE_PX))
    return np.asarray(field / field.std(), np.float32)


@dataclass(frozen=True, slots=True)
class Textures:
    """What all scenes of a run share: noise for each of ``ROUGHNESS``; pyramids of ground that is covered."""

    noise: list[Field]
    forests: list[Pyramid]
    towns: list[Pyramid]


def sampled(tile: Field, x: Field, y: Field, period: float, offset_xy: tuple[float, float] = (0.0, 0.0)) -> Field:
    """Look a tile up at places ``x``, ``y``, in units of which ``period`` make up a tile."""
    columns, rows = _places(x, period, offset_xy[0]), _places(y, period, offset_xy[1])
    return np.asarray(cv2.remap(tile, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.float32)


def _places(along: Field, period: float, offset: float) -> Field:
    """Give px within the tile, in [0, TILE_PX)."""
    # Beyond some thousand tiles float32 has no room left for the place within one.
    tiles = (np.clip(along, -1e5, 1e5) + np.float32(offset)) * np.float32(1 / period)
    return np.asarray((tiles - np.floor(tiles)) * np.float32(TILE_PX), np.float32)


def smooth_step(x: Field, low: float, high: float) -> Field:
    """Rise from 0 at ``low`` to 1 at ``high``, without corners."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)
