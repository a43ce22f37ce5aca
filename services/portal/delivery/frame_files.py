"""``GET /frames/{camera_id}/{owner_epoch}-{sequence}.jpg``: one anonymised picture, as plain ASGI, for a crowd."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from services.portal.access import Access
from services.portal.delivery.addresses import FrameName, named_by
from services.portal.delivery.pictures import Picture, Pictures
from services.portal.delivery.shown import Shown
from services.portal.requests import Budgets, client_of, network_of
from services.privacy.showable import ShowableFrame
from services.runtime.camera_registry import CameraRevisions
from services.runtime.errors import RetryableError
from services.runtime.metrics import Metrics

_REASONS = {
    "unknown": (404, b"there is no such frame, or it may not be shown\n"),
    "no_longer": (410, b"this frame is no longer shown: it was withdrawn, or is too old\n"),
    "gone": (410, b"this frame is no longer there\n"),
    "away": (503, b"this frame can't be had just now\n"),
    "too_many": (429, b"too many pictures were asked for from this address\n"),
    "method": (405, b"GET and HEAD are here\n"),
}


class FrameFiles:
    """The pictures' ASGI application.

    Args:
        cameras: The registry.
        access: Says who sees what.
        shown: Says what may be shown.
        pictures: Makes it.
        metrics: Counts what there was no picture for.
        budgets: A picture that has to be made first is one request of its client's.
    """

    def __init__(
        self,
        cameras: CameraRevisions,
        access: Access,
        shown: Shown,
        pictures: Pictures,
        metrics: Metrics,
        budgets: Budgets,
    ) -> None:
        self._cameras = cameras
        self._access = access
        self._shown = shown
        self._pictures = pictures
        self._metrics = metrics
        self._budgets = budgets
        fresh = f"max-age={pictures.fresh_seconds}".encode()
        self._public = (b"cache-control", b"public, " + fresh)
        self._private = (b"cache-control", b"private, no-store")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET and HEAD."""
        if scope["method"] not in ("GET", "HEAD"):
            await self._without(send, "method")
            return
        name = named_by(scope["path"])
        frame = self._allowed(scope, name)
        if name is None or isinstance(frame, str):
            await self._without(send, str(frame))
            return
        if not self._pictures.is_at_hand(name) and not self._budgets.take(network_of(client_of(scope))):
            await self._without(send, "too_many")
            return
        try:
            picture = await self._pictures.get(frame)
        except RetryableError:
            await self._without(send, "away")
            return
        frame = self._allowed(scope, name)  # it may have been withdrawn, or who asks signed out, in the meantime
        if isinstance(frame, str) or picture is None:
            await self._without(send, frame if isinstance(frame, str) else "gone")
        else:
            await self._answer(scope, send, self._is_everybodys(frame), picture)

    def _allowed(self, scope: Scope, name: FrameName | None) -> ShowableFrame | str:
        """Give the frame, or why who asks may not see it."""
        camera = None if name is None else self._cameras.latest(name.camera_id)
        if name is None or camera is None or not self._access.allows(scope, camera):
            return "unknown"
        if not self._shown.is_current:
            return "away"
        frame = self._shown.find(*name)
        if frame is None:
            return self._shown.absence(*name)
        seen = self._shown.is_published(camera, frame) or (
            self._shown.is_burnt(camera, frame) and self._access.signed_in(scope, camera)
        )
        return frame if seen else "unknown"

    def _is_everybodys(self, frame: ShowableFrame) -> bool:
        camera = self._cameras.latest(frame.camera_id)
        return camera is not None and self._shown.is_published(camera, frame)

    async def _answer(self, scope: Scope, send: Send, everybodys: bool, picture: Picture) -> None:
        headers = [
            (b"content-type", b"image/jpeg"),
            self._public if everybodys else self._private,
            (b"etag", picture.etag),
        ]
        if _has(scope, picture.etag):
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body"})
            return
        headers.append((b"content-length", str(len(picture.jpeg)).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else picture.jpeg})

    async def _without(self, send: Send, reason: str) -> None:
        if reason == "no_longer":
            self._metrics.count("tilik_portal_pictures_total", outcome="withdrawn")
        status, text = _REASONS[reason]
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(text)).encode()),
            (b"cache-control", b"no-store"),
        ]
        if status == 405:
            headers.append((b"allow", b"GET, HEAD"))
        if status in (429, 503):
            headers.append((b"retry-after", b"2"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": text})


def _has(scope: Scope, etag: bytes) -> bool:
    """Tell whether the client says that it has this picture."""
    for name, value in scope["headers"]:
        if name == b"if-none-match":
            return value.strip() == b"*" or etag in (tag.strip().removeprefix(b"W/") for tag in value.split(b","))
    return False
