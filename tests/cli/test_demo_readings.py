from __future__ import annotations

import pytest

from schemas.camera_events import WATER_GRID_COLUMNS, WATER_GRID_ROWS
from services.cli.demo.readings import mean_within

LOWER_HALF_UNDER_WATER = bytes(
    255 if row >= WATER_GRID_ROWS // 2 else 0 for row in range(WATER_GRID_ROWS) for _ in range(WATER_GRID_COLUMNS)
)


@pytest.mark.parametrize(
    ("top", "bottom", "share"), [(0.0, 1.0, 0.5), (0.5, 1.0, 1.0), (0.0, 0.5, 0.0), (0.25, 0.75, 0.5)]
)
def test_only_the_cells_of_the_zone_count(top: float, bottom: float, share: float) -> None:
    polygon = ((0.0, top), (1.0, top), (1.0, bottom), (0.0, bottom))
    assert mean_within(LOWER_HALF_UNDER_WATER, polygon) == pytest.approx(share, abs=0.06)


@pytest.mark.parametrize(("y", "share"), [(0.1, 0.0), (0.9, 1.0), (1.0, 1.0)])
def test_a_zone_that_holds_no_middle_of_a_cell_has_that_of_the_nearest_cell(y: float, share: float) -> None:
    polygon = ((0.999, y - 0.001), (1.0, y - 0.001), (1.0, y), (0.999, y))
    assert mean_within(LOWER_HALF_UNDER_WATER, polygon) == share
