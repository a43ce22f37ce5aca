"""Times as people write them on the command line: ISO 8601, a day or a minute of Semarang's; durations such as 24h."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from services.cli.cameras.times import LOCAL_TIME
from services.runtime.errors import ConfigurationError

_MINUTE_MS: Final = 60_000
_DURATION: Final = re.compile(r"^(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>s|m|min|h|d)$")
_UNIT_MS: Final = {"s": 1_000, "m": _MINUTE_MS, "min": _MINUTE_MS, "h": 3_600_000, "d": 86_400_000}


def instant_ms(text: str) -> int:
    """Give ms since 1970 of a time such as ``2026-01-31``, ``2026-01-31T14:00`` or ``2026-01-31T07:00Z``.

    Without a zone it is Asia/Jakarta's; a day alone is its midnight.

    Raises:
        ConfigurationError: It is no time, not of a whole minute, or before 1970.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        example = "2026-01-31, 2026-01-31T14:00 (Asia/Jakarta) or 2026-01-31T07:00Z"
        raise ConfigurationError(f"{text!r} is not a time such as {example}") from error
    aware = found if found.tzinfo is not None else found.replace(tzinfo=LOCAL_TIME)
    at_ms = round(aware.timestamp() * 1000)
    if at_ms < 0 or at_ms % _MINUTE_MS:
        raise ConfigurationError(f"{text!r}: a period begins and ends with a whole minute, after 1970")
    return at_ms


def duration_ms(text: str) -> int:
    """Give the ms of a duration such as ``90min``, ``24h`` or ``2d``.

    Raises:
        ConfigurationError: It is none.
    """
    found = _DURATION.match(text.strip())
    if found is None:
        raise ConfigurationError(f"{text!r} is not a duration such as 90min, 24h or 2d")
    return round(float(found["number"]) * _UNIT_MS[found["unit"]])


def local_minute(at_ms: int) -> str:
    """Give an instant as Semarang's clocks show it."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(LOCAL_TIME):%Y-%m-%d %H:%M} WIB"
