"""A folder of drawn scenes, in the form of ``picture_folder``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from training.water.drawn.cover import make_textures
from training.water.drawn.paint import paint_scene
from training.water.drawn.plan import plan_scene
from training.water.picture_folder import LabelledPicture, append, read_index

VALIDATION_EVERY = 8


def draw_pictures(out: Path, count: int, seed: int, advance: Callable[[], None] = lambda: None) -> None:
    """Draw ``count`` pictures into ``out``; the same seed gives the same pictures. Goes on where it was cut off.

    Takes 0.15 s a picture on one core.
    """
    out.mkdir(parents=True, exist_ok=True)
    done = {line.seed for line in read_index(out)}
    textures = make_textures(seed)
    for number in range(count):
        if number not in done:
            scene = plan_scene(np.random.default_rng([seed, number]))
            picture, mask = paint_scene(scene, textures)
            line = LabelledPicture(
                file=f"{number:06d}.jpg",
                seed=number,
                split="val" if number % VALIDATION_EVERY == 0 else "train",
                tags={"place": scene.place, "water": scene.wet, "water_ratio": round(float((mask > 200).mean()), 4)},
            )
            append(out, number, picture, mask, line)
        advance()
