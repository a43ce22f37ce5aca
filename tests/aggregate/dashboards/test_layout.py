from __future__ import annotations

import pytest

from services.aggregate.dashboards.dashboard import Panel, Section, Text
from services.aggregate.dashboards.layout import Place, placed


def make_panel(width: int, height: int = 8) -> Panel:
    return Panel("text", Text("a", "a"), Text("b", "b"), width=width, height=height)


def test_panels_go_from_left_to_right_and_on_where_the_highest_of_the_line_ends() -> None:
    panels = (make_panel(12), make_panel(8, 10), make_panel(8), make_panel(24))
    places = [place for one, place in placed([Section(Text("s", "s"), panels)]) if isinstance(one, Panel)]
    assert places == [Place(0, 1, 12, 8), Place(12, 1, 8, 10), Place(0, 11, 8, 8), Place(0, 19, 24, 8)]


def test_a_section_begins_below_everything_before_it() -> None:
    sections = [Section(Text("a", "a"), (make_panel(6, 5), make_panel(6, 9))), Section(Text("b", "b"), ())]
    headings = [place for one, place in placed(sections) if isinstance(one, Section)]
    assert headings == [Place(0, 0, 24, 1), Place(0, 10, 24, 1)]


def test_a_panel_wider_than_the_grid_is_an_error() -> None:
    with pytest.raises(ValueError, match="25 wide; the grid has 24 columns"):
        list(placed([Section(Text("s", "s"), (make_panel(25),))]))
