"""Cut a frame into 2 x 2 overlapping tiles so that small things get more pixels, and merge what was found in them.

::

    ┌──────┬─┬──────┐     Tiles overlap by OVERLAP of half the frame. A box that touches a seam (an edge of its tile
    │      │ │      │     inside the frame) may show only a part of a thing, so it yields to a box of its group that
    ├──────┼─┼──────┤     covers it, touches no seam and counts, or scores as much. The whole frame is looked at as
    ├──────┼─┼──────┤     well: things larger than the overlap are whole only there.
    │      │ │      │
    └──────┴─┴──────┘
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.detect.detector import MOST_OBJECTS, NMS_IOU, Thresholds, Tiles
from services.detect.faint import reaches
from services.detect.objects import GROUPS, Objects
from services.detect.suppression import without_doubles

OVERLAP = 0.2
"""Share of half the frame by which neighbouring tiles overlap: a car or person at mid distance fits into it."""
SEAM_PX = 4.0
"""A box that ends nearer to a seam is taken for cut."""
COVERED_RATIO = 0.5
"""A cut box of which so much lies inside another box shows the same thing."""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a frame, in px of the frame; the right and bottom edges are exclusive."""

    left: int
    top: int
    right: int
    bottom: int


def regions_of(frame_hw: tuple[int, int], tiles: Tiles) -> list[Region]:
    """Give the parts in which a frame is looked at; the first one is the whole frame."""
    height, width = frame_hw
    whole = Region(0, 0, width, height)
    if tiles == "1x1":
        return [whole]
    tile_width, tile_height = (min(side, round(side / 2 * (1 + OVERLAP))) for side in (width, height))
    return [whole] + [
        Region(left, top, left + tile_width, top + tile_height)
        for top in (0, height - tile_height)
        for left in (0, width - tile_width)
    ]


def merged(found: list[Objects], regions: list[Region], thresholds: Thresholds) -> Objects:
    """Give the frame's objects, each once, from those found in its regions (all in px of the frame).

    ``thresholds`` say what counts: a box that does yields only to another one that does.
    """
    if len(regions) == 1:
        return found[0]
    frame = regions[0]
    cut = np.concatenate([_touches_seam(part, region, frame) for part, region in zip(found, regions, strict=True)])
    everything = Objects(
        np.concatenate([part.boxes_xyxy_px for part in found]),
        np.concatenate([part.scores for part in found]),
        np.concatenate([part.classes for part in found]),
    )
    counts = reaches(everything, thresholds)
    return without_doubles(everything.at(~_yielding(everything, cut, counts)).by_score(), NMS_IOU, MOST_OBJECTS)


def _touches_seam(objects: Objects, region: Region, frame: Region) -> NDArray[np.bool_]:
    left, top, right, bottom = objects.boxes_xyxy_px.T
    touches = np.zeros(len(objects), dtype=bool)
    for position, edge, frame_edge in (
        (left, region.left, frame.left),
        (top, region.top, frame.top),
        (right, region.right, frame.right),
        (bottom, region.bottom, frame.bottom),
    ):
        if edge != frame_edge:
            touches |= np.abs(position - edge) < SEAM_PX
    return touches


def _yielding(objects: Objects, cut: NDArray[np.bool_], counts: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which boxes are parts of a thing that another box shows better. Only cut ones, few of all, are compared.

    A box that counts yields only to one that does, or the thing would not be reported at all.
    """
    boxes, groups = objects.boxes_xyxy_px, GROUPS[objects.classes]
    cut_boxes = boxes[cut, None]
    low = np.maximum(cut_boxes[..., :2], boxes[:, :2])
    high = np.minimum(cut_boxes[..., 2:], boxes[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    areas = np.maximum(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), 1e-6)
    covers = (shared / areas[cut, None] >= COVERED_RATIO) & (groups[cut, None] == groups)
    # Of two cut boxes the larger one stays; equal ones are left to the suppression of doubles.
    better = ~cut | (areas > areas[cut, None])
    better &= counts | (~counts[cut, None] & (objects.scores >= objects.scores[cut, None]))
    yields = np.zeros(len(objects), dtype=bool)
    yields[cut] = (covers & better).any(axis=1)
    return yields
