"""Water painted over photographs of dry ground: the cheap cousin of rendering, with the grain of real cameras.

::

    dry photograph ─┬─► as it is: an example of dry ground
                    └─► mirrored about the water's edge, rippled ─► over murk ─► where ground is low ─► with its mask

The ground is taken as a plane that leads away from a camera of a height and pitch drawn by chance. Photographs are the
car parks of PKLot (CC BY 4.0, Almeida et al. 2015) and, dry only, Intel's clip of a room (CC BY 4.0).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.water.augmentation import ImageBgr, Mask
from training.water.drawn.plan import MURKS
from training.water.drawn.texture import Chance, Field, make_tiles, sampled, smooth_step
from training.water.drawn.view import Rays, View
from training.water.picture_folder import LabelledPicture, append, mask_of, read_index

SIZE_HW = (288, 512)
DRY_SHARE = 0.4
"""Of the pictures are left dry."""
CLIP = "clips/intel_one-by-one-person-detection.mp4"
CLIP_EVERY = 60
"""Frames: five seconds; neighbours show the same."""
VALIDATION_EVERY = 8
_MIDDLE, _HILLS = 2, 3


def composite_pictures(
    out: Path, footage: Path, count: int, seed: int, advance: Callable[[], None] = lambda: None
) -> None:
    """Write ``count`` pictures into ``out``; the same seed gives the same. Goes on where it was cut off.

    Args:
        out: A folder as in ``picture_folder``.
        footage: With ``pklot`` and ``clips``.
        count: How many; each photograph is taken as often as the next one.
        seed: Of all that is drawn by chance.
        advance: Called after each picture.
    """
    out.mkdir(parents=True, exist_ok=True)
    done = {line.seed for line in read_index(out)}
    streets, room = _car_parks(footage), list(_room(footage))
    tiles = make_tiles(seed)
    order = np.random.default_rng([seed, 3]).permutation(len(streets))
    for number in range(count):
        if number not in done:
            chance = np.random.default_rng([seed, number])
            image, mask, wet = _dry(room[number // 10 % len(room)]) if number % 10 == 9 else _made(
                streets[order[number % len(order)]], chance, tiles
            )  # fmt: skip
            line = LabelledPicture(
                f"{number:06d}.jpg", number, "val" if number % VALIDATION_EVERY == 0 else "train", {"water": wet}
            )
            append(out, number, image, mask, line)
        advance()


def flooded(image_bgr: ImageBgr, chance: Chance, tiles: list[Field]) -> tuple[ImageBgr, Mask]:
    """Give the photograph, uint8 [H, W, 3], with water over it, and the water's mask."""
    size_hw = (image_bgr.shape[0], image_bgr.shape[1])
    view = View(
        chance.uniform(4, 12), math.radians(chance.uniform(12, 45)), size_hw[1] * chance.uniform(0.6, 1.2), size_hw
    )
    rays = view.rays()
    light = np.asarray(np.asarray(image_bgr, np.float32) / 255, np.float32)
    rows = np.arange(size_hw[0], dtype=np.float32)[:, None] / size_hw[0] + np.zeros(size_hw, np.float32)
    edge = float(chance.uniform(0.05, 0.85))
    height = 0.12 * sampled(tiles[_HILLS], rays.x, rays.z, 60, (chance.uniform(0, 60), 0.0)) * chance.uniform(0.2, 2)
    depth = np.asarray(np.where(rays.below, rows - edge - height, -1), np.float32)
    cover = smooth_step(depth, 0.0, 0.03) * (1 - chance.choice([0.0, 0.7]) * _standing_out(light))
    surface = _surface(light, rays, edge, chance, tiles)
    picture = light + cover[..., None] * (surface - light)
    return (np.clip(picture, 0, 1) * 255).astype(np.uint8), mask_of(np.asarray(cover, np.float32))


def _surface(
    light: NDArray[np.float32], rays: Rays, edge: float, chance: Chance, tiles: list[Field]
) -> NDArray[np.float32]:
    height, width = light.shape[:2]
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    waves = sampled(tiles[_MIDDLE], rays.x, rays.z, float(chance.uniform(10, 80)), (chance.uniform(0, 60), 0.0))
    near = np.clip(12 / np.maximum(rays.distance, 1), 0.05, 3)
    shift = waves * near * chance.choice([0.0, 2.0, 6.0, 14.0])
    seen = cv2.remap(
        cv2.GaussianBlur(light, (0, 0), sigmaX=1.0, sigmaY=float(chance.uniform(1, 6))),
        np.asarray(columns + 0.2 * shift, np.float32),
        np.asarray(2 * edge * height - rows + shift, np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    cosine = np.clip(-rays.direction[..., 1], 0, 1)
    share = np.clip(chance.uniform(0.5, 2.5) * (0.02 + 0.98 * (1 - cosine) ** 5) + chance.uniform(0, 0.35), 0, 0.95)
    murk = np.array(MURKS[chance.integers(len(MURKS))]) * np.clip(light.mean() * 2, 0.3, 1.2) * chance.uniform(0.7, 1.2)
    tone = 1 + 0.05 * sampled(tiles[_HILLS], rays.x, rays.z, 90) + 0.04 * waves * near
    return np.asarray(murk * tone[..., None] * (1 - share[..., None]) + share[..., None] * seen, np.float32)


def _standing_out(light: NDArray[np.float32]) -> Field:
    """Give what differs much from the ground around it, 0-1: vehicles and persons, by and large."""
    around = cv2.blur(light, (light.shape[1] // 6, light.shape[0] // 6))
    differs = np.abs(light - around).max(axis=2)
    return smooth_step(cv2.GaussianBlur(differs, (0, 0), 3.0).astype(np.float32), 0.12, 0.22)


def _made(path: Path, chance: Chance, tiles: list[Field]) -> tuple[ImageBgr, Mask, str]:
    image, mask, wet = _dry(_small(cv2.imread(str(path), cv2.IMREAD_COLOR), path))
    return (image, mask, wet) if chance.random() < DRY_SHARE else (*flooded(image, chance, tiles), "flood")


def _dry(image: ImageBgr) -> tuple[ImageBgr, Mask, str]:
    return image, np.zeros(SIZE_HW, np.uint8), "dry"


def _car_parks(footage: Path) -> list[Path]:
    paths = [*(footage / "pklot" / "timelapse").glob("*.jpg")]
    paths += [
        path for path in (footage / "pklot").glob("sequence*/frames/*") if path.suffix.lower() in {".jpg", ".png"}
    ]
    if not paths:
        raise ValueError(f"{footage} has no pictures of pklot")
    return sorted(paths)


def _room(footage: Path) -> Iterator[ImageBgr]:
    clip = cv2.VideoCapture(str(footage / CLIP))
    index = 0
    while clip.grab():
        if index % CLIP_EVERY == 0:
            yield _small(clip.retrieve()[1], footage / CLIP)
        index += 1


def _small(image: NDArray[np.generic] | None, path: Path) -> ImageBgr:
    if image is None:
        raise ValueError(f"{path} can't be read")
    return np.asarray(cv2.resize(np.asarray(image, np.uint8), SIZE_HW[::-1], interpolation=cv2.INTER_AREA), np.uint8)
