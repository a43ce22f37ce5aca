from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from services.detect.resampling import resized


def noise_bgr(size_hw: tuple[int, int], seed: int = 3) -> NDArray[np.uint8]:
    """Noise on soft structure: harder on rounding than any picture of a camera."""
    rng = np.random.default_rng(seed)
    soft = cv2.resize(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8), size_hw[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.addWeighted(soft, 0.7, rng.integers(0, 256, (*size_hw, 3), dtype=np.uint8), 0.3, 0), np.uint8)


def test_a_size_that_stays_changes_nothing() -> None:
    image = noise_bgr((40, 70))
    assert np.array_equal(resized(image, (40, 70)), image)


def test_shrinking_keeps_thin_things() -> None:
    """A line of one px, of which sampling every eighth px would show all or nothing."""
    image = np.zeros((160, 320, 3), np.uint8)
    image[77] = 240
    assert np.allclose(resized(image, (20, 40))[9], 30, atol=1)
