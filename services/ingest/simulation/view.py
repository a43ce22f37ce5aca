"""A camera that was moved, turned or put out of focus."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from services.ingest.simulation.textures import Field, ImageRgb, blended, chance, cloud, grid, smooth_step

MOST_TURN_DEGREES = 45.0
"""What ``rotate`` turns at strength 1."""

MOST_BLUR_RADIUS = 0.022
"""Radius of the disc that ``defocus`` makes of a point at strength 1, in parts of the picture's width: 28 px at 1280. A
person of a quarter of the picture's height is then a smudge, and vehicles can't be told apart."""

_DISC_PX = 5
"""Larger discs are drawn in a smaller copy of the picture: what is lost by that the blur would have taken anyway."""

_FILL_WARP_RATIO = 0.10
"""How far, in parts of the picture's size, the mirrored edge is pulled about: enough that nobody sees a mirror."""


def draw_shift(image_rgb: ImageRgb, strength: float, at_seconds: float, seed: int) -> ImageRgb:
    """Move the view aside by ``strength`` of the width, and a little up or down, as a knocked camera sags."""
    del at_seconds
    height, width = image_rgb.shape[:2]
    random = chance(seed, "shift")
    aside = strength * width * random.choice([-1, 1])
    sag = 0.2 * strength * height * random.uniform(-1, 1)
    tilt = math.radians(3.0 * strength * random.uniform(-1, 1))
    return _moved(image_rgb, np.array([[1.0, -math.tan(tilt), aside], [math.tan(tilt), 1.0, sag]]), seed)


def draw_rotate(image_rgb: ImageRgb, strength: float, at_seconds: float, seed: int) -> ImageRgb:
    """Turn the view about its middle by up to ``MOST_TURN_DEGREES``, and come nearer, so that less is missing."""
    del at_seconds
    height, width = image_rgb.shape[:2]
    degrees = MOST_TURN_DEGREES * strength * chance(seed, "rotate").choice([-1, 1])
    nearer = 1.0 + 0.25 * strength
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), float(degrees), nearer)
    return _moved(image_rgb, np.asarray(matrix, np.float64), seed)


def draw_defocus(image_rgb: ImageRgb, strength: float, at_seconds: float, seed: int) -> ImageRgb:
    """Make a disc of every point, in linear light: bright points shine out of the blur, as in a lens."""
    del at_seconds, seed
    height, width = image_rgb.shape[:2]
    radius = MOST_BLUR_RADIUS * strength * width
    if radius < 0.5:
        return image_rgb
    smaller = max(1.0, radius / _DISC_PX)
    size = (max(8, round(width / smaller)), max(8, round(height / smaller)))
    light = cv2.resize(image_rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32) ** 2
    blurred = cv2.filter2D(light, -1, _disc(radius / smaller), borderType=cv2.BORDER_REPLICATE)
    small = np.clip(np.rint(np.sqrt(np.maximum(blurred, 0))), 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _disc(radius: float) -> Field:
    """Give a filter kernel: a disc whose edge is as soft as a px."""
    reach = math.ceil(radius)
    steps = np.arange(-reach, reach + 1, dtype=np.float32)
    distance = np.hypot(steps[:, None], steps[None, :])
    disc = np.clip(radius + 0.5 - distance, 0.0, 1.0).astype(np.float32)
    return np.asarray(disc / disc.sum(), np.float32)


def _moved(image_rgb: ImageRgb, matrix: NDArray[np.float64], seed: int) -> ImageRgb:
    """Move the picture by an affine matrix (px to px); what comes into view is made of the ground beside it."""
    height, width = image_rgb.shape[:2]
    inverse = cv2.invertAffineTransform(matrix)
    half_hw = (max(8, height // 2), max(8, width // 2))
    x, y = grid(half_hw)
    x_px, y_px = x * width, y * height
    source_x = (inverse[0, 0] * x_px + inverse[0, 1] * y_px + inverse[0, 2]) / width
    source_y = (inverse[1, 0] * x_px + inverse[1, 1] * y_px + inverse[1, 2]) / height
    beyond_x = np.maximum(0, np.maximum(-source_x, source_x - 1))
    beyond_y = np.maximum(0, np.maximum(-source_y, source_y - 1))
    beyond = np.hypot(beyond_x, beyond_y)
    known = np.asarray(cv2.warpAffine(image_rgb, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101), np.uint8)
    if float(beyond.max()) <= 0:
        return known
    fill_rgb = _ground_beside(image_rgb, (source_x, source_y), beyond, seed)
    fill_rgb = np.asarray(cv2.resize(fill_rgb, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    opacity = smooth_step(np.asarray(cv2.resize(beyond, (width, height)) / 0.02, np.float32))
    return blended(known, fill_rgb, opacity)


def _ground_beside(image_rgb: ImageRgb, source_xy: tuple[Field, Field], beyond: Field, seed: int) -> ImageRgb:
    """Draw, at half the size, what might lie beyond the edges: the mirrored edge, pulled about and softened.

    The pull grows with the distance from the edge, so that ground and walls go on without a step.
    """
    size_hw = beyond.shape
    random = chance(seed, "beside")
    pull = _FILL_WARP_RATIO * smooth_step(np.asarray(beyond / 0.15, np.float32))
    leaning = 0.5 * random.choice([-1, 1])  # a mirror is betrayed by lines that come back at the angle they left by
    x = source_xy[0] + pull * 2 * (cloud(random, size_hw, (5, 4)) - 0.5)
    y = source_xy[1] + pull * 2 * (cloud(random, size_hw, (4, 5)) - 0.5) + leaning * beyond
    small_rgb = cv2.resize(image_rgb, size_hw[::-1], interpolation=cv2.INTER_AREA)
    soft_rgb = cv2.GaussianBlur(small_rgb, (0, 0), size_hw[1] / 350)
    map_x, map_y = (x * size_hw[1] - 0.5).astype(np.float32), (y * size_hw[0] - 0.5).astype(np.float32)
    return np.asarray(cv2.remap(soft_rgb, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.uint8)
