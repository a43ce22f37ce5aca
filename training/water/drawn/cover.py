"""Ground that thousands of things cover, seen from above: forest and roofs as tiles that repeat."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.water.drawn.texture import TILE_PX, Chance, Textures, make_pyramid, make_tiles
from training.water.drawn.things import LEAVES, ROOFS, Colour

TileBgr = NDArray[np.float32]
"""float32 [TILE_PX, TILE_PX, 3] in [0, 1], seamless."""


def make_textures(seed: int) -> Textures:
    """Give what the scenes of a run share; the same seed gives the same."""
    chance = np.random.default_rng([seed, 78])
    return Textures(
        noise=make_tiles(seed),
        forests=[make_pyramid(forest_tile(chance)) for _ in range(6)],
        towns=[make_pyramid(town_tile(chance)) for _ in range(10)],
    )


def forest_tile(chance: Chance) -> TileBgr:
    """Give crowns beside crowns, lit from one side. A tile is some 120 m wide."""
    leaf = LEAVES[chance.integers(len(LEAVES))]
    tile = np.full((TILE_PX, TILE_PX, 3), 0.3 * np.array(leaf), np.float32)
    for x, y, radius, light in _scattered(chance, 1500, (8, 22)):
        shades = ((1.0, 0.0, 0.55), (0.75, 0.2, 0.85), (0.4, 0.35, 1.15))
        for size, aside, shade in shades:
            colour = _lit(leaf, float(shade * light))
            _dot(tile, (x - aside * radius, y - aside * radius), max(1, int(size * radius)), colour)
    return tile


def town_tile(chance: Chance) -> TileBgr:
    """Give roofs with yards, lanes and trees between them. A tile is some 150 m wide."""
    yard = 0.5 * np.array([[0.25, 0.4, 0.45], [0.15, 0.35, 0.25], [0.45, 0.48, 0.5]][chance.integers(3)])
    tile = np.full((TILE_PX, TILE_PX, 3), yard, np.float32)
    leaf = LEAVES[chance.integers(len(LEAVES))]
    for x, y, radius, light in _scattered(chance, int(chance.integers(50, 500)), (5, 14)):
        _dot(tile, (x, y), int(radius), _lit(leaf, float(light)))
    turn = chance.uniform(0, 90)
    for x, y, radius, light in _scattered(chance, int(chance.integers(60, 260)), (14, 34)):
        colour = _lit(ROOFS[chance.integers(len(ROOFS))], float(light))
        size = (radius * chance.uniform(1, 2), radius * chance.uniform(0.8, 1.2))
        angle = turn + 90 * chance.integers(2) + chance.normal(0, 6)
        _roof(tile, (x, y), size, angle, colour)
    return tile


def _roof(tile: TileBgr, at_xy: tuple[float, float], size: tuple[float, float], angle: float, colour: Colour) -> None:
    half = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.0], [-0.5, 0.0]]) * size
    sine, cosine = np.sin(np.radians(angle)), np.cos(np.radians(angle))
    turned = half @ np.array([[cosine, sine], [-sine, cosine]])
    for side, shade, shift in ((turned, 0.35, 5.0), (-turned, 0.35, 5.0), (turned, 1.1, 0.0), (-turned, 0.75, 0.0)):
        face = (side + shift).round().astype(np.int32)
        paint = _lit(colour, shade)
        for at in _repeats(at_xy):
            cv2.fillConvexPoly(tile, face + np.array(at, np.int32), paint)


def _dot(tile: TileBgr, at_xy: tuple[float, float], radius: int, colour: Colour) -> None:
    for at in _repeats(at_xy):
        cv2.circle(tile, at, radius, colour, -1)


def _lit(colour: Colour, by: float) -> Colour:
    return min(1.0, colour[0] * by), min(1.0, colour[1] * by), min(1.0, colour[2] * by)


def _scattered(chance: Chance, count: int, radii: tuple[int, int]) -> NDArray[np.float64]:
    """Give x, y, radius and brightness of ``count`` things: [count, 4], in px."""
    return np.column_stack(
        (chance.uniform(0, TILE_PX, (count, 2)), chance.uniform(*radii, count), chance.uniform(0.6, 1.25, count))
    )


def _repeats(at_xy: tuple[float, float]) -> list[tuple[int, int]]:
    """Give where a thing is drawn: there, and again beyond the edges that it crosses."""
    across, along = ([round(place) + shift for shift in (-TILE_PX, 0, TILE_PX)] for place in at_xy)
    edge = 60  # no thing is larger
    return [(x, y) for x in across for y in along if -edge < x < TILE_PX + edge and -edge < y < TILE_PX + edge]
