"""The wall clock, at one place, so that whoever needs another one can be given it."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Gives the time since the epoch in milliseconds."""


def now_ms() -> int:
    """Give the wall clock's time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
