"""Pictures for people who are signed in: anonymised, or of a few blocks; the original for an operator with a reason.

::

    frame ─► may it be shown? ─► as everybody sees it (delivery)
          └► no: held, or too old for that ─► did the record keep an anonymised copy? ─► that (evidence)
                                             └► no, but Kafka still has it ─► a few blocks (coarse)

    A private zone that was drawn after a frame was captured is burnt out of it here, whichever of these it is.
    original: operator + reason ─► audit log ─► Kafka ─► as it was captured, never cached
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal, NamedTuple

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from schemas.cameras import Camera
from schemas.topics import FRAMES
from services.portal.operations.audit import place_of
from services.portal.operations.coarse import coarse_jpeg
from services.portal.operations.episodes import JudgedFrame, Which, judged_as, judged_before
from services.portal.operations.guarding import OperationsRoute, Operator, Ops, RefusedError, Viewer, camera_for, field
from services.portal.operations.quarantine import CameraId
from services.portal.operations.review import EpisodeId, episode_for
from services.portal.operations.running import Operations
from services.portal.operations.typed_text import reason_of
from services.portal.requests import client_of
from services.portal.roles import Person
from services.privacy.burning import burnt_jpeg
from services.privacy.private_zones import private_polygons, private_since
from services.privacy.showable import NEIGHBOUR_MS, ShowableFrame
from services.runtime.errors import InvalidMessageError, RetryableError
from services.runtime.logging import get_logger
from services.runtime.newest_frame import Frame, newest_frame

_LOOK_SECONDS = 5.0
_JPEG = "image/jpeg"

_EVIDENCE = """
SELECT object_key, sha256, camera_revision
FROM recorded_evidence FINAL
WHERE camera_id = {camera:String} AND episode_id = {episode:String} AND event_id = {event:String}
    AND form = 'public' AND object_key != ''
LIMIT 1
"""

log = get_logger(__name__)

router = APIRouter(prefix="/operations", route_class=OperationsRoute)


class _Place(NamedTuple):
    """Where a frame lies in Kafka, and, where that is known, which frame it is and which episode names it."""

    partition: int
    offset: int
    judged: JudgedFrame | None
    episode_id: str = ""
    event_id: str = ""


@router.get("/episodes/{episode_id}/{which}.jpg")
async def of_episode(ops: Ops, person: Viewer, episode_id: EpisodeId, which: Which) -> Response:
    """Give a frame that an episode names."""
    facts, camera = await episode_for(ops, person, episode_id)
    event_id = facts.event_id(which)
    judged = await judged_as(ops, camera.camera_id, event_id)
    place = _Place(facts.frame_partition, facts.offset(which), judged, facts.episode_id, event_id)
    return await _shown(ops, camera, place)


@router.post("/episodes/{episode_id}/{which}/original")
async def original_of_episode(
    request: Request, ops: Ops, person: Operator, episode_id: EpisodeId, which: Which
) -> Response:
    """Give a frame that an episode names as it was captured."""
    facts, camera = await episode_for(ops, person, episode_id)
    await _note(request, ops, person, camera, f"episode {episode_id}, {which} frame")
    return _jpeg(await _captured(ops, camera, facts.frame_partition, facts.offset(which)), 0, "original")


@router.get("/cameras/{camera_id}/before.jpg")
async def before(
    ops: Ops, person: Viewer, camera_id: CameraId, at_ms: Annotated[int, Query(ge=0, le=1 << 53)]
) -> Response:
    """Give the newest frame of a camera from before a moment: what it looked like before its incident."""
    camera = camera_for(ops, person, camera_id)
    judged = await judged_before(ops, camera_id, at_ms)
    if judged is None:
        raise RefusedError(404, "picture_gone")
    return await _shown(ops, camera, _Place(judged.frame_partition, judged.frame_offset, judged))


@router.get("/cameras/{camera_id}/now.jpg")
async def now(ops: Ops, person: Viewer, camera_id: CameraId) -> Response:
    """Give the newest frame of a camera."""
    camera = camera_for(ops, person, camera_id)
    shown = await _anonymised(ops, camera, lambda: _current(ops, camera))
    if shown is not None:
        return _jpeg(*shown, "anonymised")
    frame = await _newest(ops, camera_id)
    return _jpeg(await _coarse(camera, frame.jpeg), frame.headers.captured_at_ms, "coarse")


@router.post("/cameras/{camera_id}/original")
async def original_of_camera(request: Request, ops: Ops, person: Operator, camera_id: CameraId) -> Response:
    """Give the newest frame of a camera as it was captured."""
    camera = camera_for(ops, person, camera_id)
    await _note(request, ops, person, camera, "newest frame")
    frame = await _newest(ops, camera_id)
    return _jpeg(frame.jpeg, frame.headers.captured_at_ms, "original")


async def _note(request: Request, ops: Operations, person: Person, camera: Camera, subject: str) -> None:
    """Note that an original is looked at, before it is read.

    Raises:
        RefusedError: There is no reason.
        RetryableError: It was not noted.
    """
    reason = reason_of(await field(request, "reason"))
    if reason is None:
        raise RefusedError(422, "reason")
    client = client_of(request.scope)
    await run_in_threadpool(
        ops.audit.note, "original_viewed", client, person, subject=subject, why=reason, **place_of(camera)
    )


async def _shown(ops: Operations, camera: Camera, place: _Place) -> Response:
    judged = place.judged
    captured_ms = judged.captured_ms if judged is not None else 0
    if judged is not None:
        frame = (camera.camera_id, judged.owner_epoch, judged.sequence)
        shown = await _anonymised(ops, camera, lambda: ops.portal.shown.find(*frame))
        if shown is not None:
            return _jpeg(*shown, "anonymised")
    if place.episode_id:
        copy = await _evidence(ops, camera, place)
        if copy is not None:
            return _jpeg(copy, captured_ms, "evidence")
    captured = await _captured(ops, camera, place.partition, place.offset)
    return _jpeg(await _coarse(camera, captured), captured_ms, "coarse")


async def _evidence(ops: Operations, camera: Camera, place: _Place) -> bytes | None:
    """Give the anonymised copy that the record keeps of an episode's frame; None: there is none, or it is damaged."""
    asked = {"camera": camera.camera_id, "episode": place.episode_id, "event": place.event_id}
    try:
        rows = await ops.portal.clickhouse.query(_EVIDENCE, asked, keep_seconds=0)
        copy = await ops.record.intact(rows[0]["object_key"], rows[0]["sha256"]) if rows else None
    except RetryableError as error:  # a city without a record has no such table
        log.warning("operations.no_evidence", camera=camera.camera_id, error=str(error))
        return None
    return None if copy is None else await _burnt(ops, camera, copy, rows[0]["camera_revision"])


def _current(ops: Operations, camera: Camera) -> ShowableFrame | None:
    """Give the newest frame that may be shown if it is what the camera shows now; None: that is held, or newer.

    Of a camera that is held the newest one is from before, whatever it shows by now.
    """
    standing = ops.portal.shown.standing(camera.camera_id)
    frame = ops.portal.shown.newest(camera.camera_id)
    if standing.held or frame is None:
        return None
    lag_ms = camera.sampling_period_ms + NEIGHBOUR_MS  # as long as a frame may wait for the one after it
    return frame if frame.captured_at_ms >= standing.through_ms - lag_ms else None


async def _anonymised(
    ops: Operations, camera: Camera, find: Callable[[], ShowableFrame | None]
) -> tuple[bytes, int] | None:
    """Give a frame as everybody may see it, and when it was captured.

    None: it may not be shown, was withdrawn while it was made, or a withdrawal would not be known.
    """
    frame = find() if ops.portal.shown.is_current else None
    picture = None if frame is None else await ops.portal.pictures.get(frame)
    if frame is None or picture is None:
        return None
    burnt = await _burnt(ops, camera, picture.jpeg, frame.camera_revision)
    return (burnt, frame.captured_at_ms) if find() else None


async def _burnt(ops: Operations, camera: Camera, jpeg: bytes, revision: int) -> bytes:
    """Burn out of a picture what has become private since the revision that it was captured under."""
    private = private_since(camera, ops.portal.cameras.find(camera.camera_id, revision))
    return await _drawn(partial(burnt_jpeg, jpeg, private)) if private else jpeg


async def _captured(ops: Operations, camera: Camera, partition: int, offset: int) -> bytes:
    """Give a frame as it lies in Kafka. One under another camera's key is not given, whatever the row says.

    Raises:
        RefusedError: Kafka does not hold it any more.
        RetryableError: Kafka is away.
    """
    record = await run_in_threadpool(ops.portal.records.read, FRAMES.name, partition, offset, _LOOK_SECONDS)
    if record is None or record.key != camera.camera_id.encode():
        raise RefusedError(404, "picture_gone")
    return record.value


async def _newest(ops: Operations, camera_id: str) -> Frame:
    frame = await run_in_threadpool(newest_frame, ops.portal.settings.kafka, camera_id, _LOOK_SECONDS)
    if frame is None:
        raise RefusedError(404, "picture_gone")
    return frame


async def _coarse(camera: Camera, jpeg: bytes) -> bytes:
    return await _drawn(partial(coarse_jpeg, jpeg, private_polygons(camera)))


async def _drawn(draw: Callable[[], bytes]) -> bytes:
    try:
        return await run_in_threadpool(draw)
    except InvalidMessageError as error:
        raise RefusedError(404, "picture_gone") from error


def _jpeg(jpeg: bytes, captured_ms: int, form: Literal["anonymised", "evidence", "coarse", "original"]) -> Response:
    """Give the answer. ``captured_ms`` is told where a page's script can read it of an image; 0: it is not known."""
    headers = {"x-tilik-picture": form, "content-disposition": "inline"}
    if captured_ms:
        headers["server-timing"] = f'captured;desc="{captured_ms}"'
    return Response(jpeg, media_type=_JPEG, headers=headers)
