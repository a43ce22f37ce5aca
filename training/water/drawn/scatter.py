"""Where things stand in a scene, drawn far to near."""

from __future__ import annotations

import math
from collections.abc import Callable

from training.water.drawn.plan import Scene
from training.water.drawn.texture import Chance
from training.water.drawn.things import LEAVES, Painter, house, pole, tree, vehicle

Place = tuple[float, float]


def scatter(painter: Painter, scene: Scene, chance: Chance) -> None:
    """Draw houses, trees, vehicles and poles of ``scene``."""
    leaf = LEAVES[chance.integers(len(LEAVES))]
    things: list[tuple[Place, Callable[[Place], None]]] = []
    for _ in range(scene.houses):
        things.append((_aside(scene, chance, 9), lambda at: house(painter, at, chance, scene.larger)))
    for _ in range(scene.trees):
        things.append((_aside(scene, chance, 3), lambda at: tree(painter, at, chance, leaf, scene.larger)))
    for _ in range(scene.vehicles):
        things.append((_on_road(scene, chance), lambda at: vehicle(painter, at, chance)))
    for _ in range(int(chance.integers(0, 14))):
        things.append((_aside(scene, chance, 0.6), lambda at: pole(painter, at, chance)))
    for at, draw in sorted(things, key=lambda thing: -math.hypot(*thing[0])):
        draw(at)


def _aside(scene: Scene, chance: Chance, clearance: float) -> Place:
    """Give a place beside the road; seen from above, things stand anywhere in clusters."""
    reach = max(60.0, 6 * scene.view.height)
    if scene.place in {"road", "street"}:
        z = float(chance.uniform(4, 10) + reach * 3 * chance.random() ** 1.5)
        side = float(chance.choice([-1, 1])) * (scene.road.half_width + clearance + abs(chance.normal(0, 12)))
        return scene.road.bend * z * z + side, z
    middle_z = scene.view.height / math.tan(scene.view.pitch)
    cluster = int(chance.integers(5))
    x = math.sin(cluster * 2.4 + scene.seed) * reach * 0.6 + chance.normal(0, reach * 0.3)
    z = middle_z + math.cos(cluster * 1.7 + scene.seed) * reach * 0.6 + chance.normal(0, reach * 0.5)
    return float(x), float(z)


def _on_road(scene: Scene, chance: Chance) -> Place:
    z = float(chance.uniform(6, 90)) + scene.view.height
    return scene.road.bend * z * z + float(chance.uniform(-1, 1)) * scene.road.half_width * 0.8, z
