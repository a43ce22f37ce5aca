"""Something before the lens: a hand, a cloth or a bag, so near that it is dark and without any edge."""

from __future__ import annotations

import math

import cv2
import numpy as np

from services.ingest.simulation.textures import Field, ImageRgb, add_grain, blended, chance, cloud, grid, smooth_step

_SMALL_WIDTH_PX = 160
"""It is so far out of focus that it can be drawn this small."""

_EDGE_SOFTNESS = 0.09
_THINGS_RGB = ((104, 58, 44), (52, 58, 72), (40, 37, 36))
"""A palm with the light behind it, cloth, a black bag."""

_FINGERS = ((-0.30, 0.30, 0.62), (-0.10, 0.06, 0.78), (0.10, -0.06, 0.82), (0.28, -0.22, 0.74), (0.48, -0.85, 0.40))
"""Across at the knuckle, how far it leans from there, length; in parts of the picture's width."""


def draw_cover(image_rgb: ImageRgb, strength: float, at_seconds: float, seed: int) -> ImageRgb:
    """Cover ``strength`` of the picture, from one side; at 1 all of it. It sways a little as time goes."""
    height, width = image_rgb.shape[:2]
    size_hw = (max(8, round(height * _SMALL_WIDTH_PX / width)), _SMALL_WIDTH_PX)
    thing = int(chance(seed, "thing").integers(len(_THINGS_RGB)))
    opacity = _opacity(size_hw, strength, at_seconds, seed, hand=thing == 0)
    brightness = min(1.4, max(0.3, float(image_rgb[::16, ::16].mean()) / 110))
    thing_rgb = _surface(size_hw, thing, brightness * (1.0 - 0.5 * strength), seed)
    thing_rgb = np.asarray(cv2.resize(thing_rgb, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    whole = np.clip(cv2.resize(opacity, (width, height), interpolation=cv2.INTER_CUBIC), 0.0, 1.0)
    covered_rgb = blended(image_rgb, thing_rgb, np.asarray(whole, np.float32))
    return add_grain(covered_rgb, chance(seed, "cover", at_seconds), 3.0 * strength)


def _opacity(size_hw: tuple[int, int], strength: float, at_seconds: float, seed: int, *, hand: bool) -> Field:
    """Give how much of each px is hidden; over ``strength`` of the picture's px it is a half and more."""
    if strength >= 1.0:
        return np.ones(size_hw, np.float32)
    random = chance(seed, "cover")
    x, y = grid(size_hw)
    down = (y - 0.5) * size_hw[0] / size_hw[1]
    angle = random.uniform(0, 2 * math.pi)
    sway = 0.010 * math.sin(at_seconds * 1.1) + 0.004 * math.sin(at_seconds * 2.7)
    along = ((x - 0.5) * math.cos(angle) + down * math.sin(angle) + 0.5 + sway).astype(np.float32)
    across = (down * math.cos(angle) - (x - 0.5) * math.sin(angle) + sway).astype(np.float32)
    sharp = _hand(along, across) if hand else _cloth(along, random)
    reach = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 2.0), np.float32)
    edge = float(np.quantile(reach, strength))
    return smooth_step((edge - reach) / _EDGE_SOFTNESS + 0.5)


def _cloth(along: Field, random: np.random.Generator) -> Field:
    return np.asarray(along + 0.16 * cloud(random, (along.shape[0], along.shape[1]), (3, 3)), np.float32)


def _hand(along: Field, across: Field) -> Field:
    """Give the distance from a hand that comes in along ``along``, in widths of the picture; below 0 inside it."""
    distance = np.hypot(np.maximum(along, 0) * 1.1, np.maximum(np.abs(across) - 0.1, 0)) - 0.34
    for knuckle, leaning, length in _FINGERS:
        along_finger = np.clip(along / length, 0.0, 1.0)
        finger = np.hypot(across - knuckle * 0.8 - leaning * 0.3 * along_finger, along - along_finger * length)
        distance = np.minimum(distance, finger - (0.075 - 0.015 * along_finger))
    return np.asarray(distance, np.float32)


def _surface(size_hw: tuple[int, int], thing: int, light: float, seed: int) -> ImageRgb:
    """Draw its surface: folds without edges."""
    folds = 0.6 + 0.8 * cloud(chance(seed, "folds"), size_hw, (3, 4)) ** 1.5
    folds = np.asarray(cv2.GaussianBlur(folds, (0, 0), 3.0), np.float32)
    colour = np.array(_THINGS_RGB[thing], np.float32) * light
    return np.clip(folds[:, :, None] * colour, 0, 255).astype(np.uint8)
