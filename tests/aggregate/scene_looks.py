"""What a pretended camera sees, as scene facts, and a scene rule that has learned its view."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from schemas.camera_events import SceneFacts
from services.aggregate.scene_faults import SceneIncident, SceneState, observe

PERIOD_MS = 1000
VIEW, OTHER_VIEW = (random.Random(seed).getrandbits(256) for seed in (1, 2))
Look = Callable[[int], SceneFacts]


def make_facts(
    number: int,
    bits: int = VIEW,
    luma: float = 0.4,
    contrast: float = 0.2,
    sharpness: float = 1000.0,
    content: int | None = None,
) -> SceneFacts:
    """Give facts of the ``number``-th frame; two bits a frame are noise."""
    noise = 1 << number * 7 % 256 | 1 << number * 11 % 256
    return SceneFacts(
        luma=luma,
        contrast=contrast,
        sharpness=sharpness,
        content_hash=f"{number if content is None else content:016x}",
        signature=f"{bits ^ noise:064x}",
    )


def usual(number: int) -> SceneFacts:
    return make_facts(number)


def shifted(number: int) -> SceneFacts:
    return make_facts(number, OTHER_VIEW, sharpness=900.0)


def covered(number: int) -> SceneFacts:
    return make_facts(number, OTHER_VIEW, luma=0.1, contrast=0.05, sharpness=20.0)


def half_covered(number: int) -> SceneFacts:
    lower_half = (1 << 160) - 1
    return make_facts(number, VIEW & ~lower_half | OTHER_VIEW & lower_half, luma=0.25, sharpness=450.0)


def defocused(number: int) -> SceneFacts:
    return make_facts(number, contrast=0.18, sharpness=60.0)


def dark(number: int) -> SceneFacts:
    return make_facts(number, luma=0.04, contrast=0.03, sharpness=25.0)


def black(number: int) -> SceneFacts:
    return make_facts(number, random.Random(number).getrandbits(256), luma=0.004, contrast=0.003, sharpness=2.0)


def frozen(_: int) -> SceneFacts:
    return make_facts(7, content=7)


def exposed(number: int) -> SceneFacts:
    """A step of automatic exposure: all levels by the same factor."""
    return make_facts(number, luma=0.22, contrast=0.11, sharpness=302.0)


def show(
    state: SceneState, looks: Iterable[Look], period_ms: int = PERIOD_MS, first: int | None = None
) -> list[SceneIncident]:
    """Let frames follow each other without a gap; give what they opened and ended."""
    number = (state.at_ms // period_ms + 1) if first is None else first
    changed = []
    for index, look in enumerate(looks, number):
        changed += observe(state, look(index), index * period_ms, period_ms)
    return changed


def holds(state: SceneState) -> bool:
    return state.hold


def learned(period_ms: int = PERIOD_MS, frames: int = 90) -> SceneState:
    state = SceneState()
    assert show(state, [usual] * frames, period_ms) == []
    return state
