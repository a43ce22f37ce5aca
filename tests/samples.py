"""Draw which part of a long test matrix runs today.

``make test`` runs a sample of each matrix, drawn by the day, so that all of it is run in time; ``make test-long`` runs
the whole. The day is printed at the head of a run; ``TILIK_TEST_DAY=2026-12-07 make test`` repeats that day's samples.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import TypeVar

DAY = "TILIK_TEST_DAY"
"""Environment variable: the day, as an ISO date, that seeds the samples. Set once for a run and its workers."""
LONG = "TILIK_TEST_LONG"
"""Environment variable: set to run every matrix as a whole."""
Item = TypeVar("Item")


def is_long() -> bool:
    """Return whether whole matrices are to run."""
    return bool(os.environ.get(LONG))


def get_day() -> str:
    """Return the day that seeds the samples; it is fixed for this process and those that it starts."""
    return os.environ.setdefault(DAY, datetime.now(UTC).date().isoformat())


def draw_sample(name: str, matrix: Sequence[Item], count: int) -> list[Item]:
    """Return ``count`` entries of ``matrix`` in its order, another choice each day; all of it in a long run.

    Args:
        name: What the matrix is called: two matrices of one length differ in what is drawn.
        matrix: Every entry.
        count: How many of them a usual run has.
    """
    if is_long() or count >= len(matrix):
        return list(matrix)
    chosen = Random(f"{get_day()} {name}").sample(range(len(matrix)), count)
    return [matrix[index] for index in sorted(chosen)]
