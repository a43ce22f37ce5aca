from __future__ import annotations

import msgspec
import pytest

from schemas.camera_events import FrameDetections
from services.cli.detect_water import drawn_grid, wet_ratio, wetter
from services.detect.pipeline import CameraPolicy, Tools, judge
from tests.detect.pictures import APPENDED_AT_MS, make_frame, nanodet


@pytest.fixture(scope="module")
def dry() -> FrameDetections:
    tools = Tools(nanodet(), "nanodet", policy_of=lambda _: CameraPolicy(), clock=lambda: APPENDED_AT_MS)
    (event,) = judge([make_frame()], tools)
    assert isinstance(event, FrameDetections)
    return event


def with_wet_cells(event: FrameDetections, cells: int) -> FrameDetections:
    return msgspec.structs.replace(event, water=bytes([127] * (576 - cells) + [128] * cells))


def test_the_wet_part_counts_cells_that_are_more_likely_water_than_not(dry: FrameDetections) -> None:
    assert wet_ratio(dry) is None
    assert wet_ratio(with_wet_cells(dry, 0)) == 0.0
    assert wet_ratio(with_wet_cells(dry, 144)) == 0.25


def test_the_wettest_is_the_first_of_those_with_most_water(dry: FrameDetections) -> None:
    little, much, as_much = with_wet_cells(dry, 3), with_wet_cells(dry, 9), with_wet_cells(dry, 9)
    assert wetter(None, dry) is None
    assert wetter(None, little) is little
    assert wetter(little, dry) is little
    assert wetter(little, much) is much
    assert wetter(much, little) is much
    assert wetter(much, as_much) is much


def test_a_grid_is_drawn_row_by_row_from_dry_to_wet() -> None:
    levels = [0, 50, 52, 102, 103, 153, 154, 204, 205, 255]
    lines = drawn_grid(bytes(levels + [0] * 534 + [255] * 32)).split("\n")
    assert len(lines) == 18
    assert {len(line) for line in lines} == {64}
    assert lines[0].rstrip() == "    ░░░░▒▒▒▒▓▓▓▓████"
    assert lines[16].strip() == ""
    assert lines[17] == "█" * 64
