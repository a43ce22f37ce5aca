"""``GET /live/{camera_id}``: server-sent events of one camera, as plain ASGI.

Events: ``frame`` (its URL, capture time, delay, whether simulated), ``state`` (live, held, quarantined, silent, paused)
and ``beat``, a sign of life. A browser that lost the stream comes back with the last frame's id and is told only what
is newer.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable

from starlette.types import Receive, Scope, Send

from services.portal.access import Access
from services.portal.delivery.live import Channel, Live, TooManyError, Viewer
from services.portal.requests import client_of, network_of, refuse
from services.runtime.camera_registry import CameraRevisions
from services.runtime.metrics import Metrics

PREFIX = "/live/"
_PATH = re.compile(r"/live/([a-z0-9][a-z0-9._-]{1,62}[a-z0-9])", re.ASCII)
_RETRY = b"retry: 3000\n\n"
_STUCK_SECONDS = 30.0
"""A viewer that has taken nothing for so long is let go: what it has not read yet must not pile up."""
_ASK_AGAIN_SECONDS = 60.0
"""A stream outlives the page that it was opened for; so often who watches is asked anew for their right to."""


class Streams:
    """The streams' ASGI application. ``seconds`` are monotonic."""

    def __init__(
        self,
        cameras: CameraRevisions,
        access: Access,
        live: Live,
        metrics: Metrics,
        *,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cameras = cameras
        self._access = access
        self._live = live
        self._metrics = metrics
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the client, or the portal, leaves."""
        match = _PATH.fullmatch(scope["path"])
        camera = None if match is None else self._cameras.latest(match[1])
        if camera is None or not self._access.allows(scope, camera):
            await refuse(send, 404)
            return
        if scope["method"] != "GET":
            await refuse(send, 405, (b"allow", b"GET"))
            return
        try:
            channel, viewer = self._live.join(camera, network_of(client_of(scope)))
        except TooManyError as error:
            await refuse(send, 503 if error.everybody else 429, (b"retry-after", b"10"))
            return
        leaving = asyncio.ensure_future(_until_gone(receive, viewer))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await self._stream(scope, channel, viewer, send)
        finally:
            leaving.cancel()
            self._live.leave(channel, viewer)

    async def _stream(self, scope: Scope, channel: Channel, viewer: Viewer, send: Send) -> None:
        loop = asyncio.get_running_loop()
        asked_at = self._seconds()
        body = _RETRY + self._live.greeting(channel, _last_event_id(scope))
        while True:
            try:
                async with asyncio.timeout(_STUCK_SECONDS):
                    await send({"type": "http.response.body", "body": body, "more_body": True})
            except TimeoutError:
                return
            if not viewer.gone and not channel.has_more(viewer):
                viewer.wake = loop.create_future()
                await viewer.wake
            if self._seconds() - asked_at >= _ASK_AGAIN_SECONDS:
                asked_at = self._seconds()
                viewer.gone = viewer.gone or not self._may_watch(scope, channel.camera_id)
            if viewer.gone:
                await send({"type": "http.response.body", "body": b""})
                return
            body, skipped = channel.take(viewer)
            self._metrics.count("tilik_portal_live_events_total", outcome="sent")
            if skipped:
                self._metrics.count("tilik_portal_live_events_total", skipped, outcome="skipped")

    def _may_watch(self, scope: Scope, camera_id: str) -> bool:
        camera = self._cameras.latest(camera_id)
        return camera is not None and self._access.allows(scope, camera)


async def _until_gone(receive: Receive, viewer: Viewer) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    viewer.gone = True
    viewer.rouse()


def _last_event_id(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"last-event-id"), "")


_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
