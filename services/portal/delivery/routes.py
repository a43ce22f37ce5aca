"""The delivery's lists: a camera's frames of the last minutes, and its recorded minutes of a day."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import NamedTuple

import msgspec
from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from schemas.cameras import Camera
from services.portal.access import Access
from services.portal.delivery.addresses import url_of
from services.portal.delivery.recorded import Minute, RecordedMinutes
from services.portal.delivery.shown import CameraState, Shown
from services.runtime.camera_registry import CameraRevisions
from services.runtime.errors import RetryableError

FRESH_SECONDS = 2
DAY_FRESH_SECONDS = 15
_KEPT = 256
_COMPRESSION = 5


class RecentFrame(msgspec.Struct, frozen=True):
    """A frame on the timeline."""

    url: str
    captured_at_ms: int
    simulated: bool


class Recent(msgspec.Struct, frozen=True):
    """What the timeline of a camera shows: its frames that may be shown, in order of capture, and how it is now."""

    camera_id: str
    state: str
    since_ms: int
    judged_through_ms: int
    frames: list[RecentFrame]


class RecordedMinute(msgspec.Struct, frozen=True):
    """A minute of a day: its film, or why there is none (``gap``), or why pictures are missing in it.

    The film's time 0 is ``first_ms``.
    """

    minute_ms: int
    url: str
    first_ms: int
    last_ms: int
    frames: int
    gap: str
    simulated: bool


class RecordedDay(msgspec.Struct, frozen=True):
    """What was recorded of a camera on one of the city's days."""

    camera_id: str
    day: str
    minutes: list[RecordedMinute]


class Body(NamedTuple):
    """A list as JSON, and the same compressed."""

    plain: bytes
    gzipped: bytes


class _Made(NamedTuple):
    """What a list is of: a camera at a revision, in a state."""

    camera_id: str
    revision: int
    state: CameraState


class _Kept(NamedTuple):
    made: _Made
    body: Body
    until: float


class RecentFrames:
    """The lists, each made once for however many ask within two seconds, on a thread of their own.

    A camera's list is made anew where its state is another one: a page that is told so asks what was withdrawn.

    Used from one event loop.
    """

    def __init__(self, shown: Shown, seconds: Callable[[], float] = time.monotonic) -> None:
        self._shown = shown
        self._seconds = seconds
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._making: dict[_Made, asyncio.Task[Body]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="lists")

    async def body(self, camera: Camera) -> Body:
        """Give a camera's list.

        Raises:
            RetryableError: Kafka is silent: what was withdrawn is not known.
        """
        if not self._shown.is_current:
            raise RetryableError("Kafka is silent, or not read yet: whether frames were withdrawn is not known")
        wanted = _Made(camera.camera_id, camera.revision, self._shown.state(camera))
        kept = self._kept.get(camera.camera_id)
        if kept is not None and kept.made == wanted and kept.until > self._seconds():
            return kept.body
        making = self._making.get(wanted)
        if making is None:
            making = self._making[wanted] = asyncio.create_task(self._make(camera, wanted))
        return await asyncio.shield(making)

    def close(self) -> None:
        """Give up what is being made."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _make(self, camera: Camera, wanted: _Made) -> Body:
        try:
            body = await asyncio.get_running_loop().run_in_executor(self._thread, self._made, camera)
        finally:
            del self._making[wanted]
        self._kept.pop(camera.camera_id, None)
        self._kept[camera.camera_id] = _Kept(wanted, body, self._seconds() + FRESH_SECONDS)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return body

    def _made(self, camera: Camera) -> Body:
        plain = msgspec.json.encode(self._recent(camera))
        return Body(plain, gzip.compress(plain, _COMPRESSION, mtime=0))

    def _recent(self, camera: Camera) -> Recent:
        state = self._shown.state(camera)
        judged_through_ms = self._shown.standing(camera.camera_id).through_ms  # before the frames: all up to then
        frames = self._shown.listed(camera)
        return Recent(
            camera_id=camera.camera_id,
            state=state.name,
            since_ms=state.since_ms,
            judged_through_ms=judged_through_ms,
            frames=[RecentFrame(url_of(frame), frame.captured_at_ms, frame.simulated) for frame in frames],
        )


def delivery_routes(
    cameras: CameraRevisions, access: Access, lists: RecentFrames, recorded_minutes: RecordedMinutes
) -> APIRouter:
    """Give the routes."""
    routes = APIRouter()

    def seen_by(request: Request, camera_id: str) -> Camera:
        camera = cameras.latest(camera_id)
        if camera is None or not access.allows(request.scope, camera):
            raise HTTPException(404)
        return camera

    @routes.get("/cameras/{camera_id}/recent")
    async def recent(request: Request, camera_id: str) -> Response:
        camera = seen_by(request, camera_id)
        body = await lists.body(camera)
        camera = seen_by(request, camera_id)
        is_gzip = "gzip" in request.headers.get("accept-encoding", "")
        answer = _json(camera, body.gzipped if is_gzip else body.plain, FRESH_SECONDS)
        answer.headers["vary"] = "accept-encoding"
        if is_gzip:
            answer.headers["content-encoding"] = "gzip"
        return answer

    @routes.get("/recorded/{camera_id}/{day}")
    async def recorded(request: Request, camera_id: str, day: date) -> Response:
        camera = seen_by(request, camera_id)
        minutes = await recorded_minutes.of_day(camera, day)
        camera = seen_by(request, camera_id)  # that may have taken long: asked anew
        told = RecordedDay(camera_id, day.isoformat(), [_told(camera_id, minute) for minute in minutes])
        return _json(camera, msgspec.json.encode(told), DAY_FRESH_SECONDS)

    return routes


def _told(camera_id: str, minute: Minute) -> RecordedMinute:
    return RecordedMinute(
        minute_ms=minute.minute_ms,
        url=f"/recorded/{camera_id}/{minute.minute_ms}.mp4" if minute.object_key and not minute.withdrawn else "",
        first_ms=minute.first_ms,
        last_ms=minute.last_ms,
        frames=minute.frames,
        gap="quarantined" if minute.withdrawn else minute.gap,
        simulated=minute.simulated,
    )


def _json(camera: Camera, body: bytes, seconds: int) -> Response:
    caching = f"public, max-age={seconds}" if camera.is_public else "private, no-store"
    return Response(body, media_type="application/json", headers={"cache-control": caching})
