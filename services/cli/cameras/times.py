"""Times as people in Semarang read them."""

from __future__ import annotations

from schemas.times import LOCAL_TIME, local

__all__ = ["LOCAL_TIME", "local", "span"]


def span(seconds: float) -> str:
    """Give a duration in one or two units, such as ``8 s``, ``12 min`` or ``3 h 5 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86_400
    if minutes < 60:
        return f"{minutes} min"
    if hours < 24:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"
