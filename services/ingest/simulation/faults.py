"""What is wrong with the simulated effects of a registry entry, beyond what the schema says."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.cameras import Effect

Found = list[tuple[tuple[str | int, ...], str]]
"""(path below ``simulated``, sentence) for each fault."""

_MOVES_PIXELS = frozenset({"water", "shift", "rotate", "rain", "loss", "defocus", "night"})
"""What lies in one part of the picture is seen, through these, in another part: also beside it, as blur or glow."""


def simulation_faults(effects: Sequence[Effect], has_private_zones: bool) -> Found:
    """Find times that can't be, keys that mean nothing for their effect, and effects that show what is private."""
    found: Found = []
    for index, effect in enumerate(effects):
        faults = [*_times(effect), *_ramps(effect), *_keys(effect)]
        if has_private_zones and effect.effect in _MOVES_PIXELS:
            text = f"{effect.effect} would move what the private zones hide to where they don't hide it"
            faults.append((("effect",), text))
        found += [((index, *path), text) for path, text in faults]
    return found


def _times(effect: Effect) -> Found:
    until, repeat = effect.until_seconds, effect.repeat_seconds
    if until is not None and until <= effect.from_seconds:
        return [(("until_seconds",), f"must be later than from_seconds, {effect.from_seconds:g}")]
    if repeat and until is not None and repeat < until:
        return [(("repeat_seconds",), f"starts it over before its end, until_seconds {until:g}")]
    if repeat and repeat <= effect.from_seconds:
        return [(("repeat_seconds",), f"starts it over before it begins, from_seconds {effect.from_seconds:g}")]
    return []


def _ramps(effect: Effect) -> Found:
    """Find ramps for which there is no time: the strength that the entry names would never be reached."""
    until = effect.until_seconds
    ramps = 1 if until is None else 2
    if until is None:
        until = effect.repeat_seconds or None
    if until is None or until <= effect.from_seconds:
        return []
    lasts = until - effect.from_seconds
    if ramps * effect.ramp_seconds <= lasts:
        return []
    return [(("ramp_seconds",), f"must be at most {lasts / ramps:g}, or its strength is never reached")]


def _keys(effect: Effect) -> Found:
    if effect.effect == "skew":
        return [] if effect.skew_seconds else [(("skew_seconds",), "is needed: what the camera's clock is ahead")]
    found: Found = []
    if effect.skew_seconds:
        found.append((("skew_seconds",), f"is for skew, not for {effect.effect}"))
    if effect.strength == 0 and effect.effect != "freeze":
        found.append((("strength",), f"is 0: there would be no {effect.effect}"))
    return found
