"""Fit frames of any size into a network's input, and bring boxes back.

The picture is scaled to touch the input's nearer sides, centred, and the rest is filled with grey; ``Placement`` says
where it came to lie. Undoing is exact to within half a pixel of the frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

ImageBgr = NDArray[np.uint8]
"""uint8 [height, width, 3], blue, green, red."""

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


def letterbox(image_bgr: ImageBgr, input_hw: tuple[int, int]) -> tuple[ImageBgr, Placement]:
    """Give ``image_bgr`` fitted into ``input_hw``, uint8 [input height, input width, 3], and where it lies there.

    Shrinking averages areas, which keeps thin and far things that point sampling loses.
    """
    height, width = image_bgr.shape[:2]
    input_height, input_width = input_hw
    scale = min(input_height / height, input_width / width)
    fitted_height = max(1, round(height * scale))
    fitted_width = max(1, round(width * scale))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    top, left = (input_height - fitted_height) // 2, (input_width - fitted_width) // 2
    canvas = np.full((input_height, input_width, 3), FILL_LEVEL, np.uint8)
    canvas[top : top + fitted_height, left : left + fitted_width] = cv2.resize(
        image_bgr, (fitted_width, fitted_height), interpolation=interpolation
    )
    return canvas, Placement(fitted_width / width, fitted_height / height, left, top, width, height)


def undo_letterbox(boxes_xyxy_px: NDArray[np.float32], placement: Placement) -> NDArray[np.float32]:
    """Give boxes of the input where they lie in the picture, cut at its edges: float32 [N, 4], px in, px out."""
    scale = np.array([placement.scale_x, placement.scale_y] * 2, np.float32)
    move = np.array([placement.left, placement.top] * 2, np.float32)
    edges = np.array([placement.width, placement.height] * 2, np.float32)
    boxes: NDArray[np.float32] = np.clip((boxes_xyxy_px - move) / scale, 0, edges)
    return boxes
