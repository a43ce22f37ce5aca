"""Whether things are in zones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.cameras import Zone
from services.aggregate.zones import AnchoredArea, Area, fingerprint

SQUARE = ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6))
ARROW = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.5, 0.3))


@pytest.mark.parametrize("point", [(0.2, 0.2), (0.6, 0.6), (0.2, 0.37), (0.41, 0.6), (0.3, 0.2)])
def test_the_boundary_belongs_to_a_zone(point: tuple[float, float]) -> None:
    assert Area(SQUARE).holds(point)


def test_a_point_on_a_slanted_edge_is_in_the_zone() -> None:
    third = (0.1 + 0.4 / 3, 0.1 + 0.2 / 3)
    assert Area(ARROW).holds(third)


@pytest.mark.parametrize("point", [(0.199, 0.3), (0.601, 0.3), (0.3, 0.199), (0.3, 0.601), (0.0, 0.0), (1.0, 1.0)])
def test_what_lies_beyond_the_boundary_is_out(point: tuple[float, float]) -> None:
    assert not Area(SQUARE).holds(point)


def test_a_dent_of_a_polygon_is_outside() -> None:
    assert not Area(ARROW).holds((0.3, 0.6))
    assert Area(ARROW).holds((0.8, 0.5))


@given(st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_the_direction_of_drawing_does_not_matter(x: float, y: float, reverse: bool) -> None:
    turned = ARROW[2:] + ARROW[:2]
    assert Area(ARROW).holds((x, y)) == Area(turned[::-1] if reverse else turned).holds((x, y))


def test_a_person_is_where_the_feet_are() -> None:
    zone = AnchoredArea(Zone("q", "queue", SQUARE))
    assert zone.holds_box((0.3, 0.0, 0.5, 0.4))
    assert not zone.holds_box((0.3, 0.2, 0.5, 0.8))


def test_a_zone_may_ask_for_the_middle_of_the_box() -> None:
    zone = AnchoredArea(Zone("q", "queue", SQUARE, anchor="center"))
    assert zone.holds_box((0.3, 0.2, 0.5, 0.8))
    assert not zone.holds_box((0.3, 0.0, 0.5, 0.3))


def test_a_fingerprint_changes_with_any_field_of_a_zone() -> None:
    zone = Zone("q", "queue", SQUARE)
    others = [Zone("q", "staff", SQUARE), Zone("q", "queue", ARROW), Zone("q", "queue", SQUARE, anchor="center")]
    assert fingerprint(zone) == fingerprint(Zone("q", "queue", SQUARE))
    assert len({fingerprint(zone), *map(fingerprint, others)}) == 4
