"""The dashboards, in the order in which they are listed. A dashboard's file is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Final

from services.aggregate.dashboards.dashboard import Dashboard

NAMES: Final = ("city_now", "flooding", "parking", "counters", "cameras", "pipeline", "quality")  # not a topic: a file
"""The dashboards' files; each has one ``DASHBOARD``."""


def dashboards(names: Iterable[str] = ()) -> list[Dashboard]:
    """Give the dashboards of these names, or all.

    Raises:
        ValueError: There is none of such a name.
    """
    wanted = list(names) or NAMES
    if unknown := [name for name in wanted if name not in NAMES]:
        raise ValueError(f"no dashboard {', '.join(unknown)}; there are {', '.join(NAMES)}")
    return [_dashboard(name) for name in wanted]


def _dashboard(name: str) -> Dashboard:
    found: Dashboard = import_module(f"{__package__}.{name}").DASHBOARD
    return found
