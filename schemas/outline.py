"""Tell whether a polygon is one: simple, with an inside."""

from __future__ import annotations

from itertools import combinations

from schemas.geometry import Point, Polygon

_LEAST_AREA = 1e-5
"""Of a picture whose area is 1: about 9 px of a 1280 x 720 frame. Less is a slip of the mouse."""


def outline_fault(polygon: Polygon) -> str | None:
    """Say what is wrong with an outline, or None."""
    if polygon[0] == polygon[-1]:
        return "the first corner is repeated at the end; leave the last one out, the outline closes itself"
    edges = list(zip(polygon, (*polygon[1:], polygon[0]), strict=True))
    for number, (start, end) in enumerate(edges, 1):
        if start == end:
            return f"corner {number} is there twice in a row"
    for (first, a), (second, b) in combinations(enumerate(edges), 2):
        neighbours = second - first == 1 or (first == 0 and second == len(edges) - 1)
        if neighbours and len(edges) > 2 and _folds_back(a, b):
            return f"the outline folds back on itself at edges {first + 1} and {second + 1}"
        if not neighbours and _meet(a, b):
            return f"edges {first + 1} and {second + 1} cross or touch"
    if abs(_area(polygon)) < _LEAST_AREA:
        return "the outline has no inside"
    return None


def _area(polygon: Polygon) -> float:
    turned = (*polygon[1:], polygon[0])
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(polygon, turned, strict=True)) / 2


def _side(a: Point, b: Point, c: Point) -> float:
    """Give a number whose sign says on which side of the line a-b the point c lies; 0: on it."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _within(a: Point, b: Point, c: Point) -> bool:
    """Tell whether c, on the line a-b, lies between a and b."""
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])


def _meet(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    (a, b), (c, d) = first, second
    sides = (_side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b))
    if sides[0] * sides[1] < 0 and sides[2] * sides[3] < 0:
        return True
    touching = ((sides[0], a, b, c), (sides[1], a, b, d), (sides[2], c, d, a), (sides[3], c, d, b))
    return any(side == 0 and _within(start, end, point) for side, start, end, point in touching)


def _folds_back(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    """Tell whether two edges that share a corner run over each other."""
    shared = next(point for point in first if point in second)
    a = first[0] if first[1] == shared else first[1]
    b = second[0] if second[1] == shared else second[1]
    away = (a[0] - shared[0]) * (b[0] - shared[0]) + (a[1] - shared[1]) * (b[1] - shared[1])
    return _side(shared, a, b) == 0 and away > 0
