"""The map and the curves: what is drawn where, and where nothing is drawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.portal.pages.city_map import WIDTH, draw_map
from services.portal.pages.curves import LEFT, Point, draw_curve
from services.portal.pages.written import JAKARTA
from tests.portal.pages.small_city import make_camera

DAY = datetime(2026, 11, 26, tzinfo=JAKARTA)
SPAN = (DAY, DAY + timedelta(days=1))
STEP = timedelta(minutes=15)
CITY = [
    make_camera("a", kecamatan="Genuk", latitude=-6.96, longitude=110.48),
    make_camera("b", kecamatan="Genuk", latitude=-6.961, longitude=110.481, kind="street"),
    make_camera("c", kecamatan="Gayamsari", latitude=-6.962, longitude=110.479, kind="street"),
    make_camera("d", kecamatan="Mijen", latitude=-7.06, longitude=110.31, kind="market"),
]


def test_everything_on_the_map_lies_inside_of_it() -> None:
    drawn = draw_map(CITY, flooded=["b"])

    assert drawn is not None
    places = [(label.x, label.y) for label in drawn.labels] + [(mark.x, mark.y) for mark in drawn.marks]
    assert all(0 <= x <= WIDTH and 0 <= y <= drawn.height for x, y in places)
    assert sum(dots.path.count("M") for dots in drawn.dots) == sum(dots.cameras for dots in drawn.dots) == 4
    assert [(mark.camera_id, mark.kind) for mark in drawn.marks] == [("b", "flood")]


def test_north_is_up_and_names_do_not_lie_over_each_other() -> None:
    drawn = draw_map(CITY)

    assert drawn is not None
    by_name = {label.name: label for label in drawn.labels}
    assert by_name["Genuk"].y < by_name["Mijen"].y
    assert by_name["Mijen"].x < by_name["Genuk"].x
    assert abs(by_name["Genuk"].y - by_name["Gayamsari"].y) >= 25
    assert by_name["Genuk"].count == 2


def test_one_camera_is_a_map_too_and_none_is_no_map() -> None:
    drawn = draw_map(CITY[:1], each=True)

    assert drawn is not None

    assert drawn.marks[0].x == WIDTH / 2
    assert draw_map([]) is None


def test_tiles_cover_the_map_only_where_a_server_is_named() -> None:
    drawn = draw_map(CITY, tile_server="https://tiles.example/{z}/{x}/{y}.png")

    assert drawn is not None
    assert all(tile.href.startswith("https://tiles.example/") and "{" not in tile.href for tile in drawn.tiles)
    assert min(tile.x for tile in drawn.tiles) <= 0
    assert max(tile.x + tile.size for tile in drawn.tiles) >= WIDTH
    plain = draw_map(CITY)
    assert plain is not None
    assert plain.tiles == ()


def test_a_curve_is_broken_where_nothing_is_known() -> None:
    start = DAY + timedelta(hours=8)
    points = [Point(start, 2.0, 15), Point(start + STEP, 3.0, 15), Point(start + 4 * STEP, 0.0, 9)]

    curve = draw_curve("queue", points, SPAN, STEP)

    assert curve.line.count("M") == 2
    assert curve.unit == "number"
    assert [tick.value for tick in curve.values] == [0.0, 2.5, 5.0]
    assert curve.points == tuple(points)


def test_a_ratio_always_stands_against_all_of_it() -> None:
    curve = draw_curve("staffed", [Point(DAY.astimezone(UTC), 0.5, 15)], SPAN, STEP, 1.0)

    assert curve.unit == "percent"

    assert [tick.value for tick in curve.values] == [0.0, 0.5, 1.0]
    assert curve.line.startswith(f"M{LEFT}")


def test_without_a_point_there_is_no_line() -> None:
    assert draw_curve("queue", [], SPAN, STEP).line == ""
