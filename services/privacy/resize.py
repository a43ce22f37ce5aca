"""Resize images without OpenCV, whose wheel weighs 150 MB and which no service that shows or keeps images needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def resize_area(image: NDArray[np.uint8], size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a smaller copy of ``image`` in which each pixel is the mean of those that it covers.

    A pixel of ``image`` belongs to the pixel of the copy in which its centre lies.

    Args:
        image: uint8 [H, W, 3], in any order of channels; need not be contiguous.
        size_hw: Height and width of the copy in px, at least 1 each.
    """
    return _resize(image, size_hw, Image.Resampling.BOX)


def resize_nearest(image: NDArray[np.uint8], size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a copy of ``image`` in which each pixel is the nearest one of ``image``. Arguments as `resize_area`."""
    return _resize(image, size_hw, Image.Resampling.NEAREST)


def _resize(image: NDArray[np.uint8], size_hw: tuple[int, int], filter_: Image.Resampling) -> NDArray[np.uint8]:
    height, width = size_hw
    return np.asarray(Image.fromarray(image).resize((width, height), filter_))
