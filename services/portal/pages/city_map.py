"""A map that needs nobody: dots of cameras over a plain grid, with districts' names; tiles only where configured."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from schemas.cameras import Camera
from services.portal.pages.public_cameras import KINDS

WIDTH: Final = 520
_MOST_HEIGHT: Final = 560
_MARGIN_RATIO: Final = 0.08
_LEAST_SPAN_DEGREES: Final = 0.01
_KM_PER_DEGREE: Final = 111.32
_GRID_KM: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
_TILE_PX: Final = 256
_MOST_ZOOM: Final = 18
_LABEL_HEIGHT: Final = 26
_LETTER_WIDTH: Final = 10.4
_NUDGES: Final = 60
_ABOVE: Final = 16


class Dots(NamedTuple):
    """The dots of one kind of cameras: a path whose points are drawn by round line ends."""

    kind: str
    cameras: int
    path: str


class Mark(NamedTuple):
    """Something at a place of its own: a camera or a flood."""

    x: float
    y: float
    camera_id: str
    name: str
    kind: str


@dataclass(slots=True)
class Label:
    """A district's name where its cameras stand."""

    x: float
    y: float
    name: str
    count: int

    @property
    def half_width(self) -> float:
        """Give half the width that the name takes, about."""
        return round(_half_width(self.name), 1)


class Tile(NamedTuple):
    """One picture of the tile server."""

    href: str
    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class CityMap:
    """What is drawn, in units of the drawing. ``grid_km`` is the width of a square of the grid."""

    width: int
    height: int
    grid_km: float
    columns: tuple[float, ...]
    rows: tuple[float, ...]
    dots: tuple[Dots, ...]
    labels: tuple[Label, ...]
    marks: tuple[Mark, ...]
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    """Web Mercator, cut to what is shown: ``left`` and ``top`` in world units of 0 to 1, ``scale`` units of drawing."""

    left: float
    top: float
    scale: float
    height: int

    def place(self, latitude: float, longitude: float) -> tuple[float, float]:
        x, y = _world(latitude, longitude)
        return round((x - self.left) * self.scale, 1), round((y - self.top) * self.scale, 1)


def draw_map(
    cameras: Sequence[Camera], flooded: Iterable[str] = (), tile_server: str = "", *, each: bool = False
) -> CityMap | None:
    """Draw cameras; None where there is none to draw.

    Args:
        cameras: Which ones.
        flooded: Ids of cameras that see standing water now.
        tile_server: ``https://host/{z}/{x}/{y}.png``; empty: no tiles.
        each: Each camera is a mark of its own that can be chosen; else they are dots under names of districts.
    """
    if not cameras:
        return None
    frame, latitude = _frame(cameras)
    wet = set(flooded)
    grid_km = _grid_km(frame, latitude)
    step = grid_km / _KM_PER_DEGREE / 360 / math.cos(math.radians(latitude)) * frame.scale
    marked = [camera for camera in cameras if each or camera.camera_id in wet]
    return CityMap(
        width=WIDTH,
        height=frame.height,
        grid_km=grid_km,
        columns=_lines(WIDTH, step),
        rows=_lines(frame.height, step),
        dots=() if each else _dots(cameras, frame),
        labels=() if each else tuple(_labels(cameras, frame)),
        marks=tuple(_mark(camera, frame, "flood" if camera.camera_id in wet else camera.kind) for camera in marked),
        tiles=tuple(_tiles(frame, tile_server)) if tile_server else (),
    )


def _world(latitude: float, longitude: float) -> tuple[float, float]:
    bounded = math.radians(max(-85.0, min(85.0, latitude)))
    return (longitude + 180) / 360, (1 - math.asinh(math.tan(bounded)) / math.pi) / 2


def _frame(cameras: Sequence[Camera]) -> tuple[_Frame, float]:
    points = [_world(camera.place.latitude, camera.place.longitude) for camera in cameras]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    span = max(right - left, bottom - top, _LEAST_SPAN_DEGREES / 360) * (1 + 2 * _MARGIN_RATIO)
    wide = max(right - left + span * 2 * _MARGIN_RATIO / (1 + 2 * _MARGIN_RATIO), span / 2)
    high = max(bottom - top + span * 2 * _MARGIN_RATIO / (1 + 2 * _MARGIN_RATIO), span / 2)
    scale = min(WIDTH / wide, _MOST_HEIGHT / high)
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    height = round(high * scale)
    latitude = sum(camera.place.latitude for camera in cameras) / len(cameras)
    return _Frame(middle_x - WIDTH / scale / 2, middle_y - height / scale / 2, scale, height), latitude


def _grid_km(frame: _Frame, latitude: float) -> float:
    """A square is about a sixth of the width."""
    width_km = WIDTH / frame.scale * 360 * _KM_PER_DEGREE * math.cos(math.radians(latitude))
    return min(_GRID_KM, key=lambda km: abs(km - width_km / 6))


def _lines(length: float, step: float) -> tuple[float, ...]:
    return tuple(round(step * (number + 0.5), 1) for number in range(int(length / step + 0.5)))


def _dots(cameras: Sequence[Camera], frame: _Frame) -> tuple[Dots, ...]:
    made = []
    for kind in KINDS:
        places = [frame.place(c.place.latitude, c.place.longitude) for c in cameras if c.kind == kind]
        if places:
            made.append(Dots(kind, len(places), "".join(f"M{x:g} {y:g}h0" for x, y in places)))
    return tuple(made)


def _mark(camera: Camera, frame: _Frame, kind: str) -> Mark:
    x, y = frame.place(camera.place.latitude, camera.place.longitude)
    return Mark(x, y, camera.camera_id, camera.name, kind)


def _labels(cameras: Sequence[Camera], frame: _Frame) -> list[Label]:
    """Names stand a little above the middle of their cameras, pushed apart where they would lie over each other."""
    by_name: dict[str, list[Camera]] = {}
    for camera in cameras:
        by_name.setdefault(camera.place.kecamatan, []).append(camera)
    labels = []
    for name, members in sorted(by_name.items()):
        latitude = sum(camera.place.latitude for camera in members) / len(members)
        longitude = sum(camera.place.longitude for camera in members) / len(members)
        x, y = frame.place(latitude, longitude)
        half, above = _half_width(name), max(_LABEL_HEIGHT / 2, y - _ABOVE)
        labels.append(Label(min(max(x, half), WIDTH - half), round(above, 1), name, len(members)))
    for _ in range(_NUDGES):
        if not _push_apart(labels, frame.height):
            break
    return labels


def _push_apart(labels: list[Label], height: int) -> bool:
    moved = False
    for number, one in enumerate(labels):
        for other in labels[number + 1 :]:
            too_near = _LABEL_HEIGHT - abs(one.y - other.y)
            if too_near > 0 and abs(one.x - other.x) < _half_width(one.name) + _half_width(other.name):
                upper, lower = (one, other) if one.y <= other.y else (other, one)
                upper.y = round(max(_LABEL_HEIGHT / 2, upper.y - too_near / 2 - 0.5), 1)
                lower.y = round(min(height - _LABEL_HEIGHT / 2, lower.y + too_near / 2 + 0.5), 1)
                moved = True
    return moved


def _half_width(name: str) -> float:
    return len(name) * _LETTER_WIDTH / 2 + 6


def _tiles(frame: _Frame, server: str) -> list[Tile]:
    zoom = min(_MOST_ZOOM, max(0, round(math.log2(frame.scale / _TILE_PX))))
    count = 2**zoom
    size = frame.scale / count
    first_x, first_y = math.floor(frame.left * count), math.floor(frame.top * count)
    last_x = math.floor((frame.left + WIDTH / frame.scale) * count)
    last_y = math.floor((frame.top + frame.height / frame.scale) * count)
    return [
        Tile(
            server.replace("{z}", str(zoom)).replace("{x}", str(x % count)).replace("{y}", str(y)),
            round((x / count - frame.left) * frame.scale, 2),
            round((y / count - frame.top) * frame.scale, 2),
            round(size, 2),
        )
        for x in range(first_x, last_x + 1)
        for y in range(max(0, first_y), min(count - 1, last_y) + 1)
    ]
