"""Tiles of noise and of cells, made once: looking them up costs less than computing them at every light path's turn."""

import functools
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

TILE_PX = 512  # more would not stay in a processor's cache, and be slow
HILLS_A_TILE = 16  # of noise: 32 pixels a hill leave room for five octaves
CELLS_A_TILE = 4  # 128 pixels a cell: a crack of a hundredth of a cell is still wider than a pixel
SPREAD = 0.085  # standard deviation of Blender's own noise, for which the thresholds of the surfaces were chosen

Floats = NDArray[np.float32]


def write_textures(folder: Path) -> None:
    """Write `noise.tile` and `cells.tile`, float32 [TILE_PX, TILE_PX, 4], which repeat without a seam.

    The channels of noise are soft (3 octaves), rough (6 octaves) and twice 1; those of cells are the distance to the
    nearest edge and to the nearest centre, in cells, and twice 1.
    """
    for name, (first, second) in (("noise", _noises()), ("cells", _cells())):
        ones = np.ones_like(first)
        np.stack([first, second, ones, ones], axis=-1).astype("<f4").tofile(folder / f"{name}.tile")


@functools.cache
def _noises() -> tuple[Floats, Floats]:
    return _noise(3, np.random.default_rng(1)), _noise(6, np.random.default_rng(2))


def _noise(octaves: int, chance: np.random.Generator) -> Floats:
    total = np.zeros((TILE_PX, TILE_PX), np.float32)
    for octave in range(octaves):
        hills = HILLS_A_TILE * 2**octave
        lattice = chance.normal(0, 1, (hills, hills)).astype(np.float32)
        margin = 4  # of the lattice's other side, so that the tile meets itself smoothly
        wide = np.pad(lattice, margin, mode="wrap")
        size = TILE_PX // hills
        large = cv2.resize(wide, None, fx=size, fy=size, interpolation=cv2.INTER_CUBIC)
        total += 0.6**octave * large[margin * size : margin * size + TILE_PX, margin * size : margin * size + TILE_PX]
    return np.asarray(0.5 + SPREAD * total / total.std(), np.float32)


@functools.cache
def _cells() -> tuple[Floats, Floats]:
    chance = np.random.default_rng(3)
    nearest = np.full((TILE_PX, TILE_PX), np.inf, np.float32)
    second = nearest.copy()
    line = ((np.arange(TILE_PX) + 0.5) * CELLS_A_TILE / TILE_PX).astype(np.float32)
    for row in range(CELLS_A_TILE):
        for column in range(CELLS_A_TILE):
            x, y = _around(line - chance.uniform(column, column + 1)), _around(line - chance.uniform(row, row + 1))
            distance = np.hypot(x[None, :], y[:, None])
            second = np.minimum(second, np.maximum(nearest, distance))
            nearest = np.minimum(nearest, distance)
    return np.asarray((second - nearest) / 2, np.float32), np.asarray(nearest, np.float32)


def _around(apart: Floats) -> Floats:
    """Give the shorter way between places on a tile that repeats."""
    return np.asarray((apart + CELLS_A_TILE / 2) % CELLS_A_TILE - CELLS_A_TILE / 2, np.float32)
