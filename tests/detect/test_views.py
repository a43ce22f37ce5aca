from __future__ import annotations

import numpy as np
import pytest

from services.detect.detector import Tiles
from services.detect.letterbox import placement_of
from services.detect.objects import Objects
from services.detect.tiles import Region, regions_of
from services.detect.views import Asked, View, in_picture, least_decoded_hw
from tests.detect.pictures import nanodet


def asked(size_hw: tuple[int, int], tiles: Tiles = "1x1", water: bool = False) -> Asked:
    return Asked(b"", size_hw, tiles, water, nanodet().input_hw)


@pytest.mark.parametrize(
    ("size_hw", "tiles", "water", "least_hw"),
    [
        ((720, 1280), "1x1", False, (234, 416)),
        ((720, 1280), "1x1", True, (288, 512)),
        ((720, 1280), "2x2", False, (390, 694)),
        ((720, 1280), "2x2", True, (390, 694)),
        ((960, 1280), "1x1", True, (384, 512)),  # 512 px of width are the narrower need of a 4:3 picture
        ((1280, 720), "1x1", True, (911, 512)),
        ((240, 2400), "1x1", False, (42, 416)),
    ],
)
def test_a_picture_is_decoded_as_large_as_who_needs_most(
    size_hw: tuple[int, int], tiles: Tiles, water: bool, least_hw: tuple[int, int]
) -> None:
    assert least_decoded_hw(asked(size_hw, tiles, water)) == least_hw


def test_small_pictures_ask_for_more_than_they_have() -> None:
    """Which is decoded at full size."""
    height, width = least_decoded_hw(asked((180, 320), "2x2", water=True))
    assert height > 180
    assert width > 320


def test_what_a_tiles_input_shows_lies_where_the_tile_does() -> None:
    region = regions_of((720, 1280), "2x2")[4]
    assert region == Region(512, 288, 1280, 720)
    view = View(region, placement_of((432, 768), (256, 416)))
    whole_tile = np.array([[0, 11, 416, 245]], np.float32)
    found = Objects(whole_tile, np.ones(1, np.float32), np.zeros(1, np.int64))
    assert np.abs(in_picture(found, view).boxes_xyxy_px - [[512, 288, 1280, 720]]).max() < 0.01
