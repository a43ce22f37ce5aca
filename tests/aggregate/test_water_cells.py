from __future__ import annotations

import pytest

from schemas.camera_events import WATER_GRID_COLUMNS, WATER_GRID_ROWS
from schemas.cameras import Zone
from services.aggregate.zones import cells_in


@pytest.mark.parametrize(("top", "bottom", "rows"), [(0.0, 1.0, 18), (0.5, 1.0, 9), (0.0, 0.5, 9), (0.3, 0.7, 8)])
def test_a_zone_holds_the_cells_whose_middle_lies_in_it(top: float, bottom: float, rows: int) -> None:
    cells = cells_in(Zone("road", "water", ((0.0, top), (1.0, top), (1.0, bottom), (0.0, bottom))))
    assert len(cells) == rows * WATER_GRID_COLUMNS
    first = round(top * WATER_GRID_ROWS - 0.01) * WATER_GRID_COLUMNS
    assert cells == tuple(range(first, first + len(cells)))


@pytest.mark.parametrize(("y", "row"), [(0.1, 1), (0.9, 16), (1.0, 17)])
def test_a_zone_that_holds_no_middle_of_a_cell_has_the_nearest_cell(y: float, row: int) -> None:
    polygon = ((0.999, y - 0.001), (1.0, y - 0.001), (1.0, y), (0.999, y))
    assert cells_in(Zone("drain", "water", polygon)) == (row * WATER_GRID_COLUMNS + WATER_GRID_COLUMNS - 1,)
