"""What applying a registry file changes, camera by camera, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from schemas.cameras import Camera, same_entry
from services.runtime.camera_registry import CameraRevisions
from services.runtime.logging import redact_url

_SHOWN_CHARACTERS = 70


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, such as ``zones[queue].polygon``, before and after; ``(absent)`` where there is none."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class CameraChange:
    """What becomes of one camera. ``camera`` is its new revision, or for ``unchanged`` the one that stays."""

    kind: Literal["added", "changed", "removed", "unchanged"]
    camera: Camera
    fields: tuple[FieldChange, ...] = ()


def plan_changes(wanted: Sequence[Camera], known: CameraRevisions, remove_missing: bool) -> list[CameraChange]:
    """Compare a file's cameras with the registry; give every camera of the file, and what is removed, by camera id."""
    changes = [_change(camera, known.latest(camera.camera_id)) for camera in wanted]
    if remove_missing:
        named = {camera.camera_id for camera in wanted}
        gone = [c for c in known.all_latest() if c.camera_id not in named and c.state != "removed"]
        changes += [CameraChange("removed", _next(camera, state="removed")) for camera in gone]
    return sorted(changes, key=lambda change: change.camera.camera_id)


def _next(camera: Camera, **changes: Any) -> Camera:
    return msgspec.structs.replace(camera, revision=camera.revision + 1, **changes)


def _change(wanted: Camera, known: Camera | None) -> CameraChange:
    if known is None:
        return CameraChange("added", msgspec.structs.replace(wanted, revision=1))
    if same_entry(wanted, known):
        return CameraChange("unchanged", known)
    camera = msgspec.structs.replace(wanted, revision=known.revision + 1)
    return CameraChange("changed", camera, tuple(_field_changes(known, camera)))


def _field_changes(before: Camera, after: Camera) -> Iterator[FieldChange]:
    old, new = _flat(before), _flat(after)
    for path in [*new, *(path for path in old if path not in new)]:
        if path != "revision" and old.get(path) != new.get(path):
            yield FieldChange(path, old.get(path, "(absent)"), new.get(path, "(absent)"))


def _flat(camera: Camera) -> dict[str, str]:
    found: dict[str, str] = {}
    _flatten(msgspec.to_builtins(camera), "", found)
    return found


def _flatten(value: Any, path: str, into: dict[str, str]) -> None:
    if isinstance(value, dict) and value:
        for key, part in value.items():
            _flatten(part, f"{path}.{key}" if path else key, into)
    elif path == "zones":
        for zone in value:
            _flatten(zone, f"zones[{zone['zone_id']}]", into)
    else:
        text = redact_url(value if isinstance(value, str) else msgspec.json.encode(value).decode())
        into[path] = text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
