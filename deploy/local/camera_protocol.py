"""HTTP as a pretended camera speaks it, made cheap: it shares the machine with what is tested or measured.

A picture goes from memory to the kernel in one call, uncopied; no task and no stream object a connection.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import cast

from deploy.local.camera_views import Picture, Playback

_BOUNDARY = "tilik-frame"
_SILENCE_SECONDS = 10.0
"""A connection on which nothing was asked for so long is closed, unless it streams."""
_LARGEST_HEAD_BYTES = 16 * 1024
_SLOW_CLIENT_BYTES = 256 * 1024
"""What may wait for a client. More than a picture, so that one goes to the kernel in one call."""
_REASONS = {200: "OK", 304: "Not Modified", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}
_TEXT = "text/plain; charset=utf-8"
_STREAM_HEAD = (
    f"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary={_BOUNDARY}\r\n"
    "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
).encode()


class CameraConnection(asyncio.Protocol):
    """One client.

    Args:
        playback: The pictures.
        clock: Seconds since the playback's start.
    """

    def __init__(self, playback: Playback, clock: Callable[[], float]) -> None:
        self._playback = playback
        self._clock = clock
        self._head = b""
        self._streaming = ""
        self._slow = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to listen."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its type
        self._transport.set_write_buffer_limits(high=_SLOW_CLIENT_BYTES)
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SLOW_CLIENT_BYTES)
        self._loop = asyncio.get_running_loop()
        self._asked = self._loop.time()
        self._timer = self._loop.call_later(_SILENCE_SECONDS, self._check_silence)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        if self._timer is not None:
            self._timer.cancel()

    def pause_writing(self) -> None:
        """Let a slow client miss pictures; it never gets old ones."""
        self._slow = True

    def resume_writing(self) -> None:
        """Go on with the picture of then."""
        self._slow = False

    def data_received(self, data: bytes) -> None:
        """Answer each request whose head is complete."""
        if self._streaming:
            return
        self._head += data
        while not self._streaming and (end := self._head.find(b"\r\n\r\n")) >= 0:
            head, self._head = self._head[:end], self._head[end + 4 :]
            self._asked = self._loop.time()
            self._answer(head)
        if len(self._head) > _LARGEST_HEAD_BYTES:
            self._transport.close()

    def _answer(self, head: bytes) -> None:
        method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        path, _, version = rest.partition(" ")
        if not version or method != "GET":
            self._transport.write(response_head(405 if version else 400, 0, keep=False))
            self._transport.close()
            return
        kind, _, name = path.partition("?")[0].strip("/").partition("/")
        if kind == "snapshot" and name.endswith(".jpg") and name[:-4] in self._playback.views:
            picture = self._playback.picture_at(name[:-4], self._clock())
            self._send_snapshot(picture, known=picture.etag.encode() in _condition(head))
        elif kind == "mjpeg" and name in self._playback.views:
            self._streaming = name
            self._transport.write(_STREAM_HEAD)
            self._send_part()
        elif not kind:
            self._send_text(200, "".join(f"{name}\n" for name in self._playback.views))
        else:
            self._send_text(404, "no such camera\n")

    def _send_text(self, status: int, text: str) -> None:
        body = text.encode()
        self._transport.writelines((response_head(status, len(body)), body))

    def _send_snapshot(self, picture: Picture, *, known: bool) -> None:
        size_bytes = 0 if known else len(picture.jpeg)
        head = response_head(304 if known else 200, size_bytes, "image/jpeg", picture.etag)
        self._transport.writelines((head,) if known else (head, picture.jpeg))

    def _send_part(self) -> None:
        """Send the picture of now, and come back when the next one is due."""
        now = self._clock()
        if not self._slow:
            jpeg = self._playback.picture_at(self._streaming, now).jpeg
            head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            self._transport.writelines((head.encode(), jpeg, b"\r\n"))
        # A little after the instant: a timer that fires a hair too early would send the picture before once more.
        pause = self._playback.seconds_to_next(self._streaming, now) + 0.001
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(pause, self._send_part)

    def _check_silence(self) -> None:
        left = self._asked + _SILENCE_SECONDS - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._check_silence)
        else:
            self._transport.close()


def response_head(status: int, size_bytes: int, content_type: str = _TEXT, etag: str = "", keep: bool = True) -> bytes:
    """Give the head of a response with a body of ``size_bytes``. ``keep``: the connection stays open."""
    lines = [f"HTTP/1.1 {status} {_REASONS[status]}", f"Content-Type: {content_type}", f"Content-Length: {size_bytes}"]
    lines += [f"ETag: {etag}", "Cache-Control: no-cache"] if etag else []
    lines += [] if keep else ["Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode()


def _condition(head: bytes) -> bytes:
    """Give the value of ``If-None-Match``, empty where there is none."""
    _, found, rest = head.lower().partition(b"\r\nif-none-match:")
    return rest.partition(b"\r\n")[0] if found else b""
