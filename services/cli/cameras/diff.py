"""What applying a registry file changes, camera by camera, field by field.

Two things of a camera are people's decisions and survive a file that does not mention them: ``state`` and ``public``.
No file makes a camera public, and what nobody has seen does not stay so: see ADR 0011.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from schemas.cameras import Camera, CameraState, Source, same_entry
from services.runtime.camera_changes import private_zones, removed, withdrawn
from services.runtime.camera_registry import CameraRevisions
from services.runtime.logging import redact_url

_SHOWN_CHARACTERS = 70
_UNSEEN_SOURCE_FIELDS = ("secret", "stale_after_seconds", "transport")
"""Fields of a source that change how a picture comes, and never which."""

Stated = Mapping[str, frozenset[str]]
"""Of each camera id the keys that its entry in a file has, so that a default is told from a word."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, such as ``zones[queue].polygon``, before and after; ``(absent)`` where there is none."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class CameraChange:
    """What becomes of one camera. ``camera`` is its new revision, or for ``unchanged`` the one that stays.

    ``notices`` say what the file asked for and did not get, or what follows from it that is easily overlooked.
    """

    kind: Literal["added", "changed", "removed", "unchanged"]
    camera: Camera
    fields: tuple[FieldChange, ...] = ()
    notices: tuple[str, ...] = ()


def plan_changes(
    wanted: Sequence[Camera], known: CameraRevisions, remove_missing: bool, stated: Stated | None = None
) -> list[CameraChange]:
    """Compare a file's cameras with the registry; give every camera of the file, and what is removed, by camera id.

    ``stated`` says which keys the file has; without it, every field of every camera counts as said.
    """
    every_field = frozenset(Camera.__struct_fields__)
    changes = [
        _change(camera, known.latest(camera.camera_id), every_field if stated is None else stated[camera.camera_id])
        for camera in wanted
    ]
    if remove_missing:
        named = {camera.camera_id for camera in wanted}
        gone = [c for c in known.all_latest() if c.camera_id not in named and c.state != "removed"]
        changes += [CameraChange("removed", _next(removed(camera), camera)) for camera in gone]
    return sorted(changes, key=lambda change: change.camera.camera_id)


def _next(camera: Camera, known: Camera) -> Camera:
    return msgspec.structs.replace(camera, revision=known.revision + 1)


def _change(wanted: Camera, known: Camera | None, stated: frozenset[str]) -> CameraChange:
    if known is None:
        added = msgspec.structs.replace(wanted, revision=1, public=False, approval=None)
        return CameraChange("added", added, notices=(_needs_approval(wanted),) if wanted.public else ())
    entry, notices = _with_decisions(wanted, known, stated)
    if same_entry(entry, known):
        return CameraChange("unchanged", known, (), notices)
    camera = _next(entry, known)
    return CameraChange("changed", camera, tuple(_field_changes(known, camera)), notices)


def _with_decisions(wanted: Camera, known: Camera, stated: frozenset[str]) -> tuple[Camera, tuple[str, ...]]:
    """Give the file's entry with what people decided about the camera, and what is to be said of that."""
    state, notices = _state(wanted, known, stated)
    entry = msgspec.structs.replace(wanted, state=state, public=known.is_public, approval=known.approval)
    if state == "removed":
        return removed(entry), notices
    if "public" in stated and not wanted.public:
        return withdrawn(entry), notices
    if known.is_public and (changed := _unseen(wanted, known)):
        return withdrawn(entry), (*notices, f"not public any more: {changed} changed, and {_approve_again(wanted)}")
    if wanted.public and not known.is_public:
        return withdrawn(entry), (*notices, _needs_approval(wanted))
    return entry, notices


def _state(wanted: Camera, known: Camera, stated: frozenset[str]) -> tuple[CameraState, tuple[str, ...]]:
    if "state" in stated:
        back = f"was {known.state}: is read again, because the file says 'state: active'"
        return wanted.state, (back,) if wanted.state == "active" and known.state != "active" else ()
    if known.state == "active":
        return known.state, ()
    if known.state == "paused":
        return known.state, (f"stays paused; 'tilik cameras resume {known.camera_id}' has it read again",)
    return known.state, ("stays removed; 'state: active' in the file brings it back",)


def _unseen(wanted: Camera, known: Camera) -> str:
    """Name what changed of that which decides what is seen in the pictures; empty: nothing."""
    if _what_is_seen(wanted.source) != _what_is_seen(known.source):
        return "its source"
    if private_zones(wanted) != private_zones(known):
        return "its private zones"
    return "its anonymisation" if wanted.anonymisation != known.anonymisation else ""


def _what_is_seen(source: Source) -> dict[str, Any]:
    fields = msgspec.structs.asdict(source)
    return {name: value for name, value in fields.items() if name not in _UNSEEN_SOURCE_FIELDS}


def _needs_approval(camera: Camera) -> str:
    return f"'public: true' makes no camera public: look at its pictures, then {_approve(camera)}"


def _approve_again(camera: Camera) -> str:
    return f"nobody has seen these pictures; look at them, then {_approve(camera)}"


def _approve(camera: Camera) -> str:
    return f"'tilik cameras approve {camera.camera_id} --by NAME'"


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
