"""What the schema of a camera can't say: each check gives (path, sentence) for all that it finds.

Checks look at the parts of an entry that keep their own contract, so that an error in one part hides none in another.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from schemas.cameras import Source, Timetable, Zone
from schemas.zone_checks import Found, check_purposes, check_repeated, check_timetable, check_zone
from services.ingest.registry.source_checks import check_source
from services.ingest.simulation.faults import simulation_faults

T = TypeVar("T", bound=msgspec.Struct)


def check_ids(entries: list[dict[str, Any]]) -> Found:
    """Find camera ids that are there more than once; paths are relative to the list."""
    return check_repeated([entry.get("camera_id") for entry in entries], "camera_id")


def check_camera(entry: dict[str, Any]) -> tuple[Found, Found]:
    """Give the errors and the warnings in one entry; paths are relative to it."""
    errors: Found = []
    warnings: Found = []
    raw_zones = entry.get("zones", [])
    raw_zones = raw_zones if isinstance(raw_zones, list) else []
    zones = [(index, _part(Zone, raw)) for index, raw in enumerate(raw_zones)]
    typed = [(index, zone) for index, zone in zones if zone is not None]
    ids = [raw.get("zone_id") if isinstance(raw, dict) else None for raw in raw_zones]
    errors += [(("zones", *path), text) for path, text in check_repeated(ids, "zone_id")]
    for index, zone in typed:
        errors += [(("zones", index, *path), text) for path, text in check_zone(zone)]
    errors += check_purposes(entry.get("kind"), typed, "opening_hours" in entry)
    if entry.get("anonymisation") == "heads" and entry.get("kind") != "counter":
        errors.append((("anonymisation",), "only counter cameras may blur heads alone; elsewhere it is persons"))
    hours = _part(Timetable, entry.get("opening_hours"))
    if hours is not None:
        errors += [(("opening_hours", *path), text) for path, text in check_timetable(hours)]
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
