"""Write cameras as a ``cameras.yaml`` that a person can read: a camera takes a few lines, timetables are shared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from schemas.cameras import Camera, Timetable
from services.cli.city_registry.areas import PACKAGE
from services.cli.city_registry.cameras import MARKET_HOURS, OFFICE_HOURS, RUSH_HOURS

_ANCHORS = {"office-hours": OFFICE_HOURS, "market-hours": MARKET_HOURS, "rush-hours": RUSH_HOURS}

_HEADER = """\
# A sample registry of cameras, the size of Semarang's. Written by `tilik cameras sample-city`, seed {seed}: {counts}.
#
# SYNTHETIC: no camera in this file exists. Positions are made up (near the middle of a circle drawn by eye for each
# kecamatan), RT and RW numbers, zones and opening hours are made up,
# {sources}.
# Real are only the names of the 16 kecamatan and 177 kelurahan.
#
# Names of administrative areas: {package} (https://github.com/fityannugroho/idn-area-data), made
# available under the Open Database License 1.0: https://opendatacommons.org/licenses/odbl/1-0/. Any rights in
# individual contents of the database are licensed under the Database Contents License. This file is a database that
# derives from it: who gives it, or an adaptation of it, to others keeps this notice and the same licence.
"""
MADE_UP = (
    "and so are the addresses of cameras: names under .example (RFC 2606) and addresses for documentation (RFC 5737)"
)
DEALT = "and the sources of cameras are those of another file, dealt out in turn"


def registry_text(cameras: Sequence[Camera], seed: int, sources: str) -> str:
    """Give the text of the file; ``sources`` is ``MADE_UP`` or ``DEALT``."""
    counts = f"{len(cameras):,} cameras"
    lines = [_HEADER.format(seed=seed, counts=counts, sources=sources, package=PACKAGE)]
    for anchor, timetable in _ANCHORS.items():
        lines.append(f"x-{anchor}: &{anchor}\n" + "\n".join(_timetable_lines(timetable)))
    lines.append("cameras:")
    lines += ["\n".join(_camera_lines(camera)) for camera in cameras]
    return "\n".join(lines) + "\n"


def _timetable_lines(timetable: Timetable) -> Iterator[str]:
    fields = _without_defaults(timetable)
    yield "  weekdays:"
    for day, periods in fields.pop("weekdays").items():
        yield f"    {day}: {_flow(periods)}"
    for name, value in fields.items():
        yield f"  {name}: {_flow(value)}"


def _camera_lines(camera: Camera) -> Iterator[str]:
    yield f"  - camera_id: {camera.camera_id}"
    fields = _without_defaults(camera)
    for name in ("name", "kind", "place", "source"):
        yield f"    {name}: {_flow(fields[name])}"
    if camera.opening_hours is not None:
        yield f"    opening_hours: {_timetable(camera.opening_hours)}"
    if not camera.zones:
        return
    yield "    zones:"
    for zone in camera.zones:
        parts = {name: _flow(value) for name, value in _without_defaults(zone).items()}
        if zone.timetable is not None:
            parts["timetable"] = _timetable(zone.timetable)
        yield "      - {" + ", ".join(f"{name}: {text}" for name, text in parts.items()) + "}"


def _timetable(timetable: Timetable) -> str:
    return next(f"*{anchor}" for anchor, shared in _ANCHORS.items() if shared == timetable)


def _without_defaults(part: msgspec.Struct) -> dict[str, Any]:
    """Give a struct as builtins, without fields that say what they say anyway, at its own level and below."""
    found: dict[str, Any] = {}
    for name, required, default in _fields(type(part)):
        value = getattr(part, name)
        if required or value != default:
            found[name] = _builtins(value)
    return found


@cache
def _fields(kind: type[msgspec.Struct]) -> list[tuple[str, bool, object]]:
    """Give name, whether it must be there, and default of each field."""
    return [(field.name, field.required, _default(field)) for field in msgspec.structs.fields(kind)]


def _default(field: Any) -> object:
    if field.required or field.default is not msgspec.NODEFAULT:
        return field.default
    return field.default_factory()


def _builtins(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return _without_defaults(value)
    if isinstance(value, Mapping):
        return {key: _builtins(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return [_builtins(part) for part in value]
    return value


def _flow(value: Any) -> str:
    """Give a value as YAML on one line; texts in quotes, which JSON's are too."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(part) for part in value) + "]"
    return json.dumps(value, ensure_ascii=False)
