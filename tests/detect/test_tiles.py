from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.camera_events import ObjectClass
from services.detect.objects import CLASSES, Objects
from services.detect.tiles import merged, regions_of

FRAME_HW = (720, 1280)
THRESHOLDS: dict[ObjectClass, float] = dict.fromkeys(CLASSES, 0.31)
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
    result = merged(found, [whole, *tiles], THRESHOLDS)
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
    result = merged(found, regions, THRESHOLDS)
    assert result.boxes_xyxy_px.tolist() == [[300, 50, 1000, 300]]


@pytest.mark.parametrize(
    ("cut", "whole", "left"),
    [
        ((0.85, 0.80), 0.06, 0.85),
        ((0.85, 0.80), 0.30, 0.85),
        ((0.85, 0.80), 0.32, 0.32),
        ((0.20, 0.15), 0.10, 0.20),
        ((0.20, 0.15), 0.25, 0.25),
    ],
)
def test_parts_yield_only_to_a_whole_that_counts_or_where_none_counts_scores_as_much(
    cut: tuple[float, float], whole: float, left: float
) -> None:
    """A bus larger than the overlap: with a whole's .06 in place of a part's .85 it would not be reported at all."""
    regions = regions_of(FRAME_HW, "2x2")
    found = [
        objects((CAR, whole, (480, 150, 800, 420))),
        objects((CAR, cut[0], (480, 150, regions[1].right, 420))),
        objects((CAR, cut[1], (regions[2].left, 150, 800, 420))),
        objects(),
        objects(),
    ]
    assert merged(found, regions, THRESHOLDS).scores.tolist() == pytest.approx([left])


def test_a_part_that_nobody_saw_whole_stays() -> None:
    regions = regions_of(FRAME_HW, "2x2")
    cut = objects((CAR, 0.9, (700, 50, regions[1].right, 100)))
    assert len(merged([objects(), cut, objects(), objects(), objects()], regions, THRESHOLDS)) == 1


def test_a_rider_does_not_yield_to_the_motorcycle() -> None:
    regions = regions_of(FRAME_HW, "2x2")
    person = objects((PERSON, 0.5, (740, 50, regions[1].right, 100)))
    motorcycle = objects((CLASSES.index("motorcycle"), 0.9, (730, 60, 800, 120)))
    assert len(merged([motorcycle, person, objects(), objects(), objects()], regions, THRESHOLDS)) == 2


def test_a_car_that_is_called_truck_elsewhere_is_one_thing() -> None:
    regions = regions_of(FRAME_HW, "2x2")
    found = [objects((TRUCK, 0.4, (100, 100, 180, 150))), objects((CAR, 0.6, (101, 101, 181, 151)))]
    result = merged([*found, objects(), objects(), objects()], regions, THRESHOLDS)
    assert result.classes.tolist() == [CAR]


corner = st.tuples(st.integers(0, 11), st.integers(0, 5), st.integers(1, 8), st.integers(1, 8))
seen = st.tuples(st.sampled_from([CAR, TRUCK, PERSON]), st.integers(5, 100).map(lambda n: n / 100), corner)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(seen, max_size=8), min_size=5, max_size=5))
def test_low_scores_make_no_difference_to_higher_ones(found: list[list[tuple[int, float, tuple[int, ...]]]]) -> None:
    """So they need not be asked for. Boxes have corners 64 px apart, and are cut where a tile ends."""
    regions = regions_of(FRAME_HW, "2x2")
    parts = []
    for region, things in zip(regions, found, strict=True):
        limits = (region.left, region.top, region.right, region.bottom)
        boxes = [
            (kind, score, np.clip([x * 64, y * 64, (x + w) * 64, (y + h) * 64], limits[:2] * 2, limits[2:] * 2))
            for kind, score, (x, y, w, h) in things
        ]
        parts.append(objects(*((kind, score, tuple(box)) for kind, score, box in boxes)))
    everything = merged(parts, regions, THRESHOLDS)
    high = merged([part.at(part.scores >= 0.2) for part in parts], regions, THRESHOLDS)
    expected = everything.at(everything.scores >= 0.2)
    assert high.boxes_xyxy_px.tolist() == expected.boxes_xyxy_px.tolist()
    assert high.scores.tolist() == expected.scores.tolist()
