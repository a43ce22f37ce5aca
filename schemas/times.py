"""The city's time, and what a minute and a day are in the milliseconds of the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

LOCAL_TIME: Final = ZoneInfo("Asia/Jakarta")
MINUTE_MS: Final = 60_000
DAY_MS: Final = 24 * 60 * MINUTE_MS
NO_DATA_MS: Final = 30 * MINUTE_MS
"""So long without a frame, and an open episode ends as ``no_data`` once the next frame comes; until one does, nobody
knows whether it goes on."""


def local(at_ms: int) -> datetime:
    """Give ms since 1970 as the city's time."""
    return datetime.fromtimestamp(at_ms / 1000, LOCAL_TIME)
