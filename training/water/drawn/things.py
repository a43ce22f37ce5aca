"""What stands on the ground, drawn far to near, once as it is and once as still water would mirror it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.water.drawn.texture import Chance, Field
from training.water.drawn.view import View

Colour = tuple[float, float, float]
"""Blue, green, red in [0, 1]."""
Sheet = NDArray[np.uint8]
"""uint8 [H, W, 4]: blue, green, red, and how rough the surface is, 1 … 255; 0 where nothing was drawn."""

ROOFS: tuple[Colour, ...] = (
    (0.16, 0.22, 0.5), (0.3, 0.36, 0.55), (0.5, 0.5, 0.5), (0.75, 0.75, 0.72), (0.55, 0.4, 0.2), (0.2, 0.2, 0.24),
)  # fmt: skip
WALLS: tuple[Colour, ...] = (
    (0.7, 0.8, 0.85), (0.55, 0.65, 0.7), (0.4, 0.5, 0.65), (0.6, 0.6, 0.6), (0.35, 0.4, 0.5), (0.75, 0.7, 0.6),
)  # fmt: skip
LEAVES: tuple[Colour, ...] = (
    (0.08, 0.22, 0.13), (0.1, 0.3, 0.2), (0.1, 0.2, 0.16), (0.15, 0.36, 0.3), (0.1, 0.25, 0.35), (0.12, 0.16, 0.2),
)  # fmt: skip
PAINTS: tuple[Colour, ...] = (
    (0.8, 0.8, 0.8), (0.05, 0.05, 0.05), (0.4, 0.4, 0.4), (0.1, 0.1, 0.55), (0.5, 0.25, 0.1), (0.2, 0.5, 0.7),
)  # fmt: skip
_SUB_PX = 4
_BOX = np.array([[x, y, z] for y in (0, 1) for z in (-0.5, 0.5) for x in (-0.5, 0.5)])


@dataclass(frozen=True, slots=True)
class Air:
    """Light on surfaces and the haze before them: what is ``haze_m`` away is hidden by 63 %."""

    brightness: float
    haze_m: float
    haze_bgr: Colour


class Painter:
    """Draws on two sheets: ``upright`` as seen, ``mirrored`` as a mirror at height ``level`` would show it."""

    def __init__(self, view: View, air: Air, level: float) -> None:
        self.upright: Sheet = np.zeros((*view.size_hw, 4), np.uint8)
        self.mirrored: Sheet = np.zeros((*view.size_hw, 4), np.uint8)
        self._view, self._air, self._level = view, air, level

    def face(self, points_xyz: NDArray[np.float64], colour: Colour, rough: float) -> None:
        """Draw a convex face; ``rough`` in [0, 1]."""
        paint = self._paint(colour, rough, float(np.hypot(points_xyz[:, 0], points_xyz[:, 2]).mean()))
        for sheet, points in ((self.upright, points_xyz), (self.mirrored, self._mirror(points_xyz))):
            seen = self._view.project(points)
            if seen is not None and np.abs(seen[:, :2]).max() < 1e4:
                corners = np.round(seen[:, :2] * 2**_SUB_PX).astype(np.int32)
                cv2.fillConvexPoly(sheet, corners, paint, cv2.LINE_8, _SUB_PX)

    def balls(self, centres_xyz: NDArray[np.float64], radius: float, colours: Sequence[Colour], rough: float) -> None:
        """Draw balls of one size that are close together, one after the other."""
        distance = float(np.hypot(centres_xyz[0, 0], centres_xyz[0, 2]))
        paints = [self._paint(colour, rough, distance) for colour in colours]
        for sheet, points in ((self.upright, centres_xyz), (self.mirrored, self._mirror(centres_xyz))):
            seen = self._view.project(points)
            if seen is not None and np.abs(seen[:, :2]).max() < 1e4 and radius * seen[:, 2].max() < 400:
                for (x, y, scale), paint in zip(seen.tolist(), paints, strict=True):
                    cv2.circle(sheet, (round(x), round(y)), max(1, round(radius * scale)), paint, -1, cv2.LINE_8)

    def _mirror(self, points_xyz: NDArray[np.float64]) -> NDArray[np.float64]:
        return points_xyz * (1.0, -1.0, 1.0) + (0.0, 2 * self._level, 0.0)

    def _paint(self, colour: Colour, rough: float, distance: float) -> tuple[float, float, float, float]:
        clear = math.exp(-distance / self._air.haze_m)
        blue, green, red = (
            255 * min(1.0, clear * channel * self._air.brightness + (1 - clear) * haze)
            for channel, haze in zip(colour, self._air.haze_bgr, strict=True)
        )
        return blue, green, red, max(1.0, 255 * rough * clear)


def house(painter: Painter, at_xz: tuple[float, float], chance: Chance, larger: float) -> None:
    """Draw a house with a flat or gabled roof, ``larger`` times as large as a house."""
    size = larger * np.array([chance.uniform(4, 14), chance.uniform(2.5, 9), chance.uniform(4, 14)])
    turn = chance.uniform(0, math.pi)
    corners = np.add(_turned(_BOX * size, turn), (at_xz[0], 0.0, at_xz[1]))
    wall, roof = WALLS[chance.integers(len(WALLS))], ROOFS[chance.integers(len(ROOFS))]
    for ring in sorted(((0, 1, 5, 4), (0, 2, 6, 4), (1, 3, 7, 5), (2, 3, 7, 6)), key=lambda ring: -_far(corners, ring)):
        painter.face(corners[list(ring)], _shade(wall, chance, 0.25), 0.15)
    if chance.random() < 0.3:
        painter.face(corners[[4, 5, 7, 6]], _shade(roof, chance, 0.1), 0.15)
        return
    ridge = np.add(corners[4:].reshape(2, 2, 3).mean(axis=0), (0.0, size[2] * chance.uniform(0.15, 0.4), 0.0))
    sides = [
        np.array([corners[4], corners[5], ridge[1], ridge[0]]),
        np.array([corners[6], corners[7], ridge[1], ridge[0]]),
    ]
    for side in sorted(sides, key=lambda side: -float(np.hypot(side[:, 0], side[:, 2]).mean())):
        painter.face(side, _shade(roof, chance, 0.25), 0.25)


def tree(painter: Painter, at_xz: tuple[float, float], chance: Chance, leaf: Colour, larger: float) -> None:
    """Draw a crown on a trunk, ``larger`` times as large as a tree: a clump of trees."""
    radius = larger * chance.uniform(1.2, 4.0)
    top = radius + chance.uniform(0.2, 4.0)
    painter.face(_upright_strip(at_xz, 0.25, top), _shade((0.1, 0.13, 0.16), chance, 0.3), 0.3)
    spots = chance.normal(0, 0.45 * radius, (9, 3)) * (1, 0.8, 1) + (at_xz[0], top, at_xz[1])
    spots = spots[np.argsort(spots[:, 1])]
    lit = 0.75 + 0.3 * (spots[:, 1] - top) / radius
    shades = [_shade((leaf[0] * by, leaf[1] * by, leaf[2] * by), chance, 0.2) for by in lit.tolist()]
    painter.balls(spots, 0.45 * radius, shades, 1.0)


def vehicle(painter: Painter, at_xz: tuple[float, float], chance: Chance) -> None:
    """Draw a car or a van."""
    paint = PAINTS[chance.integers(len(PAINTS))]
    length, tall = chance.uniform(3.8, 5), chance.uniform(0.7, 1.0)
    turn = chance.choice([0.0, math.pi / 2]) + chance.normal(0, 0.1)
    for low, high, size, colour in (
        (0.15, tall, (1.8, length), paint),
        (tall, tall * chance.uniform(1.5, 2.2), (1.6, length * chance.uniform(0.5, 0.9)), (0.12, 0.11, 0.1)),
    ):
        upright = np.add(_BOX * (size[0], high - low, size[1]), (0.0, low, 0.0))
        corners = np.add(_turned(upright, turn), (at_xz[0], 0.0, at_xz[1]))
        for ring in sorted(((0, 1, 5, 4), (0, 2, 6, 4), (1, 3, 7, 5), (2, 3, 7, 6)), key=lambda r: -_far(corners, r)):
            painter.face(corners[list(ring)], _shade(colour, chance, 0.15), 0.15)
        painter.face(corners[[4, 5, 7, 6]], _shade(paint, chance, 0.1), 0.1)


def pole(painter: Painter, at_xz: tuple[float, float], chance: Chance) -> None:
    """Draw a pole, a post or a person's outline."""
    wide, tall = (0.15, chance.uniform(4, 9)) if chance.random() < 0.6 else (0.5, 1.7)
    painter.face(_upright_strip(at_xz, wide, tall), _shade((0.3, 0.3, 0.3), chance, 0.8), 0.2)


def textured(sheet: Sheet, grain: Field) -> NDArray[np.float32]:
    """Give the colours of a sheet, float32 [H, W, 3] in [0, 1], with grain where surfaces are rough."""
    rough = sheet[..., 3:].astype(np.float32) / 255
    return np.clip(sheet[..., :3].astype(np.float32) / 255 * (1 + 0.45 * rough * grain[..., None]), 0, 1)


def _upright_strip(at_xz: tuple[float, float], wide: float, tall: float) -> NDArray[np.float64]:
    x, z = at_xz
    return np.array([[x - wide / 2, 0, z], [x + wide / 2, 0, z], [x + wide / 2, tall, z], [x - wide / 2, tall, z]])


def _turned(points: NDArray[np.float64], turn: float) -> NDArray[np.float64]:
    sine, cosine = math.sin(turn), math.cos(turn)
    return np.asarray(points @ np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]]))


def _far(corners: NDArray[np.float64], ring: tuple[int, ...]) -> float:
    middle = corners[list(ring)].mean(axis=0)
    return float(np.hypot(middle[0], middle[2]))


def _shade(colour: Colour, chance: Chance, spread: float) -> Colour:
    by = 1 + chance.uniform(-spread, spread)
    blue, green, red = (min(1.0, channel * by * (1 + chance.normal(0, 0.04))) for channel in colour)
    return blue, green, red
