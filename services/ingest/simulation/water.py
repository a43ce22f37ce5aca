"""Water over the road: muddy, rising from the bottom of the picture, with the scene mirrored in it.

The ground is taken as a plane that leads away from the camera, uneven as streets are: water stands in
its hollows first.
What differs much from the ground around it (persons, vehicles) stands out of the water.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from services.ingest.simulation.textures import Field, ImageRgb, blended, chance, cloud, grid, smooth_step

HIGHEST_RATIO = 0.9
"""How much of the picture's height water covers at strength 1."""

_HALF = 2
"""Water is drawn at half the picture's size: reflections are not sharp."""

_UNEVENNESS = 0.10
_MUD_RGB = (112, 92, 66)
_WAVES = ((0.35, 1.0, 2.1), (-0.8, 1.7, 3.3), (0.9, 2.9, 4.6), (-0.25, 4.3, 5.9))
"""Ripples: aside against along, how many where the largest one has one, and speed in radians a second."""


def draw_water(image_rgb: ImageRgb, strength: float, at_seconds: float, seed: int) -> ImageRgb:
    """Let water stand up to ``HIGHEST_RATIO`` × ``strength`` of the picture's height, from its bottom."""
    height, width = image_rgb.shape[:2]
    half_hw = (max(8, height // _HALF), max(8, width // _HALF))
    half_rgb = np.asarray(cv2.resize(image_rgb, half_hw[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    depth = _depth(half_hw, strength, seed)
    edge = 1.0 - HIGHEST_RATIO * strength
    surface_rgb = _surface(half_rgb, edge, at_seconds)
    opacity = smooth_step(depth / 0.012) * (0.80 + 0.17 * smooth_step(depth / 0.2))
    opacity = opacity * (1.0 - 0.8 * _standing_out(half_rgb))
    whole = np.clip(cv2.resize(opacity, (width, height), interpolation=cv2.INTER_LINEAR), 0.0, 1.0)
    over_rgb = np.asarray(cv2.resize(surface_rgb, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    return blended(image_rgb, over_rgb, np.asarray(whole, np.float32))


def _depth(size_hw: tuple[int, int], strength: float, seed: int) -> Field:
    """Give how far the water's level is above the ground, in parts of the picture's height; below 0 it is dry."""
    _, y = grid(size_hw)
    random = chance(seed, "ground")
    broad = cloud(random, size_hw, (5, 3))
    fine = cloud(random, size_hw, (14, 6))
    ground = (1.0 - y) + _UNEVENNESS * (broad - 0.5) + 0.3 * _UNEVENNESS * (fine - 0.5)
    return np.asarray(HIGHEST_RATIO * strength - ground, np.float32)


def _surface(image_rgb: ImageRgb, edge: float, at_seconds: float) -> ImageRgb:
    """Draw the water's surface for the whole picture: mud, and the scene above ``edge`` mirrored in its ripples."""
    size_hw = image_rgb.shape[:2]
    height, width = size_hw
    x, y = grid(size_hw)
    nearness = np.clip((y - edge) / max(1e-3, 1.0 - edge), 0.0, 1.0)
    slope = _ripples(x, y, at_seconds)
    stretch = min(1.0, 0.95 * edge / max(1e-3, 1.0 - edge))  # all that is above must do for all that is below
    mirrored_y = np.abs(edge - (y - edge) * stretch + slope * (0.008 + 0.030 * nearness))
    mirrored_x = x + slope * 0.004 * nearness
    map_x, map_y = (mirrored_x * width - 0.5).astype(np.float32), (mirrored_y * height - 0.5).astype(np.float32)
    soft_rgb = cv2.GaussianBlur(image_rgb, (0, 0), sigmaX=0.5 + width / 1200, sigmaY=0.8 + width / 500)
    mirrored_rgb = cv2.remap(soft_rgb, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return _coloured(np.asarray(mirrored_rgb, np.uint8), nearness, slope, float(image_rgb[::8, ::8].mean()))


def _coloured(mirrored_rgb: ImageRgb, nearness: Field, slope: Field, brightness: float) -> ImageRgb:
    """Mix mud and reflection: far water, seen at a flat angle, mirrors more; and light the ripples."""
    reflected = 0.70 - 0.30 * nearness
    mud = np.array(_MUD_RGB, np.float32) * min(1.5, brightness / 110)
    mixed = mirrored_rgb.astype(np.float32) * reflected[:, :, None] + mud * (1.0 - reflected)[:, :, None]
    glint = slope * (7.0 + 11.0 * nearness) * brightness / 110
    return np.clip(mixed + glint[:, :, None], 0, 255).astype(np.uint8)


def _ripples(x: Field, y: Field, at_seconds: float) -> Field:
    """Give the slope of small waves, about -1 to 1: nearer ones look larger, as on a plane that leads away."""
    away = 1.0 / (0.25 + y)
    slope: Field = np.zeros(x.shape, np.float32)
    for aside, often, speed in _WAVES:
        bent = 0.8 * np.sin(5 * x * often * away + often + 0.3 * speed * at_seconds)
        phase = 2 * math.pi * often * (16.0 * away + 4.0 * aside * (x - 0.5) * away) + speed * at_seconds + bent
        slope += np.sin(phase) / (1.0 + 0.5 * often)
    return np.asarray(slope / 1.6, np.float32)


def _standing_out(image_rgb: ImageRgb) -> Field:
    """Find what is not ground, 0 to 1: it differs from the ground around it, and is no thin line on the road."""
    small_hw = (max(8, image_rgb.shape[0] // 4), max(8, image_rgb.shape[1] // 4))
    small_rgb = cv2.resize(image_rgb, small_hw[::-1], interpolation=cv2.INTER_AREA)
    ground = cv2.medianBlur(small_rgb, 2 * max(3, small_hw[1] // 16) + 1)
    other = cv2.absdiff(small_rgb, ground).max(axis=2)
    other = cv2.morphologyEx(other, cv2.MORPH_OPEN, np.ones((3, 2), np.uint8))
    field = cv2.GaussianBlur(smooth_step((other.astype(np.float32) - 28) / 40), (0, 0), 0.8)
    return np.asarray(cv2.resize(field, image_rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)
