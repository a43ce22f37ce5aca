"""Which simulated effects hold at a time, how strongly, and since when. Pure.

strength
   1 ┤        ______________
     │       /              \\                     level of one effect, times its own strength
   0 ┼──────/                \\──────────────► t
       from  ramp        ramp  until            then over again, repeat_seconds after t = 0
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.cameras import Effect


@dataclass(frozen=True, slots=True)
class HoldingEffect:
    """An effect that holds now.

    ``level`` in (0, 1] is where its ramps are, ``strength`` in [0, 1] its own times that, ``at_seconds`` the time since
    it began (since it last began, with ``repeat_seconds``).
    """

    effect: Effect
    level: float
    strength: float
    at_seconds: float


def holding(effects: Sequence[Effect], seconds: float) -> tuple[HoldingEffect, ...]:
    """Give the effects that hold ``seconds`` after the simulation began, in the order in which they were given.

    An effect holds from its beginning up to, but not including, its end, and not where its ramp is at 0.
    """
    found = (_holding(effect, seconds) for effect in effects)
    return tuple(one for one in found if one is not None)


def _holding(effect: Effect, seconds: float) -> HoldingEffect | None:
    if effect.repeat_seconds > 0:
        seconds %= effect.repeat_seconds
    at_seconds = seconds - effect.from_seconds
    if at_seconds < 0 or (effect.until_seconds is not None and seconds >= effect.until_seconds):
        return None
    level = _level(effect, seconds, at_seconds)
    return HoldingEffect(effect, level, effect.strength * level, at_seconds) if level > 0 else None


def _level(effect: Effect, seconds: float, at_seconds: float) -> float:
    if effect.ramp_seconds <= 0:
        return 1.0
    left_seconds = effect.ramp_seconds if effect.until_seconds is None else effect.until_seconds - seconds
    return min(1.0, at_seconds / effect.ramp_seconds, left_seconds / effect.ramp_seconds)
