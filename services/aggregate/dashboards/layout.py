"""Where panels lie in Grafana's grid: from left to right, a new line where one does not fit any more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from services.aggregate.dashboards.dashboard import Panel, Section

GRID_COLUMNS: Final = 24
HEADING_HEIGHT: Final = 1


class Place(NamedTuple):
    """A rectangle in the grid, in its units; ``y`` grows downwards."""

    x: int
    y: int
    width: int
    height: int


def placed(sections: Iterable[Section]) -> Iterator[tuple[Section | Panel, Place]]:
    """Give each heading and each panel with its place, in the order in which they are read.

    A line is as high as its highest panel, so that nothing overlaps.

    Raises:
        ValueError: A panel is wider than the grid.
    """
    y = 0
    for section in sections:
        yield section, Place(0, y, GRID_COLUMNS, HEADING_HEIGHT)
        y += HEADING_HEIGHT
        x = line_height = 0
        for panel in section.panels:
            if not 1 <= panel.width <= GRID_COLUMNS:
                raise ValueError(f"panel {panel.title.en!r} is {panel.width} wide; the grid has {GRID_COLUMNS} columns")
            if x + panel.width > GRID_COLUMNS:
                x, y, line_height = 0, y + line_height, 0
            yield panel, Place(x, y, panel.width, panel.height)
            x, line_height = x + panel.width, max(line_height, panel.height)
        y += line_height
