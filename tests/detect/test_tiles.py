from __future__ import annotations

import numpy as np

from services.detect.objects import CLASSES, Objects
from services.detect.tiles import merged, regions_of

FRAME_HW = (720, 1280)
CAR, TRUCK, PERSON = (CLASSES.index(name) for name in ("car", "truck", "person"))


def objects(*found: tuple[int, float, tuple[float, float, float, float]]) -> Objects:
    return Objects(
        np.array([box for _, _, box in found], np.float32).reshape(-1, 4),
        np.array([score for _, score, _ in found], np.float32),
        np.array([index for index, _, _ in found], np.int64),
    )


def test_one_by_one_is_the_whole_frame() -> None:
    (region,) = regions_of(FRAME_HW, "1x1")
    assert (region.left, region.top, region.right, region.bottom) == (0, 0, 1280, 720)


def test_tiles_cover_the_frame_and_overlap_in_the_middle() -> None:
    seen = np.zeros(FRAME_HW, int)
    for region in regions_of(FRAME_HW, "2x2")[1:]:
        seen[region.top : region.bottom, region.left : region.right] += 1
    assert seen.min() == 1
    assert seen[360, 640] == 4
    assert seen[0, 640] == 2


def test_a_thing_in_the_overlap_is_one_thing() -> None:
    whole, *tiles = regions_of(FRAME_HW, "2x2")
    box = (600, 100, 680, 150)
    found = [objects(), objects((CAR, 0.8, box)), objects((CAR, 0.7, (602, 101, 681, 151))), objects(), objects()]
    result = merged(found, [whole, *tiles])
    assert len(result) == 1
    assert result.scores[0] == np.float32(0.8)


def test_a_part_that_touches_a_seam_yields_to_the_whole() -> None:
    """A truck wider than the overlap: its two halves in the tiles score higher than the whole frame's box."""
    regions = regions_of(FRAME_HW, "2x2")
    left_tile, right_tile = regions[1], regions[2]
    found = [
        objects((TRUCK, 0.6, (300, 50, 1000, 300))),
        objects((CAR, 0.9, (300, 50, left_tile.right, 300))),
        objects((TRUCK, 0.8, (right_tile.left, 50, 1000, 300))),
        objects(),
        objects(),
    ]
    result = merged(found, regions)
    assert result.boxes_xyxy_px.tolist() == [[300, 50, 1000, 300]]


def test_a_part_that_nobody_saw_whole_stays() -> None:
    regions = regions_of(FRAME_HW, "2x2")
    cut = objects((CAR, 0.9, (700, 50, regions[1].right, 100)))
    assert len(merged([objects(), cut, objects(), objects(), objects()], regions)) == 1


def test_a_rider_does_not_yield_to_the_motorcycle() -> None:
    regions = regions_of(FRAME_HW, "2x2")
    person = objects((PERSON, 0.5, (740, 50, regions[1].right, 100)))
    motorcycle = objects((CLASSES.index("motorcycle"), 0.9, (730, 60, 800, 120)))
    assert len(merged([motorcycle, person, objects(), objects(), objects()], regions)) == 2


def test_a_car_that_is_called_truck_elsewhere_is_one_thing() -> None:
    regions = regions_of(FRAME_HW, "2x2")
    found = [objects((TRUCK, 0.4, (100, 100, 180, 150))), objects((CAR, 0.6, (101, 101, 181, 151)))]
    result = merged([*found, objects(), objects(), objects()], regions)
    assert result.classes.tolist() == [CAR]
