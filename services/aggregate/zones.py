"""Zones of a camera, made ready for asking whether a point lies in them."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from schemas.camera_events import WATER_GRID_COLUMNS, WATER_GRID_ROWS
from schemas.cameras import Zone
from schemas.geometry import BoxXyxy, Point, Polygon, bottom_center, center

_ON_EDGE = 1e-9
"""Distance at which a point counts as on an edge: far below a pixel, far above what rounding of doubles makes."""


class Area:
    """A polygon that is asked often. Its boundary belongs to it.

    Plain Python: at zone sizes (4 to 12 corners) it takes 0.3 us a point, no more than ``cv2.pointPolygonTest`` does,
    and doubles stay doubles, so that a point on the boundary is on it.
    """

    def __init__(self, polygon: Polygon) -> None:
        xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
        self._left, self._right = min(xs) - _ON_EDGE, max(xs) + _ON_EDGE
        self._top, self._bottom = min(ys) - _ON_EDGE, max(ys) + _ON_EDGE
        self._edges = tuple(
            (x1, y1, x2, y2) for (x1, y1), (x2, y2) in zip(polygon, polygon[1:] + polygon[:1], strict=True)
        )

    def holds(self, point: Point) -> bool:
        """Tell whether ``point`` lies inside or on the boundary (even-odd rule where the polygon crosses itself)."""
        x, y = point
        if x < self._left or x > self._right or y < self._top or y > self._bottom:
            return False
        return self._encloses(x, y)

    def _encloses(self, x: float, y: float) -> bool:
        inside = False
        for x1, y1, x2, y2 in self._edges:
            cross = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
            if -_ON_EDGE <= cross <= _ON_EDGE and _between(x, x1, x2) and _between(y, y1, y2):
                return True
            if (y1 > y) != (y2 > y) and (cross > 0) == (y2 > y1):
                inside = not inside
        return inside


class AnchoredArea(Area):
    """The polygon of a zone, with the rule which point of a box stands for the thing in it."""

    def __init__(self, zone: Zone) -> None:
        if zone.polygon is None:
            raise ValueError(f"zone {zone.zone_id!r} has no polygon")
        super().__init__(zone.polygon)
        self.zone = zone
        self._at_bottom = zone.anchor == "bottom_center"
        self.anchor_of = bottom_center if self._at_bottom else center

    def holds_box(self, box: BoxXyxy) -> bool:
        """Tell whether the thing in ``box`` is in this zone."""
        left, top, right, bottom = box
        x = (left + right) / 2  # most boxes are far away: a few comparisons save a call
        if x < self._left or x > self._right:
            return False
        y = bottom if self._at_bottom else (top + bottom) / 2
        return self._top <= y <= self._bottom and self._encloses(x, y)


def count_in(zones: tuple[AnchoredArea, ...], boxes: tuple[BoxXyxy, ...]) -> int:
    """Give how many of the boxes are in at least one of the zones."""
    count = 0
    for box in boxes:
        for zone in zones:
            if zone.holds_box(box):
                count += 1
                break
    return count


def cells_in(zone: Zone) -> tuple[int, ...]:
    """Give the cells of the water grid, row by row, whose centre lies in a zone; at least the nearest to its middle."""
    if zone.polygon is None:
        raise ValueError(f"zone {zone.zone_id!r} has no polygon")
    area = Area(zone.polygon)
    columns, rows = WATER_GRID_COLUMNS, WATER_GRID_ROWS
    centres = [((index % columns + 0.5) / columns, (index // columns + 0.5) / rows) for index in range(columns * rows)]
    held = tuple(index for index, centre in enumerate(centres) if area.holds(centre))
    if held:
        return held
    xs, ys = zip(*zone.polygon, strict=True)
    column, row = int(sum(xs) / len(xs) * columns), int(sum(ys) / len(ys) * rows)
    return (min(row, rows - 1) * columns + min(column, columns - 1),)


def fingerprint(*values: Any) -> bytes:
    """Give 8 bytes that change whenever one of the values does: how a rule notices that a zone was changed."""
    return hashlib.blake2b(msgspec.json.encode(values, order="deterministic"), digest_size=8).digest()


def _between(value: float, a: float, b: float) -> bool:
    return min(a, b) - _ON_EDGE <= value <= max(a, b) + _ON_EDGE
