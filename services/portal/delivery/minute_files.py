"""``GET /recorded/{camera_id}/{minute}.mp4``: a recorded minute, or a part of it, as plain ASGI.

``minute`` is its start in milliseconds since 1970. Browsers that play a film ask for ranges of it.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from schemas.cameras import Camera
from schemas.times import MINUTE_MS
from services.portal.access import Access
from services.portal.delivery.recorded import Minute, MinuteFile, RecordedMinutes
from services.portal.requests import client_of, network_of, refuse
from services.runtime.camera_registry import CameraRevisions
from services.runtime.errors import RetryableError
from services.runtime.logging import get_logger

log = get_logger(__name__)

PREFIX = "/recorded/"
SUFFIX = ".mp4"
_PATH = re.compile(r"/recorded/([a-z0-9][a-z0-9._-]{1,62}[a-z0-9])/([0-9]{1,14})\.mp4", re.ASCII)
_RANGE = re.compile(r"bytes=([0-9]{0,12})-([0-9]{0,12})", re.ASCII)
_EVERYBODYS = "public, max-age=60"
_THEIRS = "private, no-store"
_PIECE_BYTES = 1 << 16
_STUCK_SECONDS = 30.0
"""A reader that has taken no piece for so long is let go. Players that have enough buffered ask for the rest anew."""
_FILES_EACH = 64
_FILES_ALL = 512
"""Files under way, to one address, behind which a carrier may have many phones, and to all: each is in memory until its
reader has it."""
_NOTHING = memoryview(b"")


class MinuteFiles:
    """The recorded minutes' ASGI application. Used from one event loop."""

    def __init__(self, cameras: CameraRevisions, access: Access, recorded: RecordedMinutes) -> None:
        self._cameras = cameras
        self._access = access
        self._recorded = recorded
        self._under_way: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET and HEAD."""
        if scope["method"] not in ("GET", "HEAD"):
            await refuse(send, 405, (b"allow", b"GET, HEAD"))
            return
        match = _PATH.fullmatch(scope["path"])
        if match is None or int(match[2]) % MINUTE_MS or self._allowed(scope, match[1]) is None:
            await refuse(send, 404)
            return
        client = network_of(client_of(scope))
        if self._under_way[client] >= _FILES_EACH or self._under_way.total() >= _FILES_ALL:
            status = 429 if self._under_way[client] >= _FILES_EACH else 503
            await refuse(send, status, (b"retry-after", b"10"))
            return
        self._under_way[client] += 1
        try:
            await self._serve(scope, send, match[1], int(match[2]))
        finally:
            self._under_way[client] -= 1
            if not self._under_way[client]:
                del self._under_way[client]

    def _allowed(self, scope: Scope, camera_id: str) -> Camera | None:
        """Give the camera; None: who asks may not see it."""
        camera = self._cameras.latest(camera_id)
        return camera if camera is not None and self._access.allows(scope, camera) else None

    def _caching(self, scope: Scope, camera_id: str, minute: Minute) -> str | None:
        """Give how long who asks may keep a minute; None: they may not see it."""
        camera = self._allowed(scope, camera_id)
        if camera is None or not self._recorded.is_shown(camera, minute):
            return None
        if self._recorded.is_published(camera, minute):
            return _EVERYBODYS
        return _THEIRS if self._access.signed_in(scope, camera) else None

    async def _serve(self, scope: Scope, send: Send, camera_id: str, minute_ms: int) -> None:
        file, caching = None, None
        try:
            minute = await self._recorded.find(camera_id, minute_ms)
            if minute is not None and self._caching(scope, camera_id, minute) is not None:
                file = await self._recorded.file(minute)
                caching = self._caching(scope, camera_id, minute)  # it may have taken long: asked anew
        except RetryableError as error:
            log.warning("recorded.away", camera=camera_id, error=str(error))
            await refuse(send, 503, (b"retry-after", b"10"))
            return
        if file is None or caching is None:
            await refuse(send, 404)
            return
        await _answer(Headers(scope=scope), scope["method"], file, caching, send)


async def _answer(asked: Headers, method: str, file: MinuteFile, caching: str, send: Send) -> None:
    etag, size = f'"{file.sha256[:32]}"', len(file.data)
    headers = {"content-type": "video/mp4", "cache-control": caching, "etag": etag, "accept-ranges": "bytes"}
    if etag in asked.get("if-none-match", ""):
        await _send(send, 304, headers)
        return
    wanted = asked.get("range") if asked.get("if-range", etag) == etag else None
    part = None if wanted is None else part_of(wanted, size)
    status, start, end = 200, 0, size
    if part is not None:
        start, end = part
        if start >= end:
            await _send(send, 416, {"content-range": f"bytes */{size}", "content-length": "0"})
            return
        status = 206
        headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
    headers["content-length"] = str(end - start)
    await _send(send, status, headers, memoryview(b"" if method == "HEAD" else file.data)[start:end])


def part_of(wanted: str, size: int) -> tuple[int, int] | None:
    """Give start and end of the part that a ``Range`` names; empty where there is no such; None: the whole is meant.

    What names several parts, or can't be read, may be answered with the whole (RFC 9110, 14.2).
    """
    match = _RANGE.fullmatch(wanted.strip())
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match[1], match[2]
    if not first:
        return max(0, size - int(last)), size if int(last) else 0
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size) if last else size


async def _send(send: Send, status: int, headers: dict[str, str], body: memoryview = _NOTHING) -> None:
    """Answer, a long body in pieces; who takes none of them is let go."""
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    pieces = [body[at : at + _PIECE_BYTES] for at in range(0, len(body), _PIECE_BYTES)] or [body]
    try:
        for number, piece in enumerate(pieces, start=1):
            message = {"type": "http.response.body", "body": bytes(piece), "more_body": number < len(pieces)}
            async with asyncio.timeout(_STUCK_SECONDS):
                await send(message)
    except TimeoutError:
        return
