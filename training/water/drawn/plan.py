"""What a drawn scene shows: every choice, drawn from chance before anything is painted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeVar

from training.water.drawn.texture import Chance
from training.water.drawn.things import Air, Colour
from training.water.drawn.view import View

Place = Literal["road", "street", "town", "country"]
Cover = Literal["none", "forest", "town"]
Wet = Literal["dry", "film", "puddles", "pools", "flood"]

# Roads and streets are seen from cars, poles and people; towns and country from masts, roofs and aircraft.
PLACES: dict[Place, float] = {"road": 0.32, "street": 0.22, "town": 0.245, "country": 0.215}
BARE_SHARE = 0.55
"""Of the scenes lie on bare, open ground; the others are covered, crossed by rivers, and seen from higher up. Trained
with the latter alone the network took more dry roads for water (ADR 0014)."""
WETS: dict[Place, dict[Wet, float]] = {
    # Open roads are mostly dry or just wet: on them bright sky, pale asphalt and mirrored lamps are the traps.
    "road": {"dry": 0.36, "film": 0.34, "puddles": 0.1, "pools": 0.1, "flood": 0.1},
    "street": {"dry": 0.22, "film": 0.22, "puddles": 0.16, "pools": 0.16, "flood": 0.24},
    "town": {"dry": 0.25, "film": 0.05, "puddles": 0.0, "pools": 0.35, "flood": 0.35},
    "country": {"dry": 0.25, "film": 0.05, "puddles": 0.0, "pools": 0.4, "flood": 0.3},
}
COVERS: dict[Place, dict[Cover, float]] = {
    "road": {"none": 0.7, "forest": 0.3},
    "street": {"none": 1.0},
    "town": {"none": 0.3, "town": 0.55, "forest": 0.15},
    "country": {"none": 0.4, "forest": 0.45, "town": 0.15},
}
MURKS: tuple[Colour, ...] = (
    (0.32, 0.45, 0.58), (0.42, 0.56, 0.68), (0.2, 0.38, 0.55), (0.5, 0.58, 0.62), (0.42, 0.46, 0.46),
    (0.3, 0.4, 0.38), (0.22, 0.3, 0.26), (0.28, 0.3, 0.3), (0.25, 0.42, 0.62), (0.5, 0.62, 0.74),
)  # fmt: skip
GROUNDS: tuple[Colour, ...] = (
    (0.12, 0.34, 0.26), (0.16, 0.3, 0.3), (0.2, 0.42, 0.38), (0.3, 0.45, 0.55), (0.25, 0.33, 0.4), (0.4, 0.5, 0.55),
    (0.15, 0.28, 0.18), (0.35, 0.38, 0.4),
)  # fmt: skip


Choice = TypeVar("Choice", bound=str)


@dataclass(frozen=True, slots=True)
class Sky:
    """Colours at the horizon and overhead, and how much of it clouds cover, 0-1."""

    horizon: Colour
    zenith: Colour
    clouds: float
    cloud_bgr: Colour


@dataclass(frozen=True, slots=True)
class Road:
    """Half width in m; ``bend`` in m aside a m ahead squared; ``marks`` 0: none; ``patch``: how uneven its grey is."""

    half_width: float
    bend: float
    colour: Colour
    marks: float
    mark_bgr: Colour
    patch: float
    every: float


@dataclass(frozen=True, slots=True)
class Water:
    """``share`` of the near ground stands under water; ``mirror`` scales Fresnel's share; ripples in px at 10 m."""

    share: float
    murk: Colour
    mirror: float
    ripple: float
    ripple_m: float
    streaks: float
    film: float
    film_blur: float


@dataclass(frozen=True, slots=True)
class Scene:
    """All of it. ``hills``: how wide the hollows are, in heights of the view; ``larger``: how many times
    as large as in life things are; ``seed``: of what is scattered.
    """

    place: Place
    wet: Wet
    cover: Cover
    river: bool
    hills: float
    larger: float
    view: View
    sky: Sky
    air: Air
    ground: tuple[Colour, Colour]
    road: Road
    water: Water
    houses: int
    trees: int
    vehicles: int
    seed: int


def plan_scene(chance: Chance) -> Scene:
    """Draw all choices."""
    place = _pick(chance, PLACES)
    wet = _pick(chance, WETS[place])
    bare = chance.random() < BARE_SHARE
    view = _view(place, bare, chance)
    sky = _sky(chance)
    haze_m = float(chance.choice([60, 200, 600, 2000, 6000], p=[0.08, 0.17, 0.25, 0.3, 0.2]))
    air = Air(float(chance.uniform(0.55, 1.15)), haze_m * (1.0 if place in {"road", "street"} else 2.5), sky.horizon)
    grounds = chance.choice(len(GROUNDS), 2)
    return Scene(
        place=place,
        wet=wet,
        cover="none" if bare else _pick(chance, COVERS[place]),
        river=not bare and place in {"town", "country"} and chance.random() < 0.35,
        hills=18.0 if bare else math.exp(chance.uniform(math.log(4), math.log(30))),
        # From far above thousands of things are in view; fewer and larger ones fill the ground at a bearable price.
        larger=max(1.0, view.height / (50 if bare else 90)),
        view=view,
        sky=sky,
        air=air,
        ground=(GROUNDS[grounds[0]], GROUNDS[grounds[1]]),
        road=_road(place, chance),
        water=_water(wet, chance),
        houses=int(chance.integers(*{"road": (0, 6), "street": (8, 40), "town": (40, 260), "country": (0, 40)}[place])),
        trees=int(
            chance.integers(*{"road": (0, 160), "street": (0, 40), "town": (20, 260), "country": (20, 420)}[place])
        ),
        vehicles=int(chance.integers(*{"road": (0, 7), "street": (0, 14), "town": (0, 12), "country": (0, 3)}[place])),
        seed=int(chance.integers(2**31)),
    )


def _pick(chance: Chance, weights: dict[Choice, float]) -> Choice:
    names = list(weights)
    return names[int(chance.choice(len(names), p=list(weights.values())))]


def _view(place: Place, bare: bool, chance: Chance) -> View:
    above: dict[Place, tuple[float, float, float, float]] = (
        {"town": (14, 220, 8, 70), "country": (8, 250, 5, 65)}
        if bare
        else {"town": (20, 250, 6, 55), "country": (12, 250, 4, 50)}
    )
    low, high, flat, steep = {"road": (1.1, 4.0, -6, 14), "street": (1.5, 8.0, 0, 35), **above}[place]
    height = math.exp(chance.uniform(math.log(low), math.log(high)))
    return View(height, math.radians(chance.uniform(flat, steep)), 512 * chance.uniform(0.55, 1.3))


def _sky(chance: Chance) -> Sky:
    kind = chance.choice(["clear", "cloudy", "overcast", "dusk", "night"], p=[0.25, 0.27, 0.26, 0.14, 0.08])
    grey = float(chance.uniform(0.5, 0.97))
    if kind == "overcast":
        low = grey * float(chance.uniform(0.55, 1.0))
        return Sky((grey, grey, grey * 0.98), (low, low, low * 0.97), float(chance.uniform(0, 0.6)), (low, low, low))
    if kind == "dusk":
        warm = (float(chance.uniform(0.2, 0.6)), float(chance.uniform(0.4, 0.7)), float(chance.uniform(0.7, 1.0)))
        return Sky(warm, (0.45, 0.3, 0.25), float(chance.uniform(0, 0.8)), (0.35, 0.35, 0.5))
    if kind == "night":
        return Sky((0.1, 0.1, 0.12), (0.04, 0.03, 0.03), 0.0, (0.1, 0.1, 0.1))
    blue: Colour = (
        float(chance.uniform(0.75, 0.95)),
        float(chance.uniform(0.5, 0.7)),
        float(chance.uniform(0.25, 0.5)),
    )
    clouds = float(chance.uniform(0.3, 0.9)) if kind == "cloudy" else float(chance.uniform(0, 0.2))
    white = float(chance.uniform(0.75, 1.0))
    return Sky((0.95, 0.9, float(chance.uniform(0.75, 0.9))), blue, clouds, (white, white, white))


def _road(place: Place, chance: Chance) -> Road:
    grey = float(chance.uniform(0.12, 0.7))
    tint = chance.normal(0, 0.025, 3)
    colour: Colour = (max(0.05, grey + tint[0]), max(0.05, grey + tint[1]), max(0.05, grey + tint[2]))
    if place == "country" or chance.random() < 0.12:
        colour = (grey * 0.6, grey * 0.8, grey)  # unpaved
    yellow = chance.random() < 0.45
    return Road(
        half_width=float(
            {"road": chance.uniform(3, 16), "street": chance.uniform(2, 9)}.get(place, chance.uniform(2, 6))
        ),
        bend=float(chance.normal(0, 0.0012)) if place == "road" else float(chance.normal(0, 0.0003)),
        colour=colour,
        marks=float(chance.uniform(0.4, 1)) if place == "road" and chance.random() < 0.75 else 0.0,
        mark_bgr=(0.2, 0.7, 0.85) if yellow else (0.9, 0.9, 0.9),
        patch=float(chance.uniform(0.01, 0.1)),
        every=float(chance.uniform(60, 500)) if place in {"town", "country"} else 1e6,
    )


def _water(wet: Wet, chance: Chance) -> Water:
    murk = MURKS[chance.integers(len(MURKS))]
    by = float(chance.uniform(0.55, 1.15))
    return Water(
        share=float(
            {
                "puddles": chance.uniform(0.04, 0.2),
                "pools": chance.uniform(0.2, 0.65),
                "flood": chance.uniform(0.65, 1.0),
            }.get(wet, 0.0)
        ),
        murk=(min(1.0, murk[0] * by), min(1.0, murk[1] * by), min(1.0, murk[2] * by)),
        mirror=float(chance.uniform(0.5, 2.0)) * (2.0 if wet == "puddles" else 1.0),
        ripple=float(chance.choice([0.0, 1.0, 4.0, 10.0], p=[0.2, 0.3, 0.3, 0.2]) * chance.uniform(0.5, 1.5)),
        ripple_m=float(chance.uniform(0.5, 4)),
        streaks=float(chance.choice([0.0, 0.03, 0.08, 0.15]) * chance.uniform(0.5, 1.2)),
        film=float(chance.uniform(0.15, 0.6)) if wet == "film" or (wet == "puddles" and chance.random() < 0.7) else 0.0,
        film_blur=float(chance.uniform(4, 30)),
    )
