"""A measured share with its interval, and how a measurement says how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[int, int], None]
"""(what is done, how much there is): called now and then while a measurement goes on."""


def unseen(done: int, total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure in [0, 1] and its 95 % interval; ``cases`` is what it counts over (persons, spaces, frames)."""

    name: str
    value: float
    low: float
    high: float
    cases: int
