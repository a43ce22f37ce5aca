"""What is made of a frame before networks see it: its regions as inputs, the whole picture for water, scene facts.

How it is made differs by device (``preparation.py``, ``device_preparation.py``); what comes of it is said here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from schemas.camera_events import SceneFacts
from services.detect.detector import Thresholds, Tiles
from services.detect.letterbox import Placement, undo_letterbox
from services.detect.networks import InputsBgr
from services.detect.objects import Objects
from services.detect.scene import WIDTH_PX
from services.detect.tiles import Region, merged, regions_of

OVERSAMPLING = 1.0
"""How many decoded pixels a side an input pixel gets at least, where JPEG decoding is scaled down. See README."""
WATER_INPUT_HW = (288, 512)
"""The whole picture, stretched: each of the 18 x 32 cells is then 16 x 16 px of the input."""

InputHw = Callable[[tuple[int, int]], tuple[int, int]]
"""A detector's ``input_hw``: the size of input that suits a region of a size."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A JPEG whose header was found harmless, and what is asked of it. ``size_hw`` is its own, px."""

    jpeg: bytes
    size_hw: tuple[int, int]
    tiles: Tiles
    water: bool
    input_hw: InputHw


@dataclass(frozen=True, slots=True)
class View:
    """A region of a decoded picture, and where it lies in its input."""

    region: Region
    placement: Placement


@dataclass(frozen=True, slots=True)
class Prepared:
    """A decoded frame, ready for the networks.

    ``decoded_hw`` is the size it was decoded at, px: views and boxes are in its px. ``inputs_bgr`` are one input a
    view, uint8 [H, W, 3], arrays on a CPU, tensors on a GPU; ``water_bgr`` is that for water, where asked for.
    """

    decoded_hw: tuple[int, int]
    views: tuple[View, ...]
    inputs_bgr: tuple[InputsBgr, ...]
    water_bgr: InputsBgr | None
    scene: SceneFacts


def least_decoded_hw(asked: Asked) -> tuple[int, int]:
    """Give the size, in px, at which a picture still has every pixel that all who look at it need.

    One decoding serves them all: objects, tiles, water and scene facts.
    """
    height, width = asked.size_hw
    needed = WIDTH_PX / width
    for region in regions_of(asked.size_hw, asked.tiles):
        region_hw = (region.bottom - region.top, region.right - region.left)
        scales = (side_in / side for side_in, side in zip(asked.input_hw(region_hw), region_hw, strict=True))
        needed = max(needed, min(scales) * OVERSAMPLING)
    if asked.water:
        needed = max(needed, WATER_INPUT_HW[0] / height, WATER_INPUT_HW[1] / width)
    return ceil(height * needed), ceil(width * needed)


def in_picture(objects: Objects, view: View) -> Objects:
    """Give what was found in a view's input where it lies in the decoded picture."""
    boxes = undo_letterbox(objects.boxes_xyxy_px, view.placement)
    return objects.with_boxes(boxes + np.array([view.region.left, view.region.top] * 2, np.float32))


def merge_views(views: Sequence[View], found: Sequence[Objects], thresholds: Thresholds) -> Objects:
    """Give a picture's objects, each once, from those found in the inputs of its views; see ``merged``."""
    placed = [in_picture(objects, view) for objects, view in zip(found, views, strict=True)]
    return merged(placed, [view.region for view in views], thresholds)
