"""What lenses, weather, compression and framing do to a picture, so that drawn and rendered ones look less alike.

Framing moves picture and mask; the rest changes colours only.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

ImageBgr = NDArray[np.uint8]
"""uint8 [H, W, 3]: blue, green, red."""
Mask = NDArray[np.uint8]
"""uint8 [H, W], as in ``picture_folder``."""
Light = NDArray[np.floating]
"""[H, W, 3] in [0, 1]."""
Chance = np.random.Generator

SMALLEST_CROP = 0.55
"""Of the picture's sides."""
BLUR_PX = (0.4, 4.0)
"""Standard deviation of the least and the strongest blur, at a width of 512 px; even on a scale of ratios. A dirty or
badly focused lens has 3 px."""


def augmented(image_bgr: ImageBgr, mask: Mask, chance: Chance, size_hw: tuple[int, int]) -> tuple[ImageBgr, Mask]:
    """Give picture and mask at ``size_hw``, changed. The originals are left as they are."""
    image, labels = _framed(image_bgr, mask, chance, size_hw)
    light = _coloured(np.asarray(image, np.float32) / 255, chance)
    if chance.random() < 0.2:
        light = _veiled(light, chance)
    if chance.random() < 0.5:
        light = _unsharp(light, chance)
    grain = chance.normal(0, chance.choice([0.0, 0.005, 0.015, 0.04]), light.shape)
    image = (np.clip(light + grain, 0, 1) * 255).astype(np.uint8)
    if chance.random() < 0.6:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(chance.integers(15, 90))])
        image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return image, labels


def _framed(image: ImageBgr, mask: Mask, chance: Chance, size_hw: tuple[int, int]) -> tuple[ImageBgr, Mask]:
    rows, columns = mask.shape
    height, width = (chance.uniform(SMALLEST_CROP, 1.0) if chance.random() < 0.7 else 1.0 for _ in range(2))
    top, left = chance.uniform(0, 1 - height) * rows, chance.uniform(0, 1 - width) * columns
    corners = np.array([[0, 0], [1, 0], [0, 1]]) * (width * columns, height * rows) + (left, top)
    lean = np.tan(np.radians(chance.normal(0, 2.5)))
    corners += np.array([[0, -1], [0, 1], [0, -1]]) * (lean * width * columns / 2)
    if chance.random() < 0.5:
        corners[:, 0] = columns - corners[:, 0]
    out = np.array([[0, 0], [size_hw[1], 0], [0, size_hw[0]]], np.float32)
    matrix = cv2.getAffineTransform(corners.astype(np.float32), out)
    moved = cv2.warpAffine(image, matrix, size_hw[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    labels = cv2.warpAffine(mask, matrix, size_hw[::-1], flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.uint8), np.asarray(labels, np.uint8)


def _coloured(light: Light, chance: Chance) -> Light:
    light = light ** np.float32(np.exp(chance.normal(0, 0.3)))
    grey = light.mean(axis=2, keepdims=True)
    saturation = chance.choice([0.0, 1.0], p=[0.06, 0.94]) * chance.uniform(0.4, 1.6)
    light = grey + np.float32(saturation) * (light - grey)
    light = (light - 0.5) * np.float32(chance.uniform(0.6, 1.5)) + np.float32(0.5 + chance.normal(0, 0.1))
    light = light * chance.normal(1, 0.08, 3).astype(np.float32)
    return np.asarray(np.clip(light, 0, 1), np.float32)


def _veiled(light: Light, chance: Chance) -> Light:
    """Lay fog over the upper part, where the picture looks far."""
    rows = np.linspace(1, 0, light.shape[0], dtype=np.float32)[:, None, None]
    share = chance.uniform(0, 0.7) * np.clip(rows + chance.uniform(-0.5, 0.5), 0, 1)
    return np.asarray(light + share * (np.float32(chance.uniform(0.5, 0.95)) - light), np.float32)


def _unsharp(light: Light, chance: Chance) -> Light:
    if chance.random() < 0.5:
        softness = np.exp(chance.uniform(*np.log(BLUR_PX)))
        return np.asarray(cv2.GaussianBlur(light, (0, 0), float(softness)), np.float32)
    soft = cv2.GaussianBlur(light, (0, 0), chance.uniform(0.6, 1.5))
    return np.asarray(light + chance.uniform(0.3, 1.2) * (light - soft), np.float32)
