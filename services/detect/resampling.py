"""Images made smaller or larger, with OpenCV on a CPU. ``device_resampling.py`` does the same on a GPU.

Shrinking averages areas, which keeps thin and far things that point sampling loses; where a side grows, both sides are
interpolated linearly.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

ImageBgr = NDArray[np.uint8]
"""uint8 [height, width, 3], blue, green, red."""


def resized(image_bgr: ImageBgr, size_hw: tuple[int, int]) -> ImageBgr:
    """Give a picture, uint8 [H, W, 3], in another size (height, width), px."""
    interpolation = cv2.INTER_AREA if shrinks(image_bgr.shape[:2], size_hw) else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image_bgr, (size_hw[1], size_hw[0]), interpolation=interpolation), np.uint8)


def shrinks(old_hw: tuple[int, ...], new_hw: tuple[int, int]) -> bool:
    """Return whether neither side grows."""
    return new_hw[0] <= old_hw[0] and new_hw[1] <= old_hw[1]
