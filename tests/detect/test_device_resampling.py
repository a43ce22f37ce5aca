"""A GPU's way of resampling and fitting, held against OpenCV's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.detect.device_resampling import letterbox_planes, resampled
from services.detect.letterbox import letterbox
from services.detect.resampling import resized
from tests.detect.test_resampling import noise_bgr

pytestmark = pytest.mark.torch

sides = st.integers(16, 300)
sizes = st.tuples(sides, sides)
input_sides = st.integers(16, 700)


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


def test_shrinking_keeps_thin_things() -> None:
    """A line of one px, of which sampling every eighth px would show all or nothing."""
    image = np.zeros((160, 320, 3), np.uint8)
    image[77] = 240
    small = resampled(planes_of(image), (20, 40)).permute(1, 2, 0).numpy()
    assert np.allclose(small[9], 30, atol=1)


@settings(max_examples=40, deadline=None)
@given(size_hw=sizes, input_hw=st.tuples(input_sides, input_sides))
def test_both_forms_give_the_same_input_to_one_level(size_hw: tuple[int, int], input_hw: tuple[int, int]) -> None:
    image = noise_bgr(size_hw)
    fitted, placement = letterbox(image, input_hw)
    planes = torch.from_numpy(image).permute(2, 0, 1)[None].expand(2, -1, -1, -1).float()
    by_tensors, same_placement = letterbox_planes(planes, input_hw)
    assert same_placement == placement
    for each in by_tensors:
        assert np.abs(each.permute(1, 2, 0).numpy().astype(int) - fitted).max() <= 1
