"""Fit frames of any size into a network's input, and bring boxes back.

The picture is scaled to touch the input's nearer sides, centred, and the rest is filled with grey; ``Placement`` says
where it came to lie. Undoing is exact to within half a pixel of the frame. ``device_resampling.py`` does the same on a
GPU.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.detect.resampling import ImageBgr, resized

FILL_LEVEL = 114
"""Grey of the margins, near the mean of COCO's pictures, so that the fill itself looks like nothing."""


@dataclass(frozen=True, slots=True)
class Placement:
    """How a picture was put into an input: first scaled by (scale_x, scale_y), then moved by (left, top) input px.

    The two scales differ by rounding to whole pixels only. ``width`` and ``height`` are the picture's own, in px.
    """

    scale_x: float
    scale_y: float
    left: int
    top: int
    width: int
    height: int

    @property
    def fitted_hw(self) -> tuple[int, int]:
        """Give the size of the picture within the input, px."""
        return round(self.height * self.scale_y), round(self.width * self.scale_x)


def placement_of(picture_hw: tuple[int, int], input_hw: tuple[int, int]) -> Placement:
    """Say where a picture of that size lies in an input of that size."""
    height, width = picture_hw
    scale = min(input_hw[0] / height, input_hw[1] / width)
    fitted_height, fitted_width = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (input_hw[0] - fitted_height) // 2, (input_hw[1] - fitted_width) // 2
    return Placement(fitted_width / width, fitted_height / height, left, top, width, height)


def letterbox(image_bgr: ImageBgr, input_hw: tuple[int, int]) -> tuple[ImageBgr, Placement]:
    """Give ``image_bgr`` fitted into ``input_hw``, uint8 [input height, input width, 3], and where it lies there."""
    placement = placement_of((image_bgr.shape[0], image_bgr.shape[1]), input_hw)
    height, width = placement.fitted_hw
    canvas = np.full((*input_hw, 3), FILL_LEVEL, np.uint8)
    inside = canvas[placement.top : placement.top + height, placement.left : placement.left + width]
    inside[:] = resized(image_bgr, (height, width))
    return canvas, placement


def undo_letterbox(boxes_xyxy_px: NDArray[np.float32], placement: Placement) -> NDArray[np.float32]:
    """Give boxes of the input where they lie in the picture, cut at its edges: float32 [N, 4], px in, px out."""
    scale = np.array([placement.scale_x, placement.scale_y] * 2, np.float32)
    move = np.array([placement.left, placement.top] * 2, np.float32)
    edges = np.array([placement.width, placement.height] * 2, np.float32)
    boxes: NDArray[np.float32] = np.clip((boxes_xyxy_px - move) / scale, 0, edges)
    return boxes
