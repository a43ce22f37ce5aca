"""Images made smaller or larger and fitted into inputs, wherever torch runs. Imported for a GPU alone.

It does what ``resampling.py`` and ``letterbox.py`` do, to within one level of 255. Averaging areas and interpolating
both act on rows and columns apart and are linear. So an image P becomes R P C' with matrices R and C that depend on the
sizes alone: two products, which is what a GPU is best at, and whole batches at once.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from services.detect.letterbox import FILL_LEVEL, Placement, placement_of
from services.detect.resampling import shrinks


def resampled(planes: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """Return planes, float [..., H, W] of 0 … 255, in another size (height, width), px; same type, same device.

    Half precision is exact enough: it holds whole levels exactly, and sums are kept in single precision, on a GPU
    where ``allow_fp16_reduced_precision_reduction`` is off (``device_preparation.cuda_preparation`` sees to that).
    """
    height, width = planes.shape[-2:]
    is_smaller = shrinks((height, width), size_hw)
    rows = _weights(height, size_hw[0], is_smaller, planes.device, planes.dtype)
    columns = _weights(width, size_hw[1], is_smaller, planes.device, planes.dtype)
    return rows @ (planes @ columns.mT)


def letterbox_planes(planes: Tensor, input_hw: tuple[int, int]) -> tuple[Tensor, Placement]:
    """Return images of one size fitted into ``input_hw`` as ``letterbox`` does, to within one level, where they lie.

    Args:
        planes: float [N, 3, H, W], 0 … 255.
        input_hw: Height and width of the input, px.

    Returns:
        uint8 [N, 3, input height, input width] on the same device, colours in the same order; and the placement.
    """
    placement = placement_of((planes.shape[-2], planes.shape[-1]), input_hw)
    height, width = placement.fitted_hw
    canvas = torch.full((*planes.shape[:2], *input_hw), FILL_LEVEL, dtype=torch.uint8, device=planes.device)
    inside = canvas[..., placement.top : placement.top + height, placement.left : placement.left + width]
    inside.copy_(as_levels(resampled(planes, (height, width))))
    return canvas, placement


def as_levels(planes: Tensor) -> Tensor:
    """Return float levels as uint8, rounded."""
    return planes.round().clamp(0, 255).to(torch.uint8)


@lru_cache(maxsize=256)  # a city's cameras have few sizes; one of 4K in half precision takes 3 MB
def _weights(old: int, new: int, is_smaller: bool, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Return what each of ``old`` pixels adds to each of ``new`` ones: [new, old], every row's sum is 1."""
    pixels = torch.arange(old, dtype=torch.float64)
    step = old / new
    starts = torch.arange(new, dtype=torch.float64)[:, None] * step
    if is_smaller:
        shared = torch.minimum(starts + step, pixels + 1) - torch.maximum(starts, pixels)
        weights = shared.clamp(min=0) / step
    else:
        centres = (starts + step / 2 - 0.5).clamp(0, old - 1)
        weights = (1 - (centres - pixels).abs()).clamp(min=0)
    return weights.to(device, dtype)
