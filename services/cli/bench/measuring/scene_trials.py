"""What is done to a camera's pictures: faults that must be found, and what happens in streets and is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.cameras import Effect, EffectName
from services.aggregate.scene_lights import Kind
from services.cli.bench.measuring.scene_clips import Alteration, ImageRgb, Look
from services.ingest.simulation.effects import apply_effects
from services.ingest.simulation.schedule import holding


@dataclass(frozen=True, slots=True)
class SceneFault:
    """A fault as it is simulated, and as it is to be called. ``build`` takes a seed; None: the picture stands still."""

    name: str
    kind: Kind
    build: Callable[[int], Alteration] | None


@dataclass(frozen=True, slots=True)
class Harmless:
    """What happens and is no fault: for how long, at which sampling period, and what it does to pictures."""

    name: str
    seconds: int
    period_seconds: int
    build: Callable[[int], Alteration]


def faults() -> list[SceneFault]:
    """Give the faults that must be found."""
    return [
        *(_simulated("shift", strength, "shifted") for strength in (0.1, 0.2, 0.4)),
        *(_simulated("rotate", strength, "shifted") for strength in (0.2, 0.5, 1.0)),
        *(_simulated("cover", strength, "covered") for strength in (0.6, 0.8, 1.0)),
        *(_simulated("defocus", strength, "defocused") for strength in (0.2, 0.5, 1.0)),
        *(_simulated("night", strength, "dark") for strength in (0.9, 1.0)),
        SceneFault("no_light", "dark", _without_light),
        SceneFault("freeze", "frozen", None),
    ]


def slight_faults() -> list[SceneFault]:
    """Give faults so slight that the rule is known to miss some: they are reported and have no floor."""
    return [
        _simulated("shift", 0.05, "shifted"),
        _simulated("rotate", 0.1, "shifted"),
        _simulated("cover", 0.5, "covered"),
        _simulated("defocus", 0.1, "defocused"),
    ]


def moved_looks() -> list[SceneFault]:
    """Give moves of a camera that sees a part of a real picture, then another part of it."""
    looks = {
        "aside_0.1": Look(aside=0.1),
        "aside_0.2": Look(aside=-0.2),
        "down_0.1": Look(down=0.1),
        "up_0.2": Look(down=-0.2),
        "nearer_1.3": Look(nearer=1.3),
        "turned_9": Look(degrees=9.0),
        "turned_20": Look(degrees=-20.0),
    }
    return [SceneFault(name, "shifted", lambda _, look=look: look) for name, look in looks.items()]  # type: ignore[misc]


def harmless() -> list[Harmless]:
    """Give what must open no incident. All begins at once, and passes or stays.

    Times are those of ``Effect``. Dusk is simulated, and so slow that it is looked at every five seconds.
    """
    passing_hand = Effect(effect="cover", strength=0.7, until_seconds=30.0, repeat_seconds=60.0)
    return [
        Harmless(
            "heavy_rain", 300, 1, _of(Effect(effect="rain", strength=1.0, ramp_seconds=10.0, until_seconds=240.0))
        ),
        Harmless("steady_rain", 120, 1, _of(Effect(effect="rain", strength=0.5))),
        Harmless("loss", 120, 1, _of(Effect(effect="loss", strength=0.5))),
        Harmless("hand_for_30_s", 180, 1, _of(passing_hand)),
        Harmless("bus_for_30_s", 180, 1, lambda seed: _bus),
        Harmless("exposure", 270, 1, lambda seed: _exposure),
        Harmless(
            "dusk_and_dawn",
            3600,
            5,
            _of(Effect(effect="night", strength=0.9, ramp_seconds=1500.0, until_seconds=3300.0)),
        ),
        Harmless("lamps_at_dusk", 1500, 5, _lamps_at_dusk),
        Harmless("rising_water", 900, 5, _of(Effect(effect="water", strength=0.4, ramp_seconds=600.0))),
    ]


def day_and_night() -> Harmless:
    """Give two hours that stand for a day: half an hour of day, of dusk, of night and dawn, and half an hour of day.

    The simulated night is the darkest that is no fault where it comes slowly.
    """
    night = Effect(effect="night", strength=1.0, from_seconds=1800.0, ramp_seconds=1500.0, until_seconds=5400.0)
    return Harmless("day_and_night", 7200, 5, _of(night))


def _simulated(effect: EffectName, strength: float, kind: Kind) -> SceneFault:
    return SceneFault(f"{effect}_{strength:g}", kind, _of(Effect(effect=effect, strength=strength)))


def _of(effect: Effect) -> Callable[[int], Alteration]:
    def build(seed: int) -> Alteration:
        def altered(image_rgb: ImageRgb, at_seconds: float) -> ImageRgb:
            held = [(one.effect, one.strength, one.at_seconds) for one in holding([effect], at_seconds)]
            return apply_effects(image_rgb, held, seed)

        return altered

    return build


def _without_light(seed: int) -> Alteration:
    """Leave a hundredth of the light, and a sensor's noise."""

    def altered(image_rgb: ImageRgb, at_seconds: float) -> ImageRgb:
        noise = np.random.default_rng([seed, round(at_seconds)]).normal(0.0, 1.5, image_rgb.shape)
        return _as_picture(image_rgb * 0.01 + noise)

    return altered


def _bus(image_rgb: ImageRgb, at_seconds: float) -> ImageRgb:
    """Let a bus, with edges of its own, stand before half of the picture in every other half minute."""
    if at_seconds % 60 >= 30:
        return image_rgb
    bus_rgb = image_rgb.copy()
    height, width = image_rgb.shape[:2]
    top, bottom, left, right = height // 6, height * 5 // 6, width // 8, width * 7 // 8
    bus_rgb[top:bottom, left:right] = (60, 90, 150)
    glass = slice(top + height // 10, top + height // 3)
    for window in range(left + width // 40, right - width // 12, width // 10):
        bus_rgb[glass, window : window + width // 14] = (25, 28, 30)
    bus_rgb[bottom - height // 12 : bottom, left:right] = (30, 30, 32)
    return bus_rgb


def _exposure(image_rgb: ImageRgb, at_seconds: float) -> ImageRgb:
    """Step exposure between half, as it is, and one and a half: bright parts are clipped."""
    gain = (0.5, 1.0, 1.5)[int(at_seconds // 90) % 3]
    return _as_picture(image_rgb * gain)


def _lamps_at_dusk(seed: int) -> Alteration:
    """Let it become dark within 20 minutes, and then two lamps go on at once, which double the light below them."""
    dusk = _of(Effect(effect="night", strength=0.75, ramp_seconds=1200.0))(seed)
    random = np.random.default_rng([seed, 1])
    lamps = [(random.uniform(0.1, 0.9), random.uniform(0.4, 0.8), random.uniform(0.15, 0.25)) for _ in range(2)]

    def altered(image_rgb: ImageRgb, at_seconds: float) -> ImageRgb:
        dark_rgb = dusk(image_rgb, at_seconds)
        if at_seconds < 1200:
            return dark_rgb
        height, width = image_rgb.shape[:2]
        y, x = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
        light = 1.0 + sum(
            np.exp(-(((x - at_x) / reach) ** 2 + ((y - at_y) / reach) ** 2)) for at_x, at_y, reach in lamps
        )
        return _as_picture(dark_rgb * light[:, :, None])

    return altered


def _as_picture(levels: NDArray[np.floating]) -> ImageRgb:
    return np.asarray(np.clip(levels, 0, 255), np.uint8)
