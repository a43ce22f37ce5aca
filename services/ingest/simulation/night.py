"""Night: little light, little colour, much noise, and what lamps leave of it."""

from __future__ import annotations

import cv2
import numpy as np

from services.ingest.simulation.textures import Field, ImageRgb, add_grain, chance, grid

DARKEST_RATIO = 0.09
"""What is left of daylight at strength 1, away from lamps: a street without lighting, as a camera without infrared sees
it."""

_SMALL_WIDTH_PX = 160
_LAMPS = 2
_LAMP_LIGHT = (1.0, 0.80, 0.52)
"""Colour of their light (RGB): about 3,000 K, as street lighting has."""
_MOON_LIGHT = (0.82, 0.92, 1.12)
_NOISE_DEVIATION = 6.0


def draw_night(image_rgb: ImageRgb, strength: float, at_seconds: float, seed: int) -> ImageRgb:
    """Darken: at strength 1 the picture's mean falls to a tenth. Small bright spots stay, and glow."""
    height, width = image_rgb.shape[:2]
    size_hw = (max(8, round(height * _SMALL_WIDTH_PX / width)), _SMALL_WIDTH_PX)
    small_rgb = np.asarray(cv2.resize(image_rgb, size_hw[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    grey = cv2.cvtColor(cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    pale_rgb = cv2.addWeighted(image_rgb, 1.0 - 0.65 * strength, grey, 0.65 * strength, 0.0)
    dark_rgb = _lit(np.asarray(pale_rgb, np.uint8), _light(size_hw, strength, seed))
    glow = _glow(small_rgb, strength)
    glow_rgb = np.clip(glow[:, :, None] * np.array(_LAMP_LIGHT, np.float32), 0, 255).astype(np.uint8)
    glowing_rgb = cv2.add(dark_rgb, cv2.resize(glow_rgb, (width, height), interpolation=cv2.INTER_LINEAR))
    return add_grain(np.asarray(glowing_rgb, np.uint8), chance(seed, "night", at_seconds), _NOISE_DEVIATION * strength)


def _light(size_hw: tuple[int, int], strength: float, seed: int) -> Field:
    """Give what is left of the light, float32 (height, width, 3): moonlight, and pools of light under lamps."""
    random = chance(seed, "lamps")
    x, y = grid(size_hw)
    pools: Field = np.zeros(size_hw, np.float32)
    for _ in range(_LAMPS):
        lamp_x, lamp_y, reach = random.uniform(0.05, 0.95), random.uniform(0.35, 0.75), random.uniform(0.10, 0.18)
        pools += np.exp(-(((x - lamp_x) / reach) ** 2 + ((y - lamp_y) / (reach * 0.8)) ** 2))
    day = 1.0 - strength
    moon = np.array(_MOON_LIGHT, np.float32) * (day + strength * DARKEST_RATIO)
    lamps = np.minimum(pools, 1.0)[:, :, None] * np.array(_LAMP_LIGHT, np.float32) * 0.28 * strength
    return np.asarray(np.minimum(moon + lamps, 1.0), np.float32)


def _lit(image_rgb: ImageRgb, light: Field) -> ImageRgb:
    height, width = image_rgb.shape[:2]
    light_255 = np.rint(light * 255).astype(np.uint8)
    whole = cv2.resize(light_255, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.multiply(image_rgb, whole, scale=1 / 255), np.uint8)


def _glow(small_rgb: ImageRgb, strength: float) -> Field:
    """Find what is bright and small (headlamps, signs, wet reflections), and give its light with a halo around it."""
    luma = cv2.cvtColor(small_rgb, cv2.COLOR_RGB2GRAY)
    spots = cv2.subtract(luma, cv2.morphologyEx(luma, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))
    bright = np.where(luma >= 225, spots, 0).astype(np.float32)
    halo = 0.8 * bright + cv2.GaussianBlur(bright, (0, 0), 1.0) + 1.5 * cv2.GaussianBlur(bright, (0, 0), 4.0)
    return np.asarray(np.minimum(strength * 1.2 * halo, 230.0), np.float32)
