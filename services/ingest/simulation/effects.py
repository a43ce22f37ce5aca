"""Lay simulated effects over a picture. Pure: the same picture, effects and seed give the same picture.

They are laid on in the order in which a picture comes about, whatever the order in the registry:

water            in the street
shift, rotate    where the camera looks
rain             before and on its lens
defocus, cover   its lens
night            its sensor
loss             on the way

``freeze`` and ``skew`` are no matter of pixels: see ``sources/simulated.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from schemas.cameras import Effect, EffectName
from services.ingest.simulation.cover import draw_cover
from services.ingest.simulation.loss import draw_loss
from services.ingest.simulation.night import draw_night
from services.ingest.simulation.rain import draw_rain
from services.ingest.simulation.textures import ImageRgb
from services.ingest.simulation.view import draw_defocus, draw_rotate, draw_shift
from services.ingest.simulation.water import draw_water

Draw = Callable[[ImageRgb, float, float, int], ImageRgb]
"""(picture, strength, seconds since the effect began, seed) → a new picture of the same shape."""

LEAST_SIDE_PX = 16
"""Smaller is no picture: ingest refuses it as a frame."""

DRAWN: Mapping[EffectName, Draw] = {
    "water": draw_water,
    "shift": draw_shift,
    "rotate": draw_rotate,
    "rain": draw_rain,
    "defocus": draw_defocus,
    "cover": draw_cover,
    "night": draw_night,
    "loss": draw_loss,
}


def apply_effects(image_rgb: ImageRgb, effects: Sequence[tuple[Effect, float, float]], seed: int) -> ImageRgb:
    """Lay effects over a picture. Blocks: 1 to 30 ms for each effect at 1280 x 720 px, on one core.

    Args:
        image_rgb: uint8, (height, width, 3), RGB. Not changed.
        effects: Each with its strength of this moment in [0, 1], and the seconds since it began.
        seed: Says what chance gives: where drops lie, whence a hand comes.

    Returns:
        A picture of the same shape; ``image_rgb`` itself where nothing is to be drawn, or a side has less than
        ``LEAST_SIDE_PX``.
    """
    if min(image_rgb.shape[:2]) < LEAST_SIDE_PX:
        return image_rgb
    for name, draw in DRAWN.items():
        for effect, strength, at_seconds in effects:
            if effect.effect == name and strength > 0:
                image_rgb = draw(np.ascontiguousarray(image_rgb), min(1.0, strength), at_seconds, seed)
    return image_rgb
