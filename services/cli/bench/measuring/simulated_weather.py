"""Night and rain as ingest simulates them, for pictures that detectors are measured on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from schemas.cameras import Effect, EffectName
from services.detect.accuracy.altered_footage import Alteration
from services.ingest.simulation.effects import apply_effects

_WEATHER: Mapping[str, tuple[EffectName, float]] = {
    "dusk": ("night", 0.5),
    "night": ("night", 1.0),
    "rain": ("rain", 0.3),
    "hard_rain": ("rain", 1.0),
}
"""Name in figures → effect, strength. Night at 1 is a street without lighting, rain at .3 is steady rain."""
_SEED = 7
"""Any fixed number does: it says where lamps and drops are."""


def simulated_weather() -> dict[str, Alteration]:
    """Give what changes a picture, by name. The same picture and time give the same picture."""
    return {name: _alteration(effect, strength) for name, (effect, strength) in _WEATHER.items()}


def _alteration(name: EffectName, strength: float) -> Alteration:
    effect = Effect(effect=name, strength=strength)

    def altered(image_bgr: NDArray[np.uint8], at_seconds: float) -> NDArray[np.uint8]:
        image_rgb = np.ascontiguousarray(image_bgr[:, :, ::-1])
        return apply_effects(image_rgb, [(effect, strength, at_seconds)], _SEED)[:, :, ::-1]

    return altered
