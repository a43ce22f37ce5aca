"""A folder of stills as footage: which files count, in which order, and which times their names state."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from schemas.times import LOCAL_TIME

JPEG_NAMES = frozenset({".jpg", ".jpeg"})
STILL_NAMES = JPEG_NAMES | {".png"}

_TIME_IN_NAME = re.compile(r"(\d{4})-(\d{2})-(\d{2})[_T -](\d{2})[_:.-](\d{2})[_:.-](\d{2})")
"""A date and a time somewhere in a name, such as 2013-03-02_07_45_02.jpg."""


class TimedStills(NamedTuple):
    """Stills in their order. ``times_ms`` are those of their names; None where not every name states one."""

    paths: Sequence[Path]
    times_ms: Sequence[int] | None


def list_stills(folder: Path) -> TimedStills:
    """Give the stills of a folder: by the times of their names, or else in the order in which they were written."""
    stills = [path for path in folder.iterdir() if path.suffix.lower() in STILL_NAMES]
    named = sorted((at, path) for path in stills if (at := time_of_name(path.name)) is not None)
    if len(named) == len(stills):
        return TimedStills([path for _, path in named], [at for at, _ in named])
    return TimedStills(sorted(stills, key=lambda path: (path.stat().st_mtime_ns, path.name)), None)


def time_of_name(name: str) -> int | None:
    """Give the time (ms since 1970) that a file's name states in local time of Semarang, or None."""
    match = _TIME_IN_NAME.search(name)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups())
    try:
        at = datetime(year, month, day, hour, minute, second, tzinfo=LOCAL_TIME)
    except ValueError:
        return None
    return int(at.timestamp() * 1000)
