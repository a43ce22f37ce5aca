"""People and vehicles that must be in a picture though they were not found in it: those beside it in time say so.

::

    before      this picture      after
      A ──────────── A ──────────── A      found in all three: nothing to add
      B ─────────── (b) ─────────── B      missed: it is where it was on its way
      C ─────────── (c)                    gone, or missed until the end: where it was last, for CARRY_MS

Who is who is guessed from size and place alone, each with at most one other, the nearest pairs first. A person walks no
farther than ``STEPS`` of its own heights a second, so the slower pictures come, the farther the search reaches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from schemas.camera_events import DetectedObject
from schemas.geometry import BoxXyxy
from services.privacy.sighting import Sighting

CARRY_MS = 500
"""How long something that was found is taken to be where it was. Pictures rarer than that have one neighbour a side."""
SURER_SCORE = 0.5
"""What was found on one side alone is carried from this score on."""
SPACING_MS = 150
"""Of pictures that come faster, those so far apart are asked: none between them says more."""
FARTHEST_MS = 10_000
"""Who was found longer before or after says nothing of this picture."""
SURE_SCORE = 0.35
"""What scored less is hidden where it was found, and not carried: much of it is nothing, and comes and goes."""
STEPS = 1.5
"""Longer sides of its box that a thing moves in a second: 2.5 m/s for a person."""
_JITTER = 0.2
"""Longer sides by which the box of a thing that stands still moves."""
_LEAST_SIZE_RATIO = 0.6
_PERSON = "person"


class _Found(NamedTuple):
    """A thing as it was found at some time. ``x``, ``y`` its box's centre, ``size`` its longer side, in heights."""

    thing: DetectedObject
    at_ms: int
    x: float
    y: float
    size: float


def carried(sighting: Sighting, before: Sequence[Sighting], after: Sequence[Sighting]) -> list[DetectedObject]:
    """Give what is missing in a picture: where it must be, by what was found before and after, the nearest first."""
    here = _sure(sighting)
    earlier, later = _unmatched(_gathered(before), here), _unmatched(_gathered(after), here)
    pairs = _pairs(earlier, later)
    missed = [_between(earlier[i], later[j], sighting.captured_at_ms) for i, j in pairs]
    paired = {earlier[i] for i, _ in pairs} | {later[j] for _, j in pairs}
    for found in (*earlier, *later):
        is_near = abs(found.at_ms - sighting.captured_at_ms) <= CARRY_MS
        if is_near and found not in paired and found.thing.score >= SURER_SCORE:
            missed.append(found.thing)
    return missed


def _sure(sighting: Sighting) -> list[_Found]:
    return [_found(thing, sighting) for thing in sighting.objects if thing.score >= SURE_SCORE]


def _found(thing: DetectedObject, sighting: Sighting) -> _Found:
    left, top, right, bottom = thing.box
    size = max((right - left) * sighting.aspect, bottom - top)
    x = (left + right) / 2 * sighting.aspect
    return _Found(thing, sighting.captured_at_ms, x, (top + bottom) / 2, size)


def _gathered(sightings: Iterable[Sighting]) -> list[_Found]:
    """Give each thing that was found in these pictures, as it was found in the first of them that has it."""
    gathered: list[_Found] = []
    for sighting in sightings:
        gathered += _unmatched(_sure(sighting), gathered)
    return gathered


def _unmatched(some: list[_Found], others: list[_Found]) -> list[_Found]:
    """Give those that are not among the others at another place."""
    matched = {i for i, _ in _pairs(some, others)}
    return [found for i, found in enumerate(some) if i not in matched]


def _pairs(some: list[_Found], others: list[_Found]) -> list[tuple[int, int]]:
    """Give which of some may be which of the others, as indices; the nearest first, none twice."""
    near = []
    for i, one in enumerate(some):
        for j, other in enumerate(others):
            distance = _distance(one, other)
            if distance is not None:
                near.append((distance, i, j))
    pairs: list[tuple[int, int]] = []
    left, right = set[int](), set[int]()
    for _, i, j in sorted(near):
        if i not in left and j not in right:
            pairs.append((i, j))
            left.add(i)
            right.add(j)
    return pairs


def _distance(one: _Found, other: _Found) -> float | None:
    """Give how far apart two finds are, in their sizes; None where they can't be one thing."""
    size = max(one.size, other.size)
    reach = (_JITTER + STEPS * abs(one.at_ms - other.at_ms) / 1000) * size
    x, y = abs(one.x - other.x), abs(one.y - other.y)
    if x > reach or y > reach or min(one.size, other.size) < _LEAST_SIZE_RATIO * size:
        return None
    if (one.thing.label == _PERSON) != (other.thing.label == _PERSON):
        return None
    return (x + y) / size


def _between(one: _Found, other: _Found, at_ms: int) -> DetectedObject:
    """Give a thing on its way from one place to another, at a time in between."""
    span = other.at_ms - one.at_ms
    part = (at_ms - one.at_ms) / span if span else 0.5
    box: BoxXyxy = tuple(  # type: ignore[assignment]
        min(1.0, max(0.0, a + (b - a) * part)) for a, b in zip(one.thing.box, other.thing.box, strict=True)
    )
    return DetectedObject(one.thing.label, max(one.thing.score, other.thing.score), box)
