"""Cameras: the list, one camera, its approval for the public, and a new one with a probe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from schemas.cameras import Camera, Source
from services.portal.operations.audit import Action
from services.portal.operations.entry_form import FIELDS, camera_of, source_of
from services.portal.operations.episodes import cameras_of, open_incidents
from services.portal.operations.guarding import (
    OperationsRoute,
    Operator,
    Ops,
    RefusedError,
    Viewer,
    camera_for,
    field,
)
from services.portal.operations.probing import check_entry, probe
from services.portal.operations.quarantine import CameraId
from services.portal.operations.registering import NextRevision, register
from services.portal.operations.running import Operations
from services.portal.operations.typed_text import reason_of
from services.portal.requests import client_of
from services.portal.roles import EVERYWHERE, Person, covers
from services.runtime.camera_changes import DecisionRefusedError, approved, withdrawn
from services.runtime.clock import now_ms
from services.runtime.logging import redact_url

_PAGE_SIZE: Final = 100
Listed = Literal["", "waiting", "public", "paused", "removed"]

router = APIRouter(prefix="/operations/cameras", route_class=OperationsRoute)

_LISTED: Final[dict[str, Callable[[Camera], bool]]] = {
    "": lambda camera: camera.state != "removed",
    "waiting": lambda camera: camera.state == "active" and not camera.is_public,
    "public": lambda camera: camera.is_public,
    "paused": lambda camera: camera.state == "paused",
    "removed": lambda camera: camera.state == "removed",
}


@router.get("")
async def listing(
    request: Request,
    ops: Ops,
    person: Viewer,
    listed: Annotated[Listed, Query(alias="show")] = "",
    text: Annotated[str, Query(alias="q", max_length=80)] = "",
    start: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Response:
    """Show the cameras of the person's areas."""
    wanted = text.strip().casefold()
    found = [
        camera
        for camera in cameras_of(ops, person)
        if _LISTED[listed](camera)
        and wanted in f"{camera.camera_id} {camera.name} {camera.place.kecamatan} {camera.place.kelurahan}".casefold()
    ]
    return ops.screen.page(
        request,
        "cameras.html",
        cameras=found[start : start + _PAGE_SIZE],
        total=len(found),
        start=start,
        page_size=_PAGE_SIZE,
        listed=listed,
        text=text,
        choices=tuple(_LISTED),
        may_add=person.may("operator"),
    )


@router.get("/new")
async def new(request: Request, ops: Ops, person: Operator) -> Response:
    """Show the form for a new camera."""
    return _form(request, ops, {}, 200, "", None)


@router.post("/new")
async def add(request: Request, ops: Ops, person: Operator) -> Response:
    """Probe a source, or put a new camera into the registry: what the button that was pressed says."""
    values = {name: await field(request, name) for name in FIELDS}
    found, fault = None, ""
    try:
        if await field(request, "do") == "probe":
            found = await _probed(request, ops, person, values)
        else:
            return await _added(request, ops, person, values)
    except RefusedError as error:
        fault = str(error.detail)
        if error.status_code not in (409, 422):
            raise
    status = 422 if fault else 200
    return _form(request, ops, values, status, fault, found)


@router.get("/{camera_id}")
async def one(request: Request, ops: Ops, person: Viewer, camera_id: CameraId) -> Response:
    """Show a camera."""
    camera = camera_for(ops, person, camera_id)
    return ops.screen.page(
        request,
        "camera.html",
        camera=camera,
        source=redact_url(camera.source.url) if person.may("operator") else "",
        incidents=await open_incidents(ops, person, camera_id),
        may_change=person.may("operator"),
    )


@router.post("/{camera_id}/{change}")
async def change(
    request: Request, ops: Ops, person: Operator, camera_id: CameraId, change: Literal["approve", "withdraw"]
) -> Response:
    """Make a camera public, or not any more."""
    camera = camera_for(ops, person, camera_id)
    reason = reason_of(await field(request, "reason"))
    if reason is None:
        raise RefusedError(422, "reason")
    if change == "approve" and await field(request, "looked") != "yes":
        raise RefusedError(422, "look_first")
    if await field(request, "revision") != str(camera.revision):
        raise RefusedError(409, "conflict")
    action: Action = "camera_approved" if change == "approve" else "camera_withdrawn"
    try:
        entry = approved(camera, person.name, now_ms()) if change == "approve" else withdrawn(camera)
    except DecisionRefusedError as error:
        raise RefusedError(409, "removed") from error
    if entry != camera:
        await register(request, ops, person, NextRevision(action, camera, entry, reason))
    return RedirectResponse(f"/operations/cameras/{camera_id}", 303)


def _form(
    request: Request, ops: Operations, values: dict[str, str], status: int, fault: str, found: dict[str, str] | None
) -> Response:
    return ops.screen.page(
        request, "new_camera.html", status, probing=ops.settings.probing, values=values, fault=fault, found=found
    )


async def _probed(request: Request, ops: Operations, person: Person, values: dict[str, str]) -> dict[str, str]:
    if not ops.settings.probing:
        raise RefusedError(404, "")
    source = source_of(values)
    _require_own_secret(ops, person, source)
    reason = reason_of(values["reason"])
    if source.secret and reason is None:
        raise RefusedError(422, "reason")
    await run_in_threadpool(
        ops.audit.note,
        "camera_probed",
        client_of(request.scope),
        person,
        subject=redact_url(source.url),
        why=reason or "",
        detail=_secret_told(source),
    )
    return await probe(source, ops.settings.probe_seconds, ops.probing)


async def _added(request: Request, ops: Operations, person: Person, values: dict[str, str]) -> Response:
    camera = camera_of(values)
    reason = reason_of(values["reason"])
    if reason is None:
        raise RefusedError(422, "reason")
    if not person.sees(camera):
        raise RefusedError(422, "other_area")
    _require_own_secret(ops, person, camera.source)
    if ops.portal.cameras.latest(camera.camera_id) is not None:
        raise RefusedError(409, "id_taken")
    if ops.settings.probing:
        await check_entry(camera, ops.probing)
    step = NextRevision("camera_added", None, camera, reason, _secret_told(camera.source))
    await register(request, ops, person, step)
    return RedirectResponse(f"/operations/cameras/{camera.camera_id}", 303)


def _require_own_secret(ops: Operations, person: Person, source: Source) -> None:
    """Refuse a secret that would be told to a host which does not know it: ingest finds secrets by their names alone.

    Whoever is no admin names those that a camera of their areas has at the same host; an admin besides those that
    belong to their areas. Another one is refused whether there is such a secret or not.

    Raises:
        RefusedError: It is another one.
    """
    if not source.secret or (person.may("admin") and _belongs_to(person, source.secret, ops.settings.secret_areas)):
        return
    own = (camera.source for camera in cameras_of(ops, person) if camera.state != "removed")
    if not any(each.secret == source.secret and _host(each) == _host(source) for each in own):
        raise RefusedError(422, "secret_other")


def _belongs_to(person: Person, secret: str, secret_areas: Mapping[str, str]) -> bool:
    """Tell whether a secret belongs to a person's areas, by the longest beginning of its name that the settings know.

    One that they don't know is the whole city's. To ingest ``-`` and ``_`` are the same in a variable's name.
    """
    fitting = (each for each in secret_areas if secret.replace("_", "-").startswith(each.replace("_", "-")))
    beginning = max(fitting, key=len, default="")
    return covers(person.areas, secret_areas.get(beginning, EVERYWHERE))


def _host(source: Source) -> str | None:
    return urlsplit(source.url).hostname


def _secret_told(source: Source) -> str:
    return f"secret {source.secret} for {_host(source)}" if source.secret else ""
