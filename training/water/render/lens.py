"""What air and a cheap camera make of the light of a scene."""

import cv2
import numpy as np
from numpy.typing import NDArray

from training.water.render.plan import LensPlan

GREY_TARGET = 0.16  # where a camera's automatic exposure puts the middle of a picture, linear
Floats = NDArray[np.float32]


def develop(light_bgr: Floats, depth_m: Floats, lens: LensPlan, seed: int) -> NDArray[np.uint8]:
    """Make the picture that a camera would send.

    Args:
        light_bgr: linear light, float32 [H, W, 3], BGR, from 0 up.
        depth_m: distance of what is seen, float32 [H, W].
        lens: what air and camera do.
        seed: of noise, rain and caption.
    """
    chance = np.random.default_rng(seed)
    light = _through_haze(light_bgr, depth_m, lens.haze)
    warmed = light * np.array([1 - lens.warmth, 1.0, 1 + lens.warmth], np.float32)
    picture = _exposed(warmed.astype(np.float32), lens)
    if lens.rain > 0:
        picture = np.asarray(picture + _rain(picture.shape[:2], lens.rain, chance)[..., None], np.float32)
    if lens.blur > 0.05:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), lens.blur), np.float32)
    grain = chance.normal(0, lens.noise, picture.shape) * (0.4 + (1 - picture) * 0.6)
    picture = np.asarray(picture + grain, np.float32)
    if lens.sharpening > 0.05:
        picture = picture + lens.sharpening * (picture - cv2.GaussianBlur(picture, (0, 0), 1.2))
    image = np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)
    if lens.caption:
        _write_caption(image, chance)
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, lens.jpeg_quality])
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)


def _through_haze(light: Floats, depth: Floats, haze: float) -> Floats:
    if haze <= 0:
        return light
    seen = np.exp(-haze * np.minimum(depth, 400.0))[..., None]
    veil = np.quantile(light.reshape(-1, 3), 0.8, axis=0)
    return np.asarray(light * seen + veil * (1 - seen), np.float32)


def _exposed(light: Floats, lens: LensPlan) -> Floats:
    grey = cv2.cvtColor(light, cv2.COLOR_BGR2GRAY)
    middle = float(np.exp(np.log(np.maximum(grey, 1e-4)).mean()))
    exposed = light * (GREY_TARGET * lens.brightness / max(middle, 2e-3))
    grey = cv2.cvtColor(exposed.astype(np.float32), cv2.COLOR_BGR2GRAY)[..., None]
    exposed = np.maximum(grey + (exposed - grey) * lens.saturation, 0)
    # A shoulder keeps sky and lamps from one flat white, as cameras do; below a third it is nearly straight.
    curved = (1 - np.exp(-1.35 * exposed)) / (1 - np.exp(-1.35 * 1.6))
    shown = np.clip(curved, 0, 1) ** (1 / 2.2)
    return np.asarray(np.clip((shown - 0.45) * lens.contrast + 0.45, 0, 1), np.float32)


def _rain(size_hw: tuple[int, ...], strength: float, chance: np.random.Generator) -> Floats:
    layer = np.zeros(size_hw, np.float32)
    slant = chance.normal(0, 0.15)
    for _ in range(int(strength * 350 * chance.uniform(0.3, 1))):
        x, y = int(chance.integers(size_hw[1])), int(chance.integers(size_hw[0]))
        long = float(chance.uniform(4, 22))
        end = (int(x + slant * long), int(y + long))
        cv2.line(layer, (x, y), end, float(chance.uniform(0.03, 0.22)), 1, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(layer, (3, 3), 0.7), np.float32)


def _write_caption(image: NDArray[np.uint8], chance: np.random.Generator) -> None:
    digits = chance.integers(0, 10, 14)
    text = "{}{}-{}{}-20{}{} {}{}:{}{}:{}{} CAM {}{}".format(*digits)
    at = (6, 14) if chance.random() < 0.5 else (6, image.shape[0] - 6)
    shade = (255, 255, 255) if chance.random() < 0.7 else (0, 0, 0)
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.36, shade, 1, cv2.LINE_AA)
