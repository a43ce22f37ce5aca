"""A flood, and weather without one, over real dry footage: through the real water network and the real flood rule.

    dry clip ─► water whose surface is cut from photographs of floods, where ingest's simulation says that it stands
             ─► or rain, night, a wet road without water
             ─► JPEG ─► water network, scene facts ─► events ─► recompute ─► flood minutes, episodes

The network was trained with none of these photographs and none of these clips (services/detect/models/water.json). The
simulation says where water stands: a white picture changes there. So the share of a zone under water is known exactly.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import simplejpeg
import torch
from numpy.typing import NDArray

from schemas.camera_events import CameraEvent, WaterIdentity
from schemas.cameras import Camera, Effect, Zone
from schemas.geometry import Polygon
from schemas.table import Row
from services.aggregate.recomputation import recompute
from services.detect.accuracy.labelled_footage import data_folder, pets_clip
from services.detect.detector import DetectorOptions
from services.detect.footage import Footage
from services.detect.resampling import resized
from services.detect.scene import measure_scene, reliability_of
from services.detect.views import WATER_INPUT_HW
from services.detect.water import WaterDetector, load_water
from services.ingest.simulation.effects import apply_effects
from services.ingest.simulation.schedule import holding
from tests.aggregate.make_events import make_camera, make_decision, make_frame

Image = NDArray[np.uint8]
"""uint8 [height, width, 3], red, green, blue."""

PERIOD_S: Final = 5
"""0.2 frames a second: the slowest that the city's cameras are read at."""
APPROVED_S: Final = 60
"""When a person approves the dry reference."""
WET_FROM_S: Final = 120
"""When water begins to rise, or the weather to turn."""
_SEED: Final = 7
_BATCH: Final = 8
_QUALITY: Final = 85


@dataclass(frozen=True, slots=True)
class DryClip:
    """Footage of a dry place, and the ground where water would be looked for. ``steps``: pictures a sample."""

    name: str
    path: Path
    steps: int
    ground: Polygon

    def camera(self) -> Camera:
        """Give its camera, at 0.2 frames/s."""
        return make_camera((Zone("ground", "water", self.ground),), sample_fps=1 / PERIOD_S)


def dry_clips() -> dict[str, DryClip]:
    """Give the clips by name. None is longer than 80 s: each is played over and over.

    Raises:
        ConfigurationError: There is no folder with them.
    """
    folder = data_folder() / "clips"
    street: Polygon = ((0.34, 0.5), (0.68, 0.5), (0.97, 0.8), (0.38, 0.8))
    yard: Polygon = ((0.0, 0.55), (1.0, 0.55), (1.0, 0.75), (0.0, 0.75))
    pavement: Polygon = ((0.0, 0.62), (1.0, 0.62), (1.0, 0.82), (0.0, 0.82))
    clips = (
        DryClip("street", folder / "ahmetozlu_input_video.mp4", 24, street),
        DryClip("pets", pets_clip(), 10, yard),
        DryClip("tud_stadtmitte", folder / "TUD-Stadtmitte.mp4", 5, yard),
        DryClip("tud_campus", folder / "TUD-Campus.mp4", 5, pavement),
    )
    return {clip.name: clip for clip in clips}


def surfaces(every: int = 1, least_height_px: int = 100) -> dict[str, Image]:
    """Give pieces of water, by photograph: the largest one of 2:1 in each, where it is high enough.

    Small pieces lose their texture when they are stretched over a picture. ``every``: of how many photographs, by name,
    one is taken.
    """
    photographs = sorted((data_folder() / "flood_area/image").iterdir())[::every]
    found = ((path.name, _water_in(path, least_height_px)) for path in photographs)
    return {name: piece for name, piece in found if piece is not None}


Alteration = Callable[[Image, float], Image]
"""(picture, seconds of the story) → the picture as it is then."""


@dataclass(frozen=True, slots=True)
class Flood:
    """Water that rises from ``WET_FROM_S`` on in ``ramp_s``, stands for ``stands_s``, and falls as slowly."""

    surface: Image
    strength: float = 0.6
    ramp_s: int = 150
    stands_s: int = 300

    @property
    def until_s(self) -> int:
        """Give when the last water has gone."""
        return WET_FROM_S + 2 * self.ramp_s + self.stands_s

    def __call__(self, image: Image, seconds: float) -> Image:
        """Lay the water of that moment over a picture."""
        mask = self.mask(image.shape[:2], seconds)
        if not mask.any():
            return image
        height, width = image.shape[:2]
        drift = round(3 * np.sin(seconds))  # no two frames show the same water
        water = np.roll(_stretched(self.surface, width, height), drift, axis=1)
        opacity = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), height / 240)[:, :, None]
        return np.asarray(image * (1 - opacity) + water * opacity, np.uint8)

    def mask(self, size_hw: tuple[int, int], seconds: float) -> NDArray[np.bool_]:
        """Tell where water stands, bool [height, width]: there ingest's simulation changes a white picture."""
        effect = Effect(
            effect="water",
            strength=self.strength,
            from_seconds=WET_FROM_S,
            until_seconds=self.until_s,
            ramp_seconds=self.ramp_s,
        )
        held = [(one.effect, one.strength, 0.0) for one in holding((effect,), seconds)]
        white = np.full((*size_hw, 3), 255, np.uint8)
        return np.asarray((apply_effects(white, held, _SEED) != 255).any(axis=2))

    def covered(self, ground: Polygon, seconds: float) -> float:
        """Give the share of the ground that is under water."""
        size_hw = WATER_INPUT_HW
        inside = np.zeros(size_hw, np.uint8)
        corners = np.array([(x * size_hw[1], y * size_hw[0]) for x, y in ground]).round().astype(np.int32)
        cv2.fillPoly(inside, [corners], 1)
        return float(self.mask(size_hw, seconds)[inside > 0].mean())

    def onset_s(self, ground: Polygon, ratio: float = 0.15) -> int:
        """Give the first whole second at which so much of the ground is under water."""
        rising = range(WET_FROM_S, WET_FROM_S + self.ramp_s + 1)
        return rising[bisect_left(rising, ratio, key=lambda seconds: self.covered(ground, seconds))]

    def cleared_s(self, ground: Polygon, ratio: float = 0.05) -> int:
        """Give the first whole second from which on no more of the ground is under water than that."""
        falling = range(WET_FROM_S + self.ramp_s + self.stands_s, self.until_s + 1)
        return falling[bisect_left(falling, -ratio, key=lambda seconds: -self.covered(ground, seconds))]


def weather(name: str, strength: float) -> Alteration:
    """Give rain or night as ingest simulates it, from ``WET_FROM_S`` on, growing for a minute."""
    effect = Effect(effect=name, strength=strength, from_seconds=WET_FROM_S, ramp_seconds=60)  # type: ignore[arg-type]

    def altered(image: Image, seconds: float) -> Image:
        held = [(one.effect, one.strength, one.at_seconds) for one in holding((effect,), seconds)]
        return apply_effects(np.ascontiguousarray(image), held, _SEED)

    return altered


def wet_road(ground: Polygon) -> Alteration:
    """Give a ground that is wet and bears no water: darker, richer in colour, with a faint blurred mirror image."""

    def altered(image: Image, seconds: float) -> Image:
        if seconds < WET_FROM_S:
            return image
        height, width = image.shape[:2]
        top = round(height * min(y for _, y in ground))
        below = height - top
        mirrored = cv2.resize(image[:top][::-1], (width, below), interpolation=cv2.INTER_AREA)
        mirrored = cv2.GaussianBlur(mirrored, (0, 0), sigmaX=2, sigmaY=height / 30).astype(np.float32)
        dry = image[top:].astype(np.float32)
        grey = dry.mean(axis=2, keepdims=True)
        wet = 0.62 * (grey + 1.25 * (dry - grey)) + 0.12 * mirrored
        return np.concatenate([image[:top], np.clip(wet, 0, 255).astype(np.uint8)])

    return altered


def judged(clip: DryClip, altered: Alteration, until_s: int) -> dict[str, list[Row]]:
    """Give all rows of the story; 35 ms of CPU time a frame at 640 x 480 px."""
    return recompute(events(clip, altered, until_s), [clip.camera()])


def events(clip: DryClip, altered: Alteration, until_s: int) -> Iterator[CameraEvent]:
    """Give a frame each 5 s, as detect would judge it, and the approval of the dry reference."""
    shots = pictures(clip)
    times = range(0, until_s, PERIOD_S)
    for start in range(0, len(times), _BATCH):
        batch = times[start : start + _BATCH]
        shown = [_as_sent(altered(shots[n // PERIOD_S % len(shots)], n)) for n in batch]
        for seconds, image_bgr, grid in zip(batch, shown, _grids(shown), strict=True):
            if seconds == APPROVED_S:
                yield make_decision(APPROVED_S, "dry_reference_approved")
            scene = measure_scene(image_bgr)
            yield make_frame(
                seconds,
                sequence=seconds // PERIOD_S,
                simulated=True,
                scene=scene,
                reliability=reliability_of(scene),
                water=grid.tobytes(),
                water_detector=_identity(),
            )


@cache
def _detector() -> WaterDetector:
    return load_water(DetectorOptions())


def _identity() -> WaterIdentity:
    return _detector().identity


def _grids(shown: list[Image]) -> NDArray[np.uint8]:
    inputs = np.stack([resized(image_bgr, WATER_INPUT_HW) for image_bgr in shown])
    return _detector().infer(torch.from_numpy(inputs))


@lru_cache(maxsize=4)
def pictures(clip: DryClip) -> list[Image]:
    """Give the clip's samples, forwards and backwards, so that no picture comes after a cut."""
    found = [
        np.asarray(simplejpeg.decode_jpeg(frame.jpeg, colorspace="RGB"), np.uint8)
        for frame in Footage(clip.path, clip.name, every=clip.steps, jpeg_quality=95).frames()
    ]
    return found + found[-2:0:-1]


def _as_sent(image: Image) -> Image:
    """Give a picture as detect gets it: blue, green, red, after ingest's JPEG."""
    jpeg = simplejpeg.encode_jpeg(np.ascontiguousarray(image), quality=_QUALITY, colorspace="RGB")
    return np.asarray(simplejpeg.decode_jpeg(jpeg, colorspace="BGR"), np.uint8)


def _water_in(photograph: Path, least_height_px: int) -> Image | None:
    image = cv2.imread(str(photograph), cv2.IMREAD_COLOR_RGB)
    mask = cv2.imread(str(photograph.parents[1] / "mask" / f"{photograph.stem}.png"), cv2.IMREAD_GRAYSCALE)
    if image is None or mask is None:
        return None
    height, width = image.shape[:2]
    wet = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST) >= 128
    total = cv2.integral(wet.astype(np.uint8))
    for side in range(min(height, width // 2), least_height_px - 1, -10):
        across = 2 * side
        inside = total[side:, across:] - total[:-side, across:] - total[side:, :-across] + total[:-side, :-across]
        top, left = np.unravel_index(int(inside.argmax()), inside.shape)
        if inside[top, left] >= 0.99 * side * across:
            return np.asarray(image[top : top + side, left : left + across], np.uint8)
    return None


@lru_cache(maxsize=2)
def _laid_out(key: tuple[int, int, bytes, tuple[int, ...]]) -> Image:
    width, height, pixels, shape = key
    surface = np.frombuffer(pixels, np.uint8).reshape(shape)
    lower = cv2.resize(surface, (width, height * 2 // 3), interpolation=cv2.INTER_AREA)
    return np.concatenate([lower[: height - len(lower)][::-1], lower])


def _stretched(surface: Image, width: int, height: int) -> Image:
    """Give the surface over a whole picture: its lower two thirds, and what is above mirrored from it."""
    return _laid_out((width, height, surface.tobytes(), surface.shape))
