"""The ground of a scene: heights as streets have them, and the level at which water fills the low places."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.water.render.plan import CameraPlan, ScenePlan, WaterPlan

FAR = 260.0  # metres; beyond it the horizon's haze hides the edge
GUTTER_WIDTH = 0.35


@dataclass(frozen=True, slots=True)
class Ground:
    """A grid of heights in metres: `heights[i, j]` is the ground's at `(xs[j], ys[i])`."""

    xs: NDArray[np.float32]
    ys: NDArray[np.float32]
    heights: NDArray[np.float32]


def noise(
    xs: NDArray[np.float32], ys: NDArray[np.float32], wave: float, chance: np.random.Generator
) -> NDArray[np.float32]:
    """Give smooth noise, about -1 to 1, shape [len(ys), len(xs)], whose hills are `wave` metres apart."""
    lattice = chance.uniform(-1.6, 1.6, (64, 64)).astype(np.float32)
    x, y = np.meshgrid(np.mod(xs / wave, 64), np.mod(ys / wave, 64))
    hills = cv2.remap(lattice, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)
    return np.asarray(hills, np.float32)


def build_ground(scene: ScenePlan) -> Ground:
    """Build the heights of a scene: road with crown and gutters, kerbs, walks, yards, holes and ruts."""
    chance = np.random.default_rng(scene.seed)
    xs, ys = _lines(scene)
    x = np.abs(xs)[None, :]
    half, walk = scene.road_half_width, scene.road_half_width + scene.walk_width
    heights = np.where(x < half, -scene.crown * (x / half) ** 2, 0.0)
    in_gutter = (x > half - GUTTER_WIDTH) & (x < half)
    heights = np.where(in_gutter & (scene.kerb_height > 0), heights - 0.04, heights)
    beyond = -scene.crown + scene.kerb_height + 0.01 * (x - half)
    heights = np.where(x >= half, beyond, heights)
    heights = np.where(x >= walk, beyond + chance.uniform(-0.1, 0.25), heights)
    away = np.clip((x - walk) / 6, 0, 1)
    heights = heights + scene.hills * away * (0.5 + noise(xs, ys, 55.0, chance))
    rough = scene.unevenness * np.where(x < walk, 1.0, 1.6)
    heights = heights + rough * (noise(xs, ys, 2.3, chance) * 0.35 + noise(xs, ys, 6.5, chance) * 0.7)
    heights = heights + rough * noise(xs, ys, 21.0, chance)
    if scene.place == "village":
        heights = heights - 0.07 * np.exp(-(((x - 0.8) / 0.22) ** 2)) * (1 + 0.5 * noise(xs, ys, 4, chance))
    heights = heights - _holes(xs, ys, scene, chance)
    return Ground(xs, ys, np.ascontiguousarray(heights, np.float32))


def water_level(ground: Ground, scene: ScenePlan, camera: CameraPlan, water: WaterPlan) -> float:
    """Give the level in metres at which `water.share` of the near ground is under water, and `water.rise` more."""
    if water.share == 0:
        return -100.0
    width = scene.road_half_width + scene.walk_width + max(0.0, camera.position[2] - 14)
    ahead = 12 + 2 * camera.position[2]
    rows = (ground.ys > camera.position[1]) & (ground.ys < camera.position[1] + ahead)
    columns = np.abs(ground.xs) < width
    return float(np.quantile(ground.heights[np.ix_(rows, columns)], min(1.0, water.share))) + water.rise


def _lines(scene: ScenePlan) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give the grid's lines: close together near the road, and two lines a centimetre apart at each kerb."""
    edge = scene.road_half_width
    near = np.arange(0.0, edge + scene.walk_width + 3, 0.16)
    near = near[np.abs(near - edge) > 0.03]
    right = np.concatenate([near, [edge - 0.005, edge + 0.005], near[-1] + np.geomspace(0.3, FAR - near[-1], 40)])
    right = np.unique(right)
    xs = np.concatenate([-right[:0:-1], right])
    ys = np.concatenate([-np.geomspace(FAR / 2, 0.5, 30), np.arange(0, 45, 0.2), 45 + np.geomspace(0.3, FAR, 60)])
    return xs.astype(np.float32), ys.astype(np.float32)


def _holes(
    xs: NDArray[np.float32], ys: NDArray[np.float32], scene: ScenePlan, chance: np.random.Generator
) -> NDArray[np.float32]:
    depth = np.zeros((len(ys), len(xs)), np.float32)
    for _ in range(int(chance.integers(0, 14))):
        x = chance.uniform(-scene.road_half_width, scene.road_half_width)
        y, radius = chance.uniform(2, 40), chance.uniform(0.25, 1.4)
        stretch = chance.uniform(0.5, 1.6)
        distance = ((xs[None, :] - x) / radius) ** 2 + ((ys[:, None] - y) / (radius * stretch)) ** 2
        depth += (chance.uniform(0.02, 0.08) * np.exp(-(distance**2))).astype(np.float32)
    return depth
