"""Which simulated effects hold at a time, how strongly, and since when. Pure.

strength
   1 ┤        ______________
     │       /              \\                     level of one effect, times its own strength
   0 ┼──────/                \\──────────────► t
       from  ramp        ramp  until            then over again, repeat_seconds after t = 0
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.cameras import Effect

LOST_PICTURES_RATIO = 0.5
"""Part of the pictures that don't come at all while ``loss`` holds with strength 1."""


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


def loses_picture(strength: float, at_seconds: float, seed: int) -> bool:
    """Tell whether ``loss`` takes the whole picture of this moment; the same each time it is asked for."""
    digest = hashlib.blake2b(f"{seed} {at_seconds:.3f}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64 < LOST_PICTURES_RATIO * strength


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


@dataclass(slots=True)
class SimulationMemory:
    """What a simulated camera keeps from one connection to the next, for as long as its reader lives.

    ``began`` is when the simulation began, in seconds of whichever clock the camera is on; ``shown`` the last picture
    that it gave, for ``freeze``.
    """

    began: float | None = None
    shown: bytes = b""

    def seconds_at(self, now: float) -> float:
        """Give the seconds since the simulation began; it begins when this is called first."""
        if self.began is None:
            self.began = now
        return max(0.0, now - self.began)
