"""What is rendered: every choice about a scene and its shots, drawn from one seed, before anything is built."""

import math
import random
from dataclasses import dataclass
from typing import Literal, TypeVar

Place = Literal["street", "lane", "village", "field", "highway"]
CameraKind = Literal["pole", "person", "car", "mast", "drone"]
Sky = Literal["clear", "cloudy", "overcast", "dusk", "night", "photo"]
WaterState = Literal["dry", "film", "puddles", "pools", "flood", "deep"]
Colour = tuple[float, float, float]
_Choice = TypeVar("_Choice", bound=str)

SHOTS_A_SCENE = 4  # building a scene takes less time than one shot; more streets teach more than more views of one
VALIDATION_EVERY = 10  # scenes; whole scenes, so that no street is in both parts

# Dry and filmed ground make up a third of all shots: a network that sees water on every picture learns to expect it.
WATER_STATES: dict[WaterState, float] = {
    "dry": 0.18, "film": 0.17, "puddles": 0.2, "pools": 0.15, "flood": 0.18, "deep": 0.12,
}  # fmt: skip
# Open roads are mostly dry or wet without standing water: a sky mirrored in asphalt is what is taken for a flood.
HIGHWAY_WATER_STATES: dict[WaterState, float] = {
    "dry": 0.32, "film": 0.36, "puddles": 0.1, "pools": 0.08, "flood": 0.1, "deep": 0.04,
}  # fmt: skip
CAMERAS: dict[CameraKind, float] = {"pole": 0.32, "person": 0.2, "car": 0.0, "mast": 0.1, "drone": 0.38}
HIGHWAY_CAMERAS: dict[CameraKind, float] = {"pole": 0.12, "person": 0.08, "car": 0.65, "mast": 0.05, "drone": 0.1}
SKIES: dict[Sky, float] = {"clear": 0.2, "cloudy": 0.22, "overcast": 0.22, "dusk": 0.1, "night": 0.14, "photo": 0.12}
PLACES: dict[Place, float] = {"street": 0.3, "lane": 0.12, "village": 0.22, "field": 0.11, "highway": 0.25}
MURKS: tuple[Colour, ...] = (
    (0.30, 0.20, 0.11), (0.22, 0.16, 0.10), (0.38, 0.28, 0.17), (0.24, 0.22, 0.19),
    (0.12, 0.13, 0.12), (0.10, 0.14, 0.08), (0.05, 0.06, 0.06), (0.33, 0.17, 0.08),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ScenePlan:
    """A place that is built once. Lengths are in metres; the road runs along y, its middle is x = 0."""

    seed: int
    place: Place
    road_half_width: float
    walk_width: float
    kerb_height: float
    crown: float
    unevenness: float
    hills: float
    road_colour: Colour
    walk_colour: Colour
    yard_colour: Colour
    patch_colour: Colour
    marked: bool
    paved_in_tiles: bool
    cracks: float
    house_density: float
    tree_density: float
    traffic: int
    storeys: int


@dataclass(frozen=True, slots=True)
class CameraPlan:
    """Where a camera hangs; angles in degrees, pitch below the horizon, yaw from the road's direction."""

    position: tuple[float, float, float]
    pitch: float
    yaw: float
    roll: float
    view_angle: float


@dataclass(frozen=True, slots=True)
class LightPlan:
    """Sky and sun; strengths are what Blender's world and sun lamp take."""

    sky: Sky
    photo: str
    zenith: Colour
    horizon: Colour
    cloud_cover: float
    cloud_seed: float
    strength: float
    sun_strength: float
    sun_elevation: float
    sun_azimuth: float
    sun_angle: float
    lamps: float


@dataclass(frozen=True, slots=True)
class WaterPlan:
    """The water of a shot: `share` of the near ground lies under the level, to which `rise` metres are added."""

    state: WaterState
    share: float
    rise: float
    murk: Colour
    turbidity: float
    wetness: float
    ripple: float
    ripple_scale: float
    roughness: float
    rings: float


@dataclass(frozen=True, slots=True)
class LensPlan:
    """What air and camera do to the picture."""

    rain: float
    haze: float
    noise: float
    blur: float
    saturation: float
    warmth: float
    brightness: float
    contrast: float
    sharpening: float
    jpeg_quality: int
    caption: bool


@dataclass(frozen=True, slots=True)
class ShotPlan:
    """One picture of a scene."""

    camera: CameraPlan
    light: LightPlan
    water: WaterPlan
    lens: LensPlan


def plan_scene(seed: int) -> tuple[ScenePlan, list[ShotPlan]]:
    """Draw a scene and its shots; the same seed gives the same plan."""
    chance = random.Random(seed)  # noqa: S311 - pictures, no secrets
    scene = _scene(seed, chance)
    return scene, [_shot(scene, chance) for _ in range(SHOTS_A_SCENE)]


def _pick(chance: random.Random, weights: dict[_Choice, float]) -> _Choice:
    return chance.choices(list(weights), list(weights.values()))[0]


def _grey(chance: random.Random, low: float, high: float, tint: float = 0.02) -> Colour:
    level = chance.uniform(low, high)
    return (level + chance.uniform(0, tint), level, max(0.01, level - chance.uniform(0, tint)))


def _scene(seed: int, chance: random.Random) -> ScenePlan:
    place = _pick(chance, PLACES)
    soil = (chance.uniform(0.16, 0.34), chance.uniform(0.12, 0.2), chance.uniform(0.06, 0.12))
    grass = (chance.uniform(0.05, 0.14), chance.uniform(0.10, 0.2), chance.uniform(0.02, 0.06))
    yard = chance.choice([soil, soil, grass, grass, grass, (0.2, 0.12, 0.09)])
    road = {
        "street": _grey(chance, 0.04, 0.16), "lane": _grey(chance, 0.12, 0.36, 0.06), "village": soil, "field": grass,
        "highway": _grey(chance, 0.05, 0.4, 0.03),
    }[place]  # fmt: skip
    walks = place == "street" and chance.random() < 0.75
    return ScenePlan(
        seed=seed,
        place=place,
        road_half_width={
            "street": chance.uniform(3, 7.5), "lane": chance.uniform(1.5, 3), "village": chance.uniform(1.6, 3.5),
            "field": chance.uniform(3, 20), "highway": chance.uniform(2.6, 8),
        }[place],
        walk_width=chance.uniform(0.8, 2.8) if walks else chance.uniform(0.3, 1.2),
        kerb_height=chance.uniform(0.08, 0.22) if walks else 0.0,
        crown=chance.uniform(-0.04, 0.1) if place in {"street", "lane", "highway"} else chance.uniform(-0.1, 0.05),
        unevenness=chance.uniform(0.4, 1.3)
        * {"street": 0.05, "lane": 0.05, "village": 0.14, "field": 0.25, "highway": 0.04}[place],
        hills=chance.choice([0.0, 0.3, 0.8]) * chance.uniform(0.5, 1.5),
        road_colour=road,
        walk_colour=chance.choice([_grey(chance, 0.15, 0.4, 0.05), (0.32, 0.14, 0.10), soil]),
        yard_colour=yard,
        patch_colour=chance.choice([soil, grass, grass]),
        marked=place in {"street", "highway"} and chance.random() < 0.7,
        paved_in_tiles=place == "lane" and chance.random() < 0.5,
        cracks=chance.choice([0.0, 0.3, 0.8]) if place in {"street", "lane", "highway"} else 0.0,
        house_density={
            "street": chance.uniform(0.4, 1), "lane": chance.uniform(0.6, 1), "village": chance.uniform(0.2, 0.7),
            "field": chance.uniform(0, 0.25), "highway": chance.choice([0, 0, 0.15]),
        }[place],
        tree_density=chance.uniform(0, 1),
        traffic=chance.randint(0, {"street": 14, "lane": 6, "village": 5, "field": 2, "highway": 5}[place]),
        storeys=chance.choice([1, 1, 2, 3]) if place == "street" else chance.choice([1, 1, 1, 2]),
    )  # fmt: skip


def _shot(scene: ScenePlan, chance: random.Random) -> ShotPlan:
    light = _light(chance)
    water = _water(scene.place, chance)
    wet = water.wetness > 0.5 and light.sky not in {"clear", "photo"}
    rain = chance.uniform(0.2, 1.0) if wet and chance.random() < 0.5 else 0.0
    dark = light.sky == "night"
    camera = _camera(scene, chance)
    near = min(1.0, 8 / camera.position[2])  # what stands in a street's haze would be invisible from high above
    lens = LensPlan(
        rain=rain,
        haze=(chance.choice([0, 0, 0, 0.003, 0.01, 0.03]) + 0.02 * rain * chance.random()) * near,
        noise=chance.uniform(0.0, 0.02) + (chance.uniform(0, 0.04) if dark else 0),
        blur=chance.choice([0, 0, 0.5, 0.9]) * chance.random() * 2,
        saturation=chance.uniform(0.5, 1.15) * (0.15 if dark and chance.random() < 0.3 else 1),
        warmth=chance.uniform(-0.12, 0.12),
        brightness=chance.uniform(0.55, 0.9) if dark else chance.uniform(0.75, 1.35),
        contrast=chance.uniform(0.85, 1.25),
        sharpening=chance.choice([0, 0.4, 0.9]) * chance.random(),
        jpeg_quality=chance.randint(35, 95),
        caption=chance.random() < 0.3,
    )
    return ShotPlan(camera, light, water, lens)


def _camera(scene: ScenePlan, chance: random.Random) -> CameraPlan:
    kind = _pick(chance, HIGHWAY_CAMERAS if scene.place == "highway" else CAMERAS)
    reach = max(0.4, scene.road_half_width + scene.walk_width - 1.6)  # clear of roofs that reach over the walk
    if kind == "pole":
        height, pitch = chance.uniform(3, 8), chance.uniform(8, 36)
    elif kind == "person":
        height, pitch = chance.uniform(1.5, 2.6), chance.uniform(1, 20)
    elif kind == "car":
        height, pitch = chance.uniform(1.1, 2.6), chance.uniform(-2, 7)
    elif kind == "mast":
        height, pitch = chance.uniform(9, 18), chance.uniform(16, 50)
    else:
        height, pitch = chance.uniform(20, 100), chance.uniform(14, 62)
    spread = reach if height < 14 else reach + 10  # below that a camera beside the street would be inside a house
    x = chance.uniform(-spread, spread)
    yaw = chance.gauss(0, 5 if kind == "car" else 18) + math.degrees(math.atan2(x, 16)) * (
        height < 20 and kind != "car"
    )
    return CameraPlan(
        position=(x, chance.uniform(0, 5), height),
        pitch=pitch,
        yaw=yaw,
        roll=chance.gauss(0, 2),
        view_angle=chance.uniform(42, 92),
    )


def _light(chance: random.Random) -> LightPlan:
    sky = _pick(chance, SKIES)
    elevation = chance.uniform(18, 80) if sky != "dusk" else chance.uniform(1, 9)
    sun = {"clear": (2.5, 5.5), "cloudy": (0.8, 3.5), "dusk": (0.2, 1.2), "photo": (0, 2.5)}.get(sky, (0.0, 0.0))
    blue = chance.uniform(0.6, 1.0)
    zenith: Colour = (0.16 / blue, 0.28, 0.62 * blue)
    horizon: Colour = (0.62, 0.70, 0.80)
    if sky == "overcast":
        zenith = _grey(chance, 0.45, 0.8, 0.0)
        horizon = _grey(chance, 0.5, 0.9, 0.03)
    elif sky == "dusk":
        zenith, horizon = (0.10, 0.13, 0.28), (0.75, chance.uniform(0.3, 0.5), chance.uniform(0.15, 0.35))
    elif sky == "night":
        zenith, horizon = (0.010, 0.012, 0.02), (0.03, 0.024, 0.02)
    return LightPlan(
        sky=sky,
        photo=chance.choice(["city", "courtyard", "forest", "sunrise", "sunset"]),
        zenith=zenith,
        horizon=horizon,
        cloud_cover={"clear": 0.15, "cloudy": chance.uniform(0.35, 0.7), "overcast": 0.9}.get(sky, chance.random()),
        cloud_seed=chance.uniform(0, 100),
        strength=chance.uniform(0.8, 1.3),
        sun_strength=chance.uniform(*sun),
        sun_elevation=elevation,
        sun_azimuth=chance.uniform(0, 360),
        sun_angle=chance.choice([0.5, 1.0, 4.0]),
        lamps=chance.uniform(0.5, 1.5) if sky == "night" else chance.choice([0, 0.4]) * (sky == "dusk"),
    )


def _water(place: Place, chance: random.Random) -> WaterPlan:
    state = _pick(chance, HIGHWAY_WATER_STATES if place == "highway" else WATER_STATES)
    share = {
        "dry": 0.0, "film": 0.0, "puddles": chance.uniform(0.03, 0.2), "pools": chance.uniform(0.2, 0.65),
        "flood": chance.uniform(0.85, 1.0), "deep": 1.0,
    }[state]  # fmt: skip
    rise = {"flood": chance.uniform(0.0, 0.25), "deep": chance.uniform(0.25, 1.1)}.get(state, 0.0)
    deep = state in {"flood", "deep"}
    clear = not deep and chance.random() < 0.5
    rain = chance.random() < 0.4
    return WaterPlan(
        state=state,
        share=share,
        rise=rise,
        murk=chance.choice(MURKS),
        turbidity=chance.uniform(1, 8) if clear else chance.uniform(8, 60),
        wetness={"dry": 0.0, "film": chance.uniform(0.6, 1.0)}.get(state, chance.choice([0.0, 0.3, 0.8, 1.0])),
        ripple=chance.choice([0.0, 0.05, 0.15, 0.4, 1.0]) * chance.uniform(0.5, 1.2) * (1.0 if deep else 0.4),
        ripple_scale=chance.uniform(0.6, 5),
        roughness=chance.choice([0.01, 0.03, 0.08, 0.16]),
        rings=chance.uniform(0.3, 1) if rain else 0.0,
    )
