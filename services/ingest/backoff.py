"""Pauses before a source is connected anew: growing and jittered.

Without jitter all cameras of a network that comes back would be asked in the same instant.
"""

from __future__ import annotations

import random

_JITTER_RATIO = 0.1


def jittered(seconds: float) -> float:
    """Give a pause that is up to a tenth longer or shorter, by chance."""
    return seconds * random.uniform(1.0 - _JITTER_RATIO, 1.0 + _JITTER_RATIO)  # noqa: S311  (spreads load)


class Backoff:
    """Doubles from ``first_seconds`` to ``most_seconds``; each pause is drawn from the upper half of its step.

    Args:
        first_seconds: The first pause.
        most_seconds: The longest.
        randomness: Where the jitter comes from.
    """

    def __init__(self, first_seconds: float, most_seconds: float, randomness: random.Random | None = None) -> None:
        self._first = first_seconds
        self._most = max(first_seconds, most_seconds)
        self._step = first_seconds
        self._random = randomness or random.Random()  # noqa: S311  (spreads load, guards nothing)

    def pause(self) -> float:
        """Give the next pause, in seconds."""
        step, self._step = self._step, min(self._step * 2, self._most)
        return step * (0.5 + self._random.random() / 2)

    def reset(self) -> None:
        """Start from the first step again: the source has worked."""
        self._step = self._first
