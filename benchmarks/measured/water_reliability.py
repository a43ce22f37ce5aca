"""How well floods are told from dry roads in spoilt pictures: where the table of ``services/detect/water.py`` is from.

Usage: TILIK_TEST_DATA=FOLDER python -m benchmarks.measured.water_reliability

On the development part, because reliability was chosen. Half a minute.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from services.detect.accuracy.labelled_footage import data_folder
from services.detect.accuracy.water import DRY, FLOODS, Scores, area_under_curve, frame_scores, picture_set
from services.detect.detector import DetectorOptions
from services.detect.resampling import resized
from services.detect.scene import measure_scene, reliability_of
from services.detect.views import WATER_INPUT_HW
from services.detect.water import load_water

Image = NDArray[np.uint8]
Spoil = Callable[[Image], NDArray[np.generic]]
WAYS: dict[str, Spoil] = {
    "as it is": lambda image: image,
    "a third of its light": lambda image: image / 3,
    "a tenth of its light": lambda image: image / 10,
    ".3 of its contrast": lambda image: image.mean() + 0.3 * (image - image.mean()),
    ".15 of its contrast": lambda image: image.mean() + 0.15 * (image - image.mean()),
    "blurred by 3 px of 512": lambda image: cv2.GaussianBlur(image, (0, 0), 3),
    "blurred by 6 px of 512": lambda image: cv2.GaussianBlur(image, (0, 0), 6),
}


def main() -> None:
    """Print the table."""
    water = load_water(DetectorOptions())
    images = [_images((FLOODS,)), _images(DRY["roads"])]
    for name, spoil in WAYS.items():
        spoilt = [[np.asarray(spoil(image), np.uint8) for image in part] for part in images]
        wet, dry = (frame_scores(np.concatenate([water.infer(image[None]) for image in part])) for part in spoilt)
        area = area_under_curve(Scores(wet, dry, np.ones(len(wet), np.int64), np.ones(len(dry), np.int64)))
        reliability = np.median([reliability_of(measure_scene(image)) for part in spoilt for image in part])
        print(f"{name:22}  {area:.3f}  {reliability:.2f}")


def _images(places: tuple[str, ...]) -> list[Image]:
    paths = picture_set(data_folder(), places, "development").paths
    return [resized(np.asarray(cv2.imread(str(path)), np.uint8), WATER_INPUT_HW) for path in paths]


if __name__ == "__main__":
    main()
