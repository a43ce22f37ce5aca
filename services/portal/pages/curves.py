"""Curves of a day as inline SVG: steps over time, broken where nothing is known, each with its table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

WIDTH: Final = 420
HEIGHT: Final = 168
LEFT: Final = 40
RIGHT: Final = 6
TOP: Final = 10
BOTTOM: Final = 24
_ROUND: Final = (1, 2, 5)
_TICK_COUNT: Final = 3

Unit = Literal["number", "percent"]


class Point(NamedTuple):
    """A step of a curve: from ``start`` on. ``minutes`` of it were observed."""

    start: datetime
    value: float
    minutes: int


class Tick(NamedTuple):
    """A line across, or a mark of the time axis: where, and what it says."""

    at: float
    value: float | datetime


@dataclass(frozen=True, slots=True)
class Curve:
    """What is drawn. ``line`` and ``area`` are paths; ``points`` is the table that says the same."""

    name: str
    unit: Unit
    step_minutes: int
    line: str
    area: str
    values: tuple[Tick, ...]
    times: tuple[Tick, ...]
    points: tuple[Point, ...]


def draw_curve(
    name: str, points: Sequence[Point], span: tuple[datetime, datetime], step: timedelta, most: float = 0.0
) -> Curve:
    """Draw steps of ``step`` within ``span``; a step without a point is a gap.

    The axis ends at ``most``, 1 being all of a ratio; at 0 a round number above the largest value.
    """
    start, end = _narrowed(points, span)
    unit: Unit = "percent" if most == 1 else "number"
    largest = most or _round_up(max((point.value for point in points), default=1.0))

    def x(at: datetime) -> float:
        return round(LEFT + (at - start) / (end - start) * (WIDTH - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - min(value, largest) / largest * (HEIGHT - TOP - BOTTOM), 1)

    lines, areas = [], []
    for run in _runs(points, step):
        corners = "".join(f"L{x(p.start)} {y(p.value)}H{x(p.start + step)}" for p in run)
        lines.append("M" + corners[1:])
        areas.append(f"M{x(run[0].start)} {y(0)}{corners}V{y(0)}Z")
    return Curve(
        name=name,
        unit=unit,
        step_minutes=round(step.total_seconds() / 60),
        line="".join(lines),
        area="".join(areas),
        values=tuple(Tick(y(value), value) for value in (0.0, largest / 2, largest)),
        times=tuple(Tick(x(at), at) for at in _hours(start, end)),
        points=tuple(points),
    )


def _narrowed(points: Sequence[Point], span: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    """Cut off the hours of a day before the first and after the last point, down to six hours."""
    start, end = span
    if not points:
        return start, end
    zone = start.tzinfo
    first = points[0].start.astimezone(zone).replace(minute=0)
    last = points[-1].start.astimezone(zone).replace(minute=0) + timedelta(hours=1)
    if last - first < timedelta(hours=6):
        first = max(start, last - timedelta(hours=6))
        last = first + timedelta(hours=6)
    return first, last


def _runs(points: Sequence[Point], step: timedelta) -> list[list[Point]]:
    runs: list[list[Point]] = []
    for point in points:
        if runs and point.start - runs[-1][-1].start == step:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs


def _round_up(value: float) -> float:
    if value <= 1:
        return 1.0
    power = 10 ** math.floor(math.log10(value))
    return next(float(step * power) for step in (*_ROUND, 10) if step * power >= value)


def _hours(start: datetime, end: datetime) -> list[datetime]:
    hours = max(1, round((end - start).total_seconds() / 3600))
    every = next(step for step in (1, 2, 3, 4, 6) if hours / step <= 2 * _TICK_COUNT or step == 6)
    first = start.replace(minute=0)
    marks = [first + timedelta(hours=number) for number in range(hours + 1)]
    return [at for at in marks if start <= at <= end and at.hour % every == 0]
