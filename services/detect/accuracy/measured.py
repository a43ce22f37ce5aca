"""A measured figure with its interval, and how a measurement says how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[int, int], None]
"""(what is done, how much there is): called now and then while a measurement goes on."""


def unseen(done: int, total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure and its 95 % interval; ``cases`` is what it counts over (persons, spaces, frames).

    Most are shares in [0, 1]; where ``_incidents`` is in the name it is a count, where it ends in ``_seconds`` a time.
    Without cases it was not measured, whatever the value.
    """

    name: str
    value: float
    low: float
    high: float
    cases: int
