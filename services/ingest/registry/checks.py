"""What the schema of a camera can't say: each check gives (path, sentence) for all that it finds.

Checks look at the parts of an entry that keep their own contract, so that an error in one part hides none in another.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any, TypeVar, get_args

import msgspec

from schemas.cameras import CameraKind, Period, Source, Timetable, Zone
from services.ingest.registry.outline import outline_fault
from services.ingest.registry.source_checks import check_source
from services.ingest.registry.yaml_lines import Path
from services.ingest.simulation.faults import simulation_faults

Found = list[tuple[Path, str]]
T = TypeVar("T", bound=msgspec.Struct)

_COUNTER_PURPOSES = frozenset({"queue", "staff", "counter_edge"})
_OTHER_KINDS = frozenset(get_args(CameraKind)) - {"counter", "market"}
_DAY_MINUTES = 24 * 60


def check_ids(entries: list[dict[str, Any]]) -> Found:
    """Find camera ids that are there more than once; paths are relative to the list."""
    return _twice([entry.get("camera_id") for entry in entries], "camera_id")


def check_camera(entry: dict[str, Any]) -> tuple[Found, Found]:
    """Give the errors and the warnings in one entry; paths are relative to it."""
    errors: Found = []
    warnings: Found = []
    raw_zones = entry.get("zones", [])
    raw_zones = raw_zones if isinstance(raw_zones, list) else []
    zones = [(index, _part(Zone, raw)) for index, raw in enumerate(raw_zones)]
    typed = [(index, zone) for index, zone in zones if zone is not None]
    ids = [raw.get("zone_id") if isinstance(raw, dict) else None for raw in raw_zones]
    errors += [(("zones", *path), text) for path, text in _twice(ids, "zone_id")]
    for index, zone in typed:
        errors += [(("zones", index, *path), text) for path, text in _check_zone(zone)]
    errors += _check_kind(entry, typed)
    hours = _part(Timetable, entry.get("opening_hours"))
    if hours is not None:
        errors += [(("opening_hours", *path), text) for path, text in _check_timetable(hours)]
    source = _part(Source, entry.get("source"))
    if source is not None:
        faults, advice = check_source(source)
        errors += [(("source", *path), text) for path, text in faults]
        warnings += [(("source", *path), text) for path, text in advice]
        simulated = simulation_faults(source.simulated, any(zone.purpose == "private" for _, zone in typed))
        errors += [(("source", "simulated", *path), text) for path, text in simulated]
    return errors, warnings


def _part(kind: type[T], raw: object) -> T | None:
    """Give a part of an entry as its type, without unknown keys; None where the schema has said what is wrong."""
    known = {item.name for item in msgspec.structs.fields(kind)}
    kept = {key: value for key, value in raw.items() if key in known} if isinstance(raw, dict) else raw
    try:
        return msgspec.convert(kept, kind)
    except msgspec.ValidationError:
        return None


def _twice(values: list[object], name: str) -> Found:
    first: dict[object, int] = {}
    found: Found = []
    for index, value in enumerate(values):
        if isinstance(value, str) and first.setdefault(value, index) != index:
            found.append(((index, name), f"{value!r} is there already, in entry {first[value] + 1}"))
    return found


def _check_zone(zone: Zone) -> Found:
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
        found += [(("timetable", *path), text) for path, text in _check_timetable(zone.timetable)]
    return found


def _check_timetable(timetable: Timetable) -> Found:
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


def _check_kind(entry: dict[str, Any], zones: list[tuple[int, Zone]]) -> Found:
    found: Found = []
    kind = entry.get("kind")
    counter_zones = [(index, zone) for index, zone in zones if zone.purpose in _COUNTER_PURPOSES]
    if counter_zones and isinstance(kind, str) and kind in _OTHER_KINDS:
        found += [
            (("zones", index, "purpose"), f"{zone.purpose} zones are for counter and market cameras, not {kind}")
            for index, zone in counter_zones
        ]
    elif counter_zones and "opening_hours" not in entry:
        found.append(((), "a camera with queue or staff zones needs opening_hours"))
    purposes = {zone.purpose for _, zone in zones}
    if "counter_edge" in purposes and "queue" not in purposes:
        found.append((("zones",), "a counter_edge counts who leaves a queue; there is no queue zone"))
    if entry.get("anonymisation") == "heads" and kind != "counter":
        found.append((("anonymisation",), "only counter cameras may blur heads alone; elsewhere it is persons"))
    return found
