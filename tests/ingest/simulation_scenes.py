"""Streets to lay effects over, and what detect would measure of the result."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.camera_events import SceneFacts
from schemas.cameras import Effect, EffectName
from services.detect.scene import measure_scene
from services.ingest.simulation.effects import apply_effects

Image = NDArray[np.uint8]


@cache
def made_street(moment: int = 0) -> Image:
    """Soft and fine structure everywhere, as in a real view, and ten dark figures that walk with ``moment``."""
    random = np.random.default_rng(2)
    soft = cv2.GaussianBlur(random.normal(size=(360, 640, 3)).astype(np.float32), (0, 0), 18)
    fine = cv2.GaussianBlur(random.normal(size=(360, 640, 1)).astype(np.float32), (0, 0), 1.2)[:, :, None]
    image = np.asarray(np.clip(soft / soft.std() * 34 + fine / fine.std() * 14 + 120, 0, 255), np.uint8)
    for number in range(10):
        x, y = (number * 61 + moment * (17 + number)) % 620, 90 + number * 22
        image[y : y + 34, x : x + 12] = (50, 40, 45)
    image.setflags(write=False)
    return image


def pictures_of(clip: Path, every: int, count: int) -> list[Image]:
    """Give ``count`` pictures of a clip, one of ``every``."""
    found: list[Image] = []
    with av.open(str(clip)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % every == 0:
                found.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
            if len(found) == count:
                break
    return found


def with_effect(image: Image, name: EffectName, strength: float, at_seconds: float = 3.0, seed: int = 1) -> Image:
    return apply_effects(image, ((Effect(effect=name), strength, at_seconds),), seed)


def facts(image: Image) -> SceneFacts:
    return measure_scene(np.ascontiguousarray(image[:, :, ::-1]))


def bits_apart(a: SceneFacts, b: SceneFacts) -> int:
    return (int(a.signature, 16) ^ int(b.signature, 16)).bit_count()


def distances(images: Sequence[Image], others: Sequence[Image]) -> list[int]:
    """Give how far each picture's signature is from each other picture's."""
    theirs = [facts(other) for other in others]
    return [bits_apart(facts(image), other) for image in images for other in theirs]
