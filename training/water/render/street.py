"""What stands on the ground of a scene: houses, walls, poles, trees, vehicles, people, and what drifts on water."""

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from training.water.render.plan import Colour, ScenePlan
from training.water.render.solids import Point, Solids, Surface

WALLS: tuple[Colour, ...] = (
    (0.75, 0.72, 0.65), (0.6, 0.55, 0.42), (0.35, 0.55, 0.5), (0.7, 0.45, 0.3), (0.3, 0.4, 0.6), (0.42, 0.42, 0.4),
    (0.7, 0.65, 0.3), (0.8, 0.8, 0.8), (0.35, 0.16, 0.1),
)  # fmt: skip
ROOFS: tuple[Colour, ...] = (
    (0.35, 0.10, 0.05),
    (0.25, 0.09, 0.05),
    (0.30, 0.30, 0.32),
    (0.4, 0.15, 0.08),
    (0.15, 0.2, 0.3),
)
PAINTS: tuple[Colour, ...] = (
    (0.7, 0.7, 0.7), (0.02, 0.02, 0.02), (0.3, 0.3, 0.32), (0.45, 0.03, 0.03), (0.04, 0.08, 0.3), (0.6, 0.45, 0.05),
    (0.05, 0.2, 0.08), (0.8, 0.8, 0.78),
)  # fmt: skip
GLASS: Colour = (0.015, 0.02, 0.025)
RUBBER: Colour = (0.015, 0.015, 0.015)
BARK: Colour = (0.13, 0.09, 0.06)
GREY: Colour = (0.3, 0.3, 0.3)
Chance = np.random.Generator


def build_street(scene: ScenePlan) -> Solids:
    """Build everything but the ground; the same plan gives the same solids."""
    chance = np.random.default_rng(scene.seed + 1)
    solids = Solids()
    edge = scene.road_half_width + scene.walk_width
    for side in (-1, 1):
        _row_of_houses(solids, scene, side, edge, chance)
        _far_houses(solids, scene, side, edge, chance)
        _poles(solids, side * (edge - 0.4), chance)
    for _ in range(int(scene.tree_density * 40)):
        x = float(chance.choice([-1, 1]) * (edge + chance.uniform(0, 2) + abs(chance.normal(0, 14))))
        _tree(solids, (x, float(chance.uniform(12, 120)), 0.0), chance)
    for _ in range(int(scene.tree_density**2 * 160)):
        spot = (float(chance.choice([-1, 1]) * (edge + chance.uniform(8, 110))), float(chance.uniform(20, 230)), 0.0)
        _tree(solids, spot, chance, near=False)
    for _ in range(30):  # the horizon is closed by trees, as a town's is
        _tree(solids, (float(chance.normal(0, 70)), float(chance.uniform(110, 230)), 0.0), chance, near=False)
    for _ in range(scene.traffic):
        _vehicle_or_person(solids, scene, chance)
    return solids


def drifting(level: float, reach: float, chance: Chance) -> NDArray[np.float32]:
    """Give the places of leaves and litter that drift at a water level: [n, 3] in metres, in clusters."""
    count = int(chance.integers(0, 60))
    clusters = chance.uniform([-reach, 2], [reach, 35], (6, 2))
    spots = clusters[chance.integers(0, 6, count)] + chance.normal(0, 1.2, (count, 2))
    return np.column_stack([spots, np.full(count, level + 0.01)]).astype(np.float32)


def _row_of_houses(solids: Solids, scene: ScenePlan, side: int, edge: float, chance: Chance) -> None:
    y = float(chance.uniform(-30, -20))
    back_row = chance.random() < 0.6
    while y < 130:
        width = float(chance.uniform(4, 12))
        setback = float(chance.uniform(0.0, 1.0) if scene.place in {"street", "lane"} else chance.uniform(1, 9))
        if chance.random() < scene.house_density:
            _house(solids, scene, (side * (edge + setback), y + width / 2), width, chance)
        elif scene.house_density > 0.2 and chance.random() < 0.5:
            _fence(solids, (side * (edge + 0.2), y + width / 2), width, chance)
        if back_row and chance.random() < scene.house_density:
            _house(
                solids, scene, (side * (edge + setback + float(chance.uniform(14, 24))), y + width / 2), width, chance
            )
        y += width + float(chance.choice([0.1, 0.5, 2.5]))


def _far_houses(solids: Solids, scene: ScenePlan, side: int, edge: float, chance: Chance) -> None:
    """Add blocks behind the street, as they are seen from above: no windows, some turned."""
    for offset in range(36, 110, 18):
        for y in np.arange(chance.uniform(0, 15), 210, 15):
            if chance.random() > 0.75 * scene.house_density:
                continue
            size = (float(chance.uniform(6, 11)), float(chance.uniform(6, 12)))
            height = float(chance.integers(1, 3)) * 3.0
            at = (side * (edge + offset) + float(chance.normal(0, 2)), float(y + chance.normal(0, 2)))
            solids.box("matte", (*at, -0.5), (*size, height + 0.5), WALLS[int(chance.integers(len(WALLS)))])
            _roof(solids, (*at, height), size, chance)


def _house(solids: Solids, scene: ScenePlan, front: tuple[float, float], width: float, chance: Chance) -> None:
    side = 1 if front[0] > 0 else -1
    depth = float(chance.uniform(6, 11))
    height = float(scene.storeys if chance.random() < 0.6 else chance.integers(1, 4)) * float(chance.uniform(2.7, 3.4))
    colour = WALLS[int(chance.integers(len(WALLS)))]
    centre = front[0] + side * depth / 2
    solids.box("matte", (centre, front[1], -0.5), (depth, width, height + 0.5), colour)
    _roof(solids, (centre, front[1], height), (depth, width), chance)
    for storey in range(max(1, round(height / 3))):
        for k in range(int(width // 2)):
            at = (front[0] - side * 0.01, front[1] - width / 2 + 1 + k * 2, storey * 3.0 + 0.9)
            surface: Surface = "glow" if chance.random() < 0.12 else "gloss"
            tint = (1.0, 0.75, 0.4) if surface == "glow" else GLASS
            solids.box(surface, at, (0.06, float(chance.uniform(0.8, 1.4)), 1.2), tint)
    shade = PAINTS[int(chance.integers(len(PAINTS)))]
    solids.box("matte", (front[0] - side * 0.02, front[1] + float(chance.uniform(-1, 1)), 0), (0.08, 1.1, 2.1), BARK)
    if scene.place in {"street", "lane"} and chance.random() < 0.6:
        solids.box("matte", (front[0] - side * 0.1, front[1], 2.6), (0.15, width * 0.8, 0.8), shade)
        solids.box("sheet", (front[0] - side * 0.6, front[1], 2.4), (1.3, width * 0.9, 0.05), GREY)
    if scene.place == "street" and chance.random() < 0.5:
        solids.box("sheet", (front[0] - side * 0.03, front[1], 0), (0.08, width * 0.6, 2.3), shade)


def _roof(solids: Solids, top: Point, size: tuple[float, float], chance: Chance) -> None:
    depth, width = size
    surface: Surface = "tile" if chance.random() < 0.65 else "sheet"
    colour = ROOFS[int(chance.integers(len(ROOFS)))] if surface == "tile" else GREY
    if chance.random() < 0.25:
        solids.box("matte", top, (depth + 0.3, width + 0.1, 0.4), GREY)
        return
    over, rise = 0.6, float(chance.uniform(0.9, 2.4))
    if chance.random() < 0.5:
        outline = np.array([[-width / 2 - over, -0.1], [width / 2 + over, -0.1], [0, rise]], np.float32)
        solids.prism(surface, outline, top, depth + 2 * over, colour, 0.0)
    else:
        outline = np.array([[-depth / 2 - over, -0.1], [depth / 2 + over, -0.1], [0, rise]], np.float32)
        solids.prism(surface, outline, top, width + 0.4, colour, math.pi / 2)


def _fence(solids: Solids, at: tuple[float, float], width: float, chance: Chance) -> None:
    height = float(chance.uniform(0.8, 2.2))
    colour = WALLS[int(chance.integers(len(WALLS)))]
    if chance.random() < 0.6:
        solids.box("matte", (at[0], at[1], -0.3), (0.15, width, height + 0.3), colour)
        return
    for k in range(int(width / 0.18)):
        solids.box("gloss", (at[0], at[1] - width / 2 + k * 0.18, -0.3), (0.03, 0.03, height + 0.3), RUBBER)


def _poles(solids: Solids, x: float, chance: Chance) -> None:
    gap, height = float(chance.uniform(14, 30)), float(chance.uniform(6, 9))
    tops = [(x, float(y), height) for y in np.arange(chance.uniform(0, gap), 120, gap)]
    for top in tops:
        solids.tube("matte", (top[0], top[1], -0.5), top, 0.11, GREY)
        tip = (top[0] - math.copysign(1.6, x), top[1], height + 0.3)
        solids.tube("matte", top, tip, 0.04, GREY)
        solids.box("glow", (tip[0], tip[1], tip[2] - 0.08), (0.5, 0.2, 0.08), (1.0, 0.8, 0.5))
        solids.lamps.append((tip[0], tip[1], tip[2] - 0.3))
    for first, second in itertools.pairwise(tops):
        for sag in (0.0, 0.25, 0.6):
            solids.tube(
                "matte", (first[0], first[1], height - sag), (second[0], second[1], height - sag), 0.015, RUBBER
            )


def _tree(solids: Solids, foot: Point, chance: Chance, *, near: bool = True) -> None:
    height = float(chance.uniform(3, 9))
    green: Colour = (
        float(chance.uniform(0.03, 0.1)),
        float(chance.uniform(0.09, 0.2)),
        float(chance.uniform(0.01, 0.05)),
    )
    x, y, _ = foot
    top = (x + float(chance.normal(0, 0.4)), y, height)
    solids.tube("matte", (x, y, -0.5), top, 0.05 + height * 0.02, BARK)
    if chance.random() < 0.3:  # a palm: leaves along drooping ribs
        for angle in chance.uniform(0, 2 * math.pi, 9):
            t = np.linspace(0.1, 1, 14)[:, None]
            rib = np.array(top) + t * np.array([2.4 * math.cos(angle), 2.4 * math.sin(angle), 0.9]) - t**2 * [0, 0, 2.0]
            solids.cards("leaf", rib.astype(np.float32), 0.22, green, chance)
        return
    for _ in range(int(chance.integers(3, 7))):
        centre = np.array(top) + chance.normal(0, height * 0.13, 3)
        leaves = centre + chance.normal(0, height * 0.1, (140 if near else 35, 3))
        solids.cards("leaf", leaves.astype(np.float32), 0.11 if near else 0.4, green, chance)


def _vehicle_or_person(solids: Solids, scene: ScenePlan, chance: Chance) -> None:
    x = float(chance.uniform(-1, 1)) * max(0.6, scene.road_half_width - 1.0)
    at = (x, 9 + 50 * float(chance.uniform()) ** 1.4, -max(0.0, scene.crown) / 2)
    turn = float(chance.normal(0, 0.12)) + math.pi / 2
    kind = chance.random()
    if kind < 0.4 and scene.road_half_width > 1.8:
        _car(solids, at, turn, chance)
    elif kind < 0.7:
        _motorcycle(solids, at, turn, chance)
    else:
        _person(solids, at, 0.0, chance)


def _car(solids: Solids, at: Point, turn: float, chance: Chance) -> None:
    paint = PAINTS[int(chance.integers(len(PAINTS)))]
    length, high = float(chance.uniform(3.6, 4.8)), float(chance.uniform(1.4, 1.9))
    half = length / 2
    body = np.array([[-half, 0.3], [half, 0.3], [half, 0.75], [half * 0.6, 0.92], [-half, 0.95]], np.float32)
    cabin = np.array([[-half * 0.95, 0.9], [half * 0.55, 0.9], [half * 0.2, high], [-half * 0.85, high]], np.float32)
    # An outline lies in (y, z) and is drawn out along x; a car's length is its y.
    solids.prism("gloss", body, at, 1.7, paint, turn - math.pi / 2)
    solids.prism("gloss", cabin, at, 1.56, GLASS, turn - math.pi / 2)
    solids.prism("gloss", cabin * np.array([0.9, 1.02], np.float32), at, 1.45, paint, turn - math.pi / 2)
    for side in (-0.8, 0.8):
        for along in (-half * 0.62, half * 0.62):
            wheel = 0.32 * np.array([[math.cos(t), math.sin(t)] for t in np.arange(10) * math.pi / 5])
            spot = _beside(at, turn - math.pi / 2, side, along)
            solids.prism("matte", wheel.astype(np.float32), (*spot, at[2] + 0.32), 0.2, RUBBER, turn - math.pi / 2)


def _motorcycle(solids: Solids, at: Point, turn: float, chance: Chance) -> None:
    paint = PAINTS[int(chance.integers(len(PAINTS)))]
    body = np.array([[-0.8, 0.55], [-0.2, 0.3], [0.4, 0.35], [0.65, 0.95], [0.5, 1.0], [0.2, 0.6], [-0.8, 0.8]])
    solids.prism("gloss", body.astype(np.float32), at, 0.3, paint, turn - math.pi / 2)
    for along in (-0.62, 0.62):
        wheel = 0.29 * np.array([[math.cos(t), math.sin(t)] for t in np.arange(10) * math.pi / 5])
        spot = _beside(at, turn - math.pi / 2, 0.0, along)
        solids.prism("matte", wheel.astype(np.float32), (*spot, at[2] + 0.29), 0.1, RUBBER, turn - math.pi / 2)
    if chance.random() < 0.6:
        _person(solids, (*_beside(at, turn - math.pi / 2, 0.0, -0.25), at[2]), 0.35, chance)


def _person(solids: Solids, at: Point, lift: float, chance: Chance) -> None:
    x, y, z = at[0], at[1], at[2] + lift
    shirt, trousers = PAINTS[int(chance.integers(len(PAINTS)))], WALLS[int(chance.integers(len(WALLS)))]
    for side in (-0.1, 0.1):
        solids.tube("matte", (x + side, y, z), (x + side * 0.8, y, z + 0.85), 0.085, trousers)
        solids.tube("matte", (x + side * 2.4, y, z + 0.8), (x + side * 1.8, y, z + 1.4), 0.05, shirt)
    solids.tube("matte", (x, y, z + 0.8), (x, y, z + 1.45), 0.19, shirt)
    solids.tube("matte", (x, y, z + 1.45), (x, y, z + 1.72), 0.1, (0.3, 0.18, 0.11))


def _beside(at: Point, turn: float, across: float, along: float) -> tuple[float, float]:
    cos, sin = math.cos(turn), math.sin(turn)
    return at[0] + cos * across - sin * along, at[1] + sin * across + cos * along
