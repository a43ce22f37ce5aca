"""Rain: a grey veil that grows with distance, streaks in three depths, and drops and film on the lens."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from services.ingest.simulation.textures import ImageRgb, blended, chance, cloud, grid, smooth_step

_LAYERS = ((0.022, 0.20, 700, 1.3), (0.050, 0.26, 260, 2.1), (0.120, 0.30, 26, 3.2))
"""Far, near and nearest streaks: length in parts of the height, brightness, how many at strength 1 in a square picture,
speed in heights a second. Length is what a drop falls within an exposure of about 1/50 s, at its distance."""

_STREAKS_HEIGHT_PX = 720
"""In higher pictures streaks are drawn at this height, 1 px wide, and made larger."""

_SLANT = 0.12
"""The wind's share: how far aside a streak falls for each px down."""

_VEIL_RATIO = (0.50, 0.20)
"""What the veil hides at strength 1, at the top of the picture (far away) and at its bottom."""

_MOST_DROPS = 26


def draw_rain(image_rgb: ImageRgb, strength: float, at_seconds: float, seed: int) -> ImageRgb:
    """Let it rain: at strength 0.3 steadily, at 1 so hard that the far end of the street is lost."""
    veiled_rgb = _veiled(image_rgb, strength)
    wet_rgb = cv2.add(veiled_rgb, _streaks(image_rgb.shape[:2], strength, at_seconds, seed))
    return _wet_lens(np.asarray(wet_rgb, np.uint8), strength, at_seconds, seed)


def _veiled(image_rgb: ImageRgb, strength: float) -> ImageRgb:
    """Take light, colour and contrast, more of it with distance."""
    size_hw = image_rgb.shape[:2]
    grey = cv2.cvtColor(cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    dull_rgb = cv2.addWeighted(image_rgb, 0.92 - 0.52 * strength, grey, 0.40 * strength, 0.0)
    level = 0.55 * float(image_rgb[::8, ::8].mean()) + 45
    veil_rgb = np.broadcast_to(np.array([level * 0.97, level, level * 1.03]).astype(np.uint8), image_rgb.shape)
    _, y = grid(size_hw)
    far, near = _VEIL_RATIO
    opacity = (strength * (near + (far - near) * (1.0 - y) ** 1.5)).astype(np.float32)
    return blended(np.asarray(dull_rgb, np.uint8), np.ascontiguousarray(veil_rgb), opacity)


def _streaks(size_hw: tuple[int, int], strength: float, at_seconds: float, seed: int) -> ImageRgb:
    """Draw falling drops, light on black. Each has its place, from which it falls, over and over."""
    smaller = max(1.0, size_hw[0] / _STREAKS_HEIGHT_PX)
    height, width = round(size_hw[0] / smaller), round(size_hw[1] / smaller)
    layer = np.zeros((height, width), np.uint8)
    for index, (length, bright, most, speed) in enumerate(_LAYERS):
        random = chance(seed, f"streaks {index}")
        count = round(most * (0.25 + 0.75 * strength) * min(4.0, width / height))
        pace = speed * random.uniform(0.8, 1.2, count)
        fallen = random.uniform(0, 1 + 2 * length, count) + pace * at_seconds
        rounds, y = np.divmod(fallen, 1 + 2 * length)
        x = (random.random(count) + rounds * 0.382) % 1.1 - 0.05  # another place each time that it falls
        tops = np.stack([x * width + y * height * _SLANT, (y - length) * height], axis=1)
        steps = length * height * random.uniform(0.6, 1.4, (count, 1)) * np.array([[_SLANT, 1.0]])
        lines = np.rint(np.stack([tops, tops + steps], axis=1) * 16).astype(np.int32)
        value = round(255 * bright * (0.6 + 0.4 * strength))
        cv2.polylines(layer, list(lines), False, value, 1, cv2.LINE_AA, 4)
    soft = cv2.resize(cv2.GaussianBlur(layer, (3, 7), sigmaX=0.55, sigmaY=2.0), size_hw[::-1])
    return np.asarray(cv2.cvtColor(soft, cv2.COLOR_GRAY2RGB), np.uint8)


def _wet_lens(image_rgb: ImageRgb, strength: float, at_seconds: float, seed: int) -> ImageRgb:
    """Lay a film of water over parts of the lens, and drops, each of which shows the scene small and upside down."""
    height, width = image_rgb.shape[:2]
    small_hw = (max(8, height // 4), max(8, width // 4))
    small_rgb = np.asarray(cv2.resize(image_rgb, small_hw[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    soft = cv2.GaussianBlur(small_rgb, (0, 0), 1.0 + 0.006 * width * strength)
    soft_rgb = np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    film = cloud(chance(seed, "film"), small_hw, (4, 6))
    film = smooth_step((film - 1.0 + 0.5 * strength) * 3)
    whole = np.clip(cv2.resize(film, (width, height), interpolation=cv2.INTER_LINEAR), 0, 1)
    wet_rgb = blended(image_rgb, soft_rgb, np.asarray(whole, np.float32))
    random = chance(seed, "drops")
    for _ in range(round(_MOST_DROPS * strength)):
        x, y, wide = random.uniform(0, 1), random.uniform(0, 1), random.uniform(0.006, 0.022)
        runs = random.random() < 0.25
        fall = 0.03 * at_seconds * random.uniform(0.5, 1.5) if runs else 0.0
        radius = max(3, round(wide * width))
        _drop(wet_rgb, small_rgb, (round(x * width), round(((y + fall) % 1.1) * height)), radius)
    return wet_rgb


def _drop(image_rgb: ImageRgb, small_rgb: ImageRgb, centre_xy: tuple[int, int], radius: int) -> None:
    """Draw one drop into the picture: the scene around it turned over, dark above, a bright edge below."""
    height, width = image_rgb.shape[:2]
    left, top = centre_xy[0] - radius, centre_xy[1] - radius
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + 2 * radius), min(height, top + 2 * radius)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    steps = (np.arange(2 * radius, dtype=np.float32) + 0.5) / radius - 1.0
    u, v = np.meshgrid(steps[x0 - left : x1 - left], steps[y0 - top : y1 - top])
    distance = np.hypot(u, v * (1.0 - 0.12 * v))
    opacity = np.asarray(0.88 * smooth_step((1.0 - distance) * 3.5), np.float32)
    shade = (0.92 + 0.28 * v + 0.25 * smooth_step((distance - 0.55) * 2.5) * (v > 0)).astype(np.float32)
    seen = _turned_over(small_rgb, centre_xy, radius, (u, v)).astype(np.float32) * shade[:, :, None]
    under = np.ascontiguousarray(image_rgb[y0:y1, x0:x1])
    over = np.clip(seen, 0, 255).astype(np.uint8)
    image_rgb[y0:y1, x0:x1] = blended(under, over, opacity)


def _turned_over(
    small_rgb: ImageRgb, centre_xy: tuple[int, int], radius: int, uv: tuple[NDArray[Any], NDArray[Any]]
) -> ImageRgb:
    """Give what a drop shows: about eight times its own width of the scene, upside down and reversed."""
    reach = 8.0 * radius / 4
    map_x = (centre_xy[0] / 4 - uv[0] * reach * (1 + 0.5 * uv[0] ** 2)).astype(np.float32)
    map_y = (centre_xy[1] / 4 - uv[1] * reach * (1 + 0.5 * uv[1] ** 2)).astype(np.float32)
    return np.asarray(cv2.remap(small_rgb, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.uint8)
