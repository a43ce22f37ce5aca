"""The water grid of a frame, drawn in a terminal."""

from __future__ import annotations

from schemas.camera_events import WATER_GRID_COLUMNS, WATER_GRID_ROWS, FrameDetections

SHADES = " ░▒▓█"
"""From surely dry to surely water, a fifth of the range each."""
_WET = 128
"""A cell from which level up is more likely water than not: half of 255."""


def wet_ratio(event: FrameDetections) -> float | None:
    """Give the part of the picture that is more likely water than not, in [0, 1]; None where water was not measured."""
    if event.water is None:
        return None
    return sum(level >= _WET for level in event.water) / len(event.water)


def wetter(one: FrameDetections | None, other: FrameDetections) -> FrameDetections | None:
    """Give the event with more water, the earlier one where they are equal; None where neither was measured."""
    ratio = wet_ratio(other)
    if ratio is None:
        return one
    return other if one is None or ratio > (wet_ratio(one) or 0.0) else one


def drawn_grid(grid: bytes) -> str:
    """Give a water grid as lines of text, a cell two letters wide: about as high as it is wide."""
    shades = [SHADES[level * len(SHADES) // 256] * 2 for level in grid]
    rows = range(0, WATER_GRID_ROWS * WATER_GRID_COLUMNS, WATER_GRID_COLUMNS)
    return "\n".join("".join(shades[row : row + WATER_GRID_COLUMNS]) for row in rows)
