"""Solids of coloured triangles, gathered by the surface that they have."""

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from training.water.render.plan import Colour

Surface = Literal["matte", "gloss", "tile", "sheet", "leaf", "glow", "debris"]
Point = tuple[float, float, float]

_BOX_CORNERS = np.array([[x, y, z] for z in (0, 1) for y in (-0.5, 0.5) for x in (-0.5, 0.5)], np.float32)
_BOX_FACES = np.array(
    [[0, 2, 1], [1, 2, 3], [4, 5, 6], [5, 7, 6], [0, 1, 4], [1, 5, 4],
     [2, 6, 3], [3, 6, 7], [0, 4, 2], [2, 4, 6], [1, 3, 5], [3, 7, 5]], np.int32,
)  # fmt: skip


@dataclass(slots=True)
class Mesh:
    """Triangles of one surface: chunks of points [n, 3] in metres, corners [m, 3], a linear RGB colour a point."""

    points: list[NDArray[np.float32]] = field(default_factory=list)
    triangles: list[NDArray[np.int32]] = field(default_factory=list)
    colours: list[NDArray[np.float32]] = field(default_factory=list)
    point_count: int = 0


class Solids:
    """All solids of a scene but the ground."""

    def __init__(self) -> None:
        self.meshes: dict[Surface, Mesh] = {}
        self.lamps: list[Point] = []

    def add(self, surface: Surface, points: NDArray[np.float32], triangles: NDArray[np.int32], colour: Colour) -> None:
        """Add triangles of one colour."""
        mesh = self.meshes.setdefault(surface, Mesh())
        mesh.points.append(points.astype(np.float32))
        mesh.triangles.append((triangles + mesh.point_count).astype(np.int32))
        mesh.colours.append(np.tile(np.array([*colour, 1.0], np.float32), (len(points), 1)))
        mesh.point_count += len(points)

    def box(self, surface: Surface, at: Point, size: Point, colour: Colour, turn: float = 0.0) -> None:
        """Add a box that stands on `at`, turned by `turn` radians about its upright axis."""
        points = _BOX_CORNERS * np.array(size, np.float32)
        self.add(surface, _turned(points, turn) + np.array(at, np.float32), _BOX_FACES, colour)

    def prism(
        self, surface: Surface, outline: NDArray[np.float32], at: Point, length: float, colour: Colour, turn: float
    ) -> None:
        """Add an outline (y, z), convex enough for a fan, drawn out `length` metres along x about `at`."""
        count = len(outline)
        ends = [np.column_stack([np.full(count, side * length / 2), outline]) for side in (-1, 1)]
        fan = [[0, i + 1, i] for i in range(1, count - 1)]
        faces = fan + [[count + a, count + c, count + b] for a, b, c in fan]
        for i in range(count):
            j = (i + 1) % count
            faces += [[i, j, count + i], [j, count + j, count + i]]
        points = _turned(np.concatenate(ends).astype(np.float32), turn) + np.array(at, np.float32)
        self.add(surface, points, np.array(faces, np.int32), colour)

    def tube(self, surface: Surface, start: Point, end: Point, radius: float, colour: Colour) -> None:
        """Add a six-sided tube between two points."""
        a, b = np.array(start, np.float64), np.array(end, np.float64)
        along = (b - a) / max(float(np.linalg.norm(b - a)), 1e-6)
        side = np.cross(along, [0.0, 0.0, 1.0] if abs(along[2]) < 0.9 else [1.0, 0.0, 0.0])
        side /= np.linalg.norm(side)
        other = np.cross(along, side)
        ring = [radius * (math.cos(t) * side + math.sin(t) * other) for t in np.arange(6) * math.pi / 3]
        points = np.array([a + r for r in ring] + [b + r for r in ring], np.float32)
        faces = [f for i in range(6) for f in ([i, (i + 1) % 6, 6 + i], [(i + 1) % 6, 6 + (i + 1) % 6, 6 + i])]
        faces += [[6, 6 + i, 7 + i] for i in range(1, 5)]
        self.add(surface, points, np.array(faces, np.int32), colour)

    def cards(
        self, surface: Surface, centres: NDArray[np.float32], size: float, colour: Colour, chance: np.random.Generator
    ) -> None:
        """Add a randomly turned triangle with sides of about `size` metres at each centre [n, 3]."""
        count = len(centres)
        points = (centres[:, None, :] + chance.normal(0, size, (count, 3, 3))).reshape(-1, 3)
        shade = chance.uniform(0.6, 1.3)
        tint = (colour[0] * shade, colour[1] * shade, colour[2] * shade)
        self.add(surface, points.astype(np.float32), np.arange(count * 3, dtype=np.int32).reshape(-1, 3), tint)


def _turned(points: NDArray[np.float32], turn: float) -> NDArray[np.float32]:
    cos, sin = math.cos(turn), math.sin(turn)
    matrix = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]], np.float32)
    return np.asarray(points @ matrix.T, np.float32)
