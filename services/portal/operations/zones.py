"""The zone editor: what a person draws on a still becomes the camera's next revision."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Request
from msgspec import Meta, Struct
from starlette.responses import JSONResponse, Response

from schemas.cameras import Camera, Timetable, Zone, ZonePurpose, same_entry
from schemas.codec import ContractError, JsonCodec
from schemas.zone_checks import Found, Path, check_purposes, check_repeated, check_timetable, check_zone
from services.portal.operations.guarding import OperationsRoute, Operator, Ops, RefusedError, Viewer, camera_for
from services.portal.operations.quarantine import CameraId
from services.portal.operations.registering import NextRevision, register
from services.portal.operations.typed_text import reason_of
from services.runtime.camera_changes import private_zones, zoned

PURPOSES: Final[tuple[ZonePurpose, ...]] = (
    "water",
    "no_parking",
    "queue",
    "staff",
    "counter_edge",
    "exclude",
    "private",
)
_LARGEST_BYTES: Final = 256 * 1024

router = APIRouter(prefix="/operations/cameras/{camera_id}/zones", route_class=OperationsRoute)


class ZoneEdit(Struct, frozen=True, forbid_unknown_fields=True):
    """What the editor sends. ``revision`` is the one that was drawn on; ``opening_hours`` None: the camera has none."""

    revision: Annotated[int, Meta(ge=1)]
    zones: Annotated[tuple[Zone, ...], Meta(max_length=64)]
    opening_hours: Timetable | None
    why: str


_EDIT_CODEC: JsonCodec[ZoneEdit] = JsonCodec(ZoneEdit)


@router.get("")
async def editor(request: Request, ops: Ops, person: Viewer, camera_id: CameraId) -> Response:
    """Show the editor; who may not change zones sees them."""
    camera = camera_for(ops, person, camera_id)
    return ops.screen.page(
        request,
        "zones.html",
        camera=camera,
        drawn=msgspec.json.encode(
            {"revision": camera.revision, "zones": camera.zones, "opening_hours": camera.opening_hours}
        ).decode(),
        purposes=PURPOSES,
        may_change=person.may("operator") and camera.state != "removed",
    )


@router.get("/entry.json")
async def entry(ops: Ops, person: Viewer, camera_id: CameraId) -> Response:
    """Give what rules now, for an editor that has waited for it."""
    camera = camera_for(ops, person, camera_id)
    return JSONResponse({"revision": camera.revision, "zones": [zone.zone_id for zone in camera.zones]})


@router.post("")
async def save(request: Request, ops: Ops, person: Operator, camera_id: CameraId) -> Response:
    """Make what was drawn the camera's next revision, unless somebody else changed it meanwhile."""
    camera = camera_for(ops, person, camera_id)
    edit = await _edit(request)
    reason = reason_of(edit.why)
    if reason is None:
        raise RefusedError(422, "reason")
    if edit.revision != camera.revision:
        raise RefusedError(409, "conflict")
    faults = faults_of(camera, edit)
    if faults:
        return JSONResponse({"faults": [{"path": list(path), "text": text} for path, text in faults]}, 422)
    changed = msgspec.structs.replace(zoned(camera, edit.zones), opening_hours=edit.opening_hours)
    if same_entry(changed, camera):
        return JSONResponse({"revision": camera.revision, "changed": False})
    step = NextRevision("zones_changed", camera, changed, reason, _told(camera, changed))
    registered = await register(request, ops, person, step)
    return JSONResponse(
        {
            "revision": registered.revision,
            "changed": True,
            "public": registered.is_public,
            "was_public": camera.is_public,
        }
    )


def faults_of(camera: Camera, edit: ZoneEdit) -> Found:
    """Give what is wrong with zones and opening hours, each with its path in what was sent."""
    numbered = list(enumerate(edit.zones))
    found: Found = [_below(("zones",), fault) for fault in check_repeated([z.zone_id for z in edit.zones], "zone_id")]
    for index, zone in numbered:
        found += [_below(("zones", index), fault) for fault in check_zone(zone)]
    found += check_purposes(camera.kind, numbered, edit.opening_hours is not None)
    if edit.opening_hours is not None:
        found += [_below(("opening_hours",), fault) for fault in check_timetable(edit.opening_hours)]
    return found


def _below(path: Path, fault: tuple[Path, str]) -> tuple[Path, str]:
    return (*path, *fault[0]), fault[1]


def _told(before: Camera, after: Camera) -> str:
    """Say in a line what became of the zones."""
    old, new = ({zone.zone_id: zone for zone in camera.zones} for camera in (before, after))
    parts = [
        f"{word} {', '.join(names)}"
        for word, names in (
            ("new", sorted(new.keys() - old.keys())),
            ("gone", sorted(old.keys() - new.keys())),
            ("changed", sorted(name for name in new.keys() & old.keys() if new[name] != old[name])),
        )
        if names
    ]
    if before.opening_hours != after.opening_hours:
        parts.append("opening hours changed")
    if private_zones(before) != private_zones(after) and before.is_public:
        parts.append("not public any more: private zones changed")
    return "; ".join(parts)


async def _edit(request: Request) -> ZoneEdit:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusedError(415, "")
    body = await request.body()
    if len(body) > _LARGEST_BYTES:
        raise RefusedError(413, "")
    try:
        return _EDIT_CODEC.decode(body)
    except ContractError as error:
        raise RefusedError(422, f"{error}") from error
