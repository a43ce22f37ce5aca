"""What the schema can't say of a camera's zones and timetables: each check gives (path, sentence) for all it finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import get_args

from schemas.cameras import CameraKind, Period, Timetable, Zone
from schemas.outline import outline_fault

Path = tuple[str | int, ...]
"""Keys and indexes that lead to a part of an entry."""

Found = list[tuple[Path, str]]

_COUNTER_PURPOSES = frozenset({"queue", "staff", "counter_edge"})
_OTHER_KINDS = frozenset(get_args(CameraKind)) - {"counter", "market"}
_DAY_MINUTES = 24 * 60


def check_repeated(values: Sequence[object], name: str) -> Found:
    """Find texts that are there more than once; ``name`` is what the list holds of each entry."""
    first: dict[object, int] = {}
    found: Found = []
    for index, value in enumerate(values):
        if isinstance(value, str) and first.setdefault(value, index) != index:
            found.append(((index, name), f"{value!r} is there already, in entry {first[value] + 1}"))
    return found


def check_purposes(kind: object, zones: Sequence[tuple[int, Zone]], has_opening_hours: bool) -> Found:
    """Find zones that don't fit the camera or each other. ``zones`` come with their place in the entry's list."""
    found: Found = []
    counter_zones = [(index, zone) for index, zone in zones if zone.purpose in _COUNTER_PURPOSES]
    if counter_zones and isinstance(kind, str) and kind in _OTHER_KINDS:
        found += [
            (("zones", index, "purpose"), f"{zone.purpose} zones are for counter and market cameras, not {kind}")
            for index, zone in counter_zones
        ]
    elif counter_zones and not has_opening_hours:
        found.append(((), "a camera with queue or staff zones needs opening_hours"))
    purposes = {zone.purpose for _, zone in zones}
    if "counter_edge" in purposes and "queue" not in purposes:
        found.append((("zones",), "a counter_edge counts who leaves a queue; there is no queue zone"))
    return found


def check_zone(zone: Zone) -> Found:
    """Find what is wrong with one zone by itself."""
    found: Found = []
    wanted, other = ("line", "polygon") if zone.purpose == "counter_edge" else ("polygon", "line")
    if getattr(zone, other) is not None:
        found.append(((other,), f"a zone for {zone.purpose} has a {wanted}, no {other}"))
    if zone.polygon is not None and (fault := outline_fault(zone.polygon)):
        found.append((("polygon",), fault))
    if zone.line is not None and zone.line[0] == zone.line[1]:
        found.append((("line",), "both ends are at the same point"))
    if not zone.classes:
        found.append((("classes",), "no vehicle class is left; leave the key out for all of them"))
    if zone.timetable is not None:
        if zone.purpose != "no_parking":
            found.append((("timetable",), f"only no_parking zones have a timetable, not {zone.purpose}"))
        found += [(("timetable", *path), text) for path, text in check_timetable(zone.timetable)]
    return found


def check_timetable(timetable: Timetable) -> Found:
    """Find days that are none, and periods that overlap or last no time."""
    found: Found = []
    if not any(timetable.weekdays.values()) and not timetable.on_holidays:
        found.append(((), "names no period at all"))
    for day, periods in timetable.weekdays.items():
        found += [(("weekdays", day, *path), text) for path, text in _check_periods(periods)]
    found += [(("on_holidays", *path), text) for path, text in _check_periods(timetable.on_holidays)]
    for index, text in enumerate(timetable.holidays):
        try:
            date.fromisoformat(text)
        except ValueError:
            found.append((("holidays", index), f"{text!r} is no day of the calendar"))
    for text, count in Counter(timetable.holidays).items():
        if count > 1:
            found.append((("holidays",), f"{text} is there {count} times"))
    return found


def _check_periods(periods: tuple[Period, ...]) -> Found:
    found: Found = []
    spans: list[tuple[int, int]] = []
    for index, period in enumerate(periods):
        start, end = _minutes(period.start), _minutes(period.end)
        if start in (end, _DAY_MINUTES):
            found.append(((index,), f"{period.start} to {period.end} is no span of time"))
            continue
        end += _DAY_MINUTES if end < start else 0  # past midnight it still belongs to the day on which it starts
        if any(start < other_end and other_start < end for other_start, other_end in spans):
            found.append(((index,), f"{period.start} to {period.end} overlaps another period of that day"))
        spans.append((start, end))
    return found


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
