from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.detect.resampling import resampled, resized

sides = st.integers(16, 300)
sizes = st.tuples(sides, sides)


def noise_bgr(size_hw: tuple[int, int], seed: int = 3) -> NDArray[np.uint8]:
    """Noise on soft structure: harder on rounding than any picture of a camera."""
    rng = np.random.default_rng(seed)
    soft = cv2.resize(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8), size_hw[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.addWeighted(soft, 0.7, rng.integers(0, 256, (*size_hw, 3), dtype=np.uint8), 0.3, 0), np.uint8)


def planes_of(image_bgr: NDArray[np.uint8], dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.from_numpy(image_bgr).permute(2, 0, 1).to(dtype)


@settings(max_examples=60, deadline=None)
@given(old_hw=sizes, new_hw=sizes)
def test_both_forms_give_the_same_to_one_level(old_hw: tuple[int, int], new_hw: tuple[int, int]) -> None:
    image = noise_bgr(old_hw)
    by_tensors = resampled(planes_of(image), new_hw).permute(1, 2, 0).numpy()
    assert np.abs(by_tensors - resized(image, new_hw)).max() <= 1.0


@pytest.mark.parametrize(
    ("old_hw", "new_hw"), [((720, 1280), (288, 512)), ((432, 768), (234, 416)), ((90, 160), (234, 416))]
)
def test_half_precision_is_exact_to_a_level(old_hw: tuple[int, int], new_hw: tuple[int, int]) -> None:
    planes = planes_of(noise_bgr(old_hw))
    halves = resampled(planes.half(), new_hw)
    assert halves.dtype == torch.float16
    assert float((halves.float() - resampled(planes, new_hw)).abs().max()) <= 0.5


def test_a_size_that_stays_changes_nothing() -> None:
    image = noise_bgr((40, 70))
    assert np.array_equal(resampled(planes_of(image), (40, 70)).permute(1, 2, 0).numpy(), image)
    assert np.array_equal(resized(image, (40, 70)), image)


def test_shrinking_keeps_thin_things() -> None:
    """A line of one px, of which sampling every eighth px would show all or nothing."""
    image = np.zeros((160, 320, 3), np.uint8)
    image[77] = 240
    for small in (resized(image, (20, 40)), resampled(planes_of(image), (20, 40)).permute(1, 2, 0).numpy()):
        assert np.allclose(small[9], 30, atol=1)
