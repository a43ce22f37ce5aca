"""Pictures made smaller or larger: with OpenCV on a CPU, as matrix products wherever torch runs.

Both do the same, to within one level of 255: shrinking averages areas, which keeps thin and far things that point
sampling loses; where a side grows, both sides are interpolated linearly. Either acts on rows and columns apart and is
linear, so a picture P becomes R P C' with matrices R and C that depend on the sizes alone: two products, which is what
a GPU is best at, and whole batches at once.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

ImageBgr = NDArray[np.uint8]
"""uint8 [height, width, 3], blue, green, red."""


def resized(image_bgr: ImageBgr, size_hw: tuple[int, int]) -> ImageBgr:
    """Give a picture, uint8 [H, W, 3], in another size (height, width), px."""
    interpolation = cv2.INTER_AREA if _shrinks(image_bgr.shape[:2], size_hw) else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image_bgr, (size_hw[1], size_hw[0]), interpolation=interpolation), np.uint8)


def resampled(planes: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """Give planes, float [..., H, W] of 0 … 255, in another size (height, width), px; same type, same device.

    Half precision is exact enough: it holds whole levels exactly, and sums are kept in single precision, on a GPU
    where ``allow_fp16_reduced_precision_reduction`` is off (``device_preparation.cuda_preparation`` sees to that).
    """
    height, width = planes.shape[-2:]
    shrinks = _shrinks((height, width), size_hw)
    rows = _weights(height, size_hw[0], shrinks, planes.device, planes.dtype)
    columns = _weights(width, size_hw[1], shrinks, planes.device, planes.dtype)
    return rows @ (planes @ columns.mT)


def _shrinks(old_hw: tuple[int, ...], new_hw: tuple[int, int]) -> bool:
    return new_hw[0] <= old_hw[0] and new_hw[1] <= old_hw[1]


@lru_cache(maxsize=256)  # a city's cameras have few sizes; one of 4K in half precision takes 3 MB
def _weights(old: int, new: int, shrinks: bool, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Give what each of ``old`` pixels adds to each of ``new`` ones: [new, old], every row's sum is 1."""
    pixels = torch.arange(old, dtype=torch.float64)
    step = old / new
    starts = torch.arange(new, dtype=torch.float64)[:, None] * step
    if shrinks:
        shared = torch.minimum(starts + step, pixels + 1) - torch.maximum(starts, pixels)
        weights = shared.clamp(min=0) / step
    else:
        centres = (starts + step / 2 - 0.5).clamp(0, old - 1)
        weights = (1 - (centres - pixels).abs()).clamp(min=0)
    return weights.to(device, dtype)
