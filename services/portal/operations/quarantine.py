"""Cameras whose picture can't be trusted: before and now side by side, and the release."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import RedirectResponse, Response

from schemas.cameras import Camera
from services.portal.operations.episodes import EpisodeFacts, newest_picture_ms, open_incidents
from services.portal.operations.guarding import (
    OperationsRoute,
    Operator,
    Ops,
    RefusedError,
    Viewer,
    camera_for,
    field,
)
from services.portal.operations.review import decide
from services.portal.operations.typed_text import reason_of
from services.runtime.clock import now_ms

CameraId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{1,62}[a-z0-9]$")]
_OLD_PICTURE_MS: Final = 600_000
"""A camera whose newest picture is older shows recorded footage, or is away: a decision of now would wait for ever."""

router = APIRouter(prefix="/operations/quarantine", route_class=OperationsRoute)


@router.get("")
async def listing(request: Request, ops: Ops, person: Viewer) -> Response:
    """Show the cameras with open incidents."""
    by_camera: dict[str, tuple[Camera, list[EpisodeFacts]]] = {}
    for incident in await open_incidents(ops, person):
        camera = ops.portal.cameras.latest(incident.camera_id)
        if camera is not None and person.sees(camera):
            by_camera.setdefault(camera.camera_id, (camera, []))[1].append(incident)
    return ops.screen.page(
        request,
        "quarantine.html",
        cards=list(by_camera.values()),
        may_release=person.may("operator"),
    )


@router.post("/{camera_id}/release")
async def release(request: Request, ops: Ops, person: Operator, camera_id: CameraId) -> Response:
    """Say that a camera's picture is as it should be: that ends every open incident of it."""
    camera = camera_for(ops, person, camera_id)
    reason = reason_of(await field(request, "reason"))
    if reason is None:
        raise RefusedError(422, "reason")
    if not await open_incidents(ops, person, camera_id):
        raise RefusedError(409, "nothing_to_release")
    at_ms = now_ms()
    newest_ms = await newest_picture_ms(ops, camera_id)
    if camera.source.clock == "recorded" and newest_ms and at_ms - newest_ms > _OLD_PICTURE_MS:
        at_ms = newest_ms  # its pictures have a clock of their own
    await decide(request, ops, person, camera, "quarantine_released", reason, at_ms=at_ms)
    return RedirectResponse("/operations/quarantine?released=1", 303)
