from __future__ import annotations

import numpy as np

from deploy.local.effects_sheet import CELL_WIDTH_PX, CELLS, COLUMNS, contact_sheet
from services.ingest.simulation.effects import DRAWN


def test_the_contact_sheet_shows_every_effect_that_is_drawn_beside_the_street_as_it_is() -> None:
    assert {name for name, _, _ in CELLS} == set(DRAWN)
    sheet = contact_sheet()
    height = sheet.shape[0] * COLUMNS // (1 + len(CELLS))
    assert sheet.shape == (height * (1 + len(CELLS)) // COLUMNS, COLUMNS * CELL_WIDTH_PX, 3)
    plain = sheet[:height, :CELL_WIDTH_PX].astype(int)
    for number in range(1, 1 + len(CELLS)):
        row, column = divmod(number, COLUMNS)
        cell = sheet[row * height : (row + 1) * height, column * CELL_WIDTH_PX : (column + 1) * CELL_WIDTH_PX]
        assert np.abs(cell - plain)[40:].mean() > 1, CELLS[number - 1]
