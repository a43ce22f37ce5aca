"""How far apart the points of a panel are: Grafana's choice from a period and a width.

Source: Grafana's documentation, "Query options": the interval is the period divided by the largest number of points
(a panel's width in pixels unless it says otherwise), rounded to a round time, and not below the panel's ``interval``.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

_UNITS_MS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_ROUND_MS: Final = tuple(
    _UNITS_MS[unit] * number
    for unit, numbers in {
        "s": (1, 2, 5, 10, 15, 20, 30),
        "m": (1, 2, 5, 10, 15, 20, 30),
        "h": (1, 2, 3, 6, 12),
        "d": (1, 7, 30),
    }.items()
    for number in numbers
)
_DURATION: Final = re.compile(r">?(\d+)(ms|s|m|h|d)")


def interval_ms(period_ms: int, points: int, shortest: str = "") -> int:
    """Give the time between two points, in ms, a second at the least.

    Args:
        period_ms: How much time is shown.
        points: How many points there may be.
        shortest: The panel's ``interval``, such as ``1m``; empty: none.
    """
    raw = period_ms / max(points, 1)
    chosen = _ROUND_MS[-1]
    for lower, upper in pairwise(_ROUND_MS):
        if raw <= (lower + upper) / 2:
            chosen = lower
            break
    return max(chosen, duration_ms(shortest))


def duration_ms(text: str) -> int:
    """Give a duration such as ``30s`` in ms; 0 if it is empty or none."""
    found = _DURATION.fullmatch(text.strip())
    return int(found[1]) * _UNITS_MS[found[2]] if found else 0


def rate_interval_s(step_s: int, scrape_s: int = 15) -> int:
    """Give what ``$__rate_interval`` stands for, in seconds: four scrapes at least, so that a rate has two points.

    Source: Grafana's documentation, "Prometheus template variables": max($__interval + scrape interval, 4 scrapes).
    """
    return max(step_s + scrape_s, 4 * scrape_s)
