"""A camera that was moved, turned or put out of focus."""

from __future__ import annotations

import math
from typing import Any

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
    known = np.asarray(cv2.warpAffine(image_rgb, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101), np.uint8)
    inverse = cv2.invertAffineTransform(matrix)
    x, y = grid((max(8, height // 8), max(8, width // 8)))  # all that follows is smooth: an eighth of the size will do
    source_x = (inverse[0, 0] * x * width + inverse[0, 1] * y * height + inverse[0, 2]) / width
    source_y = (inverse[1, 0] * x * width + inverse[1, 1] * y * height + inverse[1, 2]) / height
    beyond_x = np.maximum(0, np.maximum(-source_x, source_x - 1))
    beyond_y = np.maximum(0, np.maximum(-source_y, source_y - 1))
    beyond = np.asarray(np.hypot(beyond_x, beyond_y), np.float32)
    if float(beyond.max()) <= 0:
        return known
    fill_rgb = _ground_beside(image_rgb, (source_x, source_y), beyond, seed)
    opacity = np.asarray(cv2.resize(smooth_step(beyond / 0.02), (width, height)), np.float32)
    return blended(known, fill_rgb, opacity)


def _ground_beside(
    image_rgb: ImageRgb, source_xy: tuple[NDArray[Any], NDArray[Any]], beyond: Field, seed: int
) -> ImageRgb:
    """Draw what might lie beyond the edges: the mirrored edge, pulled about and softened.

    The pull grows with the distance from the edge, so that ground and walls go on without a step.
    """
    height, width = image_rgb.shape[:2]
    half_hw = (max(8, height // 2), max(8, width // 2))
    random = chance(seed, "beside")
    pull = _FILL_WARP_RATIO * smooth_step(beyond / 0.15)
    leaning = 0.5 * random.choice([-1, 1])  # a mirror is betrayed by lines that come back at the angle they left by
    x = source_xy[0] + pull * 2 * (cloud(random, beyond.shape, (5, 4)) - 0.5)
    y = source_xy[1] + pull * 2 * (cloud(random, beyond.shape, (4, 5)) - 0.5) + leaning * beyond
    map_x = cv2.resize((x * half_hw[1] - 0.5).astype(np.float32), half_hw[::-1])
    map_y = cv2.resize((y * half_hw[0] - 0.5).astype(np.float32), half_hw[::-1])
    half_rgb = cv2.resize(image_rgb, half_hw[::-1], interpolation=cv2.INTER_AREA)
    soft_rgb = cv2.GaussianBlur(half_rgb, (0, 0), half_hw[1] / 350)
    filled_rgb = cv2.remap(soft_rgb, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(cv2.resize(filled_rgb, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
