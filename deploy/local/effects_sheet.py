"""Draw the contact sheet of simulated effects: ``python -m deploy.local.effects_sheet SHEET.jpg``.

The scene is the drawn street, which anybody may publish. ``docs/images/simulated_effects.jpg`` was made by this.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from deploy.local.rendered_street import draw, draw_background
from schemas.cameras import Effect, EffectName
from services.ingest.simulation.effects import apply_effects
from services.ingest.simulation.textures import ImageRgb

COLUMNS = 4
CELL_WIDTH_PX = 384

CELLS: tuple[tuple[EffectName, float, int], ...] = (
    # (effect, strength, seed: the ones that show a hand, and water over a part of the road)
    ("rain", 0.4, 3),
    ("rain", 1.0, 8),
    ("water", 0.25, 1),
    ("water", 0.5, 1),
    ("cover", 0.5, 5),
    ("cover", 0.4, 2),
    ("shift", 0.2, 3),
    ("rotate", 0.4, 3),
    ("defocus", 0.6, 1),
    ("night", 0.9, 2),
    ("loss", 0.7, 4),
)


def contact_sheet() -> ImageRgb:
    """Draw the street as it is and under each of ``CELLS``, named in its corner."""
    street_rgb = draw(draw_background(), 0.3)
    cells = [_cell(street_rgb, "as it is")]
    for name, strength, seed in CELLS:
        drawn_rgb = apply_effects(street_rgb, [(Effect(effect=name), strength, 3.0)], seed)
        cells.append(_cell(drawn_rgb, f"{name} {strength:g}"))
    rows = [np.hstack(cells[start : start + COLUMNS]) for start in range(0, len(cells), COLUMNS)]
    return np.asarray(np.vstack(rows), np.uint8)


def _cell(image_rgb: ImageRgb, name: str) -> ImageRgb:
    height = round(image_rgb.shape[0] * CELL_WIDTH_PX / image_rgb.shape[1])
    cell = np.asarray(cv2.resize(image_rgb, (CELL_WIDTH_PX, height), interpolation=cv2.INTER_AREA), np.uint8)
    for left, top, grey in ((11, 27, 0), (10, 26, 255)):  # white on its shadow
        cv2.putText(cell, name, (left, top), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (grey,) * 3, 1, cv2.LINE_AA)
    return cell


if __name__ == "__main__":
    sheet_bgr = cv2.cvtColor(contact_sheet(), cv2.COLOR_RGB2BGR)
    Path(sys.argv[1]).write_bytes(cv2.imencode(".jpg", sheet_bgr, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes())
