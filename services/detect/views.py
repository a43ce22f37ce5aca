"""What the network looks at: each picture's regions, letterboxed; and what it found, brought back to the picture.

Views of one size are judged together, in batches; which frames they belong to makes no difference to the network.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import torch

from services.detect.detector import Detector, Tiles
from services.detect.letterbox import ImageBgr, Placement, letterbox, undo_letterbox
from services.detect.objects import NO_OBJECTS, Objects
from services.detect.tiles import Region, merged, regions_of

OVERSAMPLING = 1.0
"""How many decoded pixels a side an input pixel gets at least, where JPEG decoding is scaled down. See README."""


@dataclass(frozen=True, slots=True)
class View:
    """One region of one picture, as an input: uint8 [H, W, 3]."""

    picture: int
    region: Region
    placement: Placement
    input_bgr: ImageBgr


def least_decoded_hw(size_hw: tuple[int, int], tiles: Tiles, detector: Detector) -> tuple[int, int]:
    """Give the size, in px, at which a picture of ``size_hw`` still has all the pixels that its views need."""
    needed = 0.0
    for region in regions_of(size_hw, tiles):
        region_hw = (region.bottom - region.top, region.right - region.left)
        scales = (side_in / side for side_in, side in zip(detector.input_hw(region_hw), region_hw, strict=True))
        needed = max(needed, min(scales) * OVERSAMPLING)
    height, width = size_hw
    return ceil(height * needed), ceil(width * needed)


def views_of(picture: int, image_bgr: ImageBgr, tiles: Tiles, detector: Detector) -> list[View]:
    """Give the views of the picture with that index, the whole one first."""
    views = []
    for region in regions_of((image_bgr.shape[0], image_bgr.shape[1]), tiles):
        part = image_bgr[region.top : region.bottom, region.left : region.right]
        input_bgr, placement = letterbox(part, detector.input_hw((part.shape[0], part.shape[1])))
        views.append(View(picture, region, placement, input_bgr))
    return views


def look(views: Sequence[View], detector: Detector, batch_size: int) -> list[Objects]:
    """Give what is in each view, in px of its picture. Blocks for the time of the network."""
    by_size: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for index, view in enumerate(views):
        by_size[view.input_bgr.shape].append(index)
    found = [NO_OBJECTS] * len(views)
    for indices in by_size.values():
        for start in range(0, len(indices), batch_size):
            batch = indices[start : start + batch_size]
            inputs_bgr = torch.from_numpy(np.stack([views[index].input_bgr for index in batch]))
            results = detector.infer(inputs_bgr.to(detector.device))
            for index, objects in zip(batch, results, strict=True):
                found[index] = _in_picture(objects, views[index])
    return found


def merge_views(views: Sequence[View], found: Sequence[Objects]) -> dict[int, Objects]:
    """Give each picture's objects, each once, from those of its views."""
    of_picture: dict[int, list[int]] = defaultdict(list)
    for index, view in enumerate(views):
        of_picture[view.picture].append(index)
    return {
        picture: merged([found[index] for index in indices], [views[index].region for index in indices])
        for picture, indices in of_picture.items()
    }


def _in_picture(objects: Objects, view: View) -> Objects:
    boxes = undo_letterbox(objects.boxes_xyxy_px, view.placement)
    return objects.with_boxes(boxes + np.array([view.region.left, view.region.top] * 2, np.float32))
