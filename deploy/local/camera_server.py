"""An HTTP server that plays a clip as cameras: for the demonstration, and for tests with hundreds of them.

    GET /mjpeg/NAME            multipart/x-mixed-replace, a JPEG a part, until the client goes
    GET /snapshot/NAME.jpg     the picture of now, with an ETag; 304 where If-None-Match names it
    GET /                      the names, one a line

Run: ``python -m deploy.local.camera_server --port 8090 --footage vtest.avi --view gate=0,0,0.5,1@12``. It listens on
loopback only.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.local.camera_views import Picture, Playback, View, many_views, parse_view

HOST = "127.0.0.1"

_BOUNDARY = "tilik-frame"
_REQUEST_TIMEOUT_SECONDS = 10.0
_LARGEST_REQUEST_BYTES = 16 * 1024
_SLOW_CLIENT_BUFFER_BYTES = 256 * 1024
_REASONS = {200: "OK", 304: "Not Modified", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}


@dataclass(frozen=True, slots=True)
class Request:
    """The first line of a request, and the one header that matters here."""

    method: str
    path: str
    if_none_match: str


class CameraServer:
    """Serve the views of a playback.

    Args:
        playback: The pictures.
        clock: Seconds that have passed on some steady clock.
    """

    def __init__(self, playback: Playback, clock: Callable[[], float] = time.monotonic) -> None:
        self._playback = playback
        self._clock = clock
        self._began = clock()

    async def listen(self, port: int) -> asyncio.Server:
        """Listen on loopback; port 0 takes a free one.

        Raises:
            OSError: The port is taken.
        """
        return await asyncio.start_server(self._serve, HOST, port, limit=_LARGEST_REQUEST_BYTES)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection; a client that goes away ends it without a word."""
        writer.transport.set_write_buffer_limits(high=_SLOW_CLIENT_BUFFER_BYTES)
        try:
            while await self._answer(await _read_request(reader), writer):
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass
        except asyncio.CancelledError:
            pass  # the process ends; asyncio would report the cancellation of a connection as an error
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer a request; False if the connection ends with it."""
        kind, _, rest = request.path.strip("/").partition("/")
        if request.method != "GET":
            return _respond(writer, 400 if not request.method else 405, keep=False)
        if not kind:
            return _respond(writer, 200, "\n".join([*self._playback.views, ""]).encode(), "text/plain; charset=utf-8")
        if kind == "snapshot" and rest.removesuffix(".jpg") in self._playback.views and rest.endswith(".jpg"):
            return self._snapshot(rest.removesuffix(".jpg"), request, writer)
        if kind == "mjpeg" and rest in self._playback.views:
            await self._stream(rest, writer)
            return False
        return _respond(writer, 404, b"no such camera\n", "text/plain; charset=utf-8")

    def _picture(self, name: str) -> Picture:
        return self._playback.picture_at(name, self._clock() - self._began)

    def _snapshot(self, name: str, request: Request, writer: asyncio.StreamWriter) -> bool:
        picture = self._picture(name)
        known = picture.etag in request.if_none_match
        return _respond(writer, 304 if known else 200, b"" if known else picture.jpeg, "image/jpeg", etag=picture.etag)

    async def _stream(self, name: str, writer: asyncio.StreamWriter) -> None:
        """Send the picture of now again and again. A slow client misses pictures; it never gets old ones."""
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary={_BOUNDARY}\r\n"
            "Cache-Control: no-store\r\nConnection: close\r\n\r\n".encode()
        )
        period = 1.0 / self._playback.frames_per_second
        while not writer.is_closing():
            jpeg = self._picture(name).jpeg
            head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            writer.writelines((head.encode(), jpeg, b"\r\n"))
            await writer.drain()
            elapsed = self._clock() - self._began
            await asyncio.sleep(period - elapsed % period)


async def _read_request(reader: asyncio.StreamReader) -> Request:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _REQUEST_TIMEOUT_SECONDS)
    first, *headers = head.decode("latin-1").split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3:
        return Request("", "", "")
    tags = [line.partition(":")[2].strip() for line in headers if line.lower().startswith("if-none-match:")]
    return Request(parts[0], parts[1].partition("?")[0], ",".join(tags))


def _respond(
    writer: asyncio.StreamWriter,
    status: int,
    body: bytes = b"",
    content_type: str = "text/plain; charset=utf-8",
    *,
    etag: str = "",
    keep: bool = True,
) -> bool:
    lines = [f"HTTP/1.1 {status} {_REASONS[status]}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    lines += [f"ETag: {etag}", "Cache-Control: no-cache"] if etag else []
    lines += [] if keep else ["Connection: close"]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    return keep


async def _run(server: CameraServer, port: int) -> None:
    listening = await server.listen(port)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    print(f"cameras are played on http://{HOST}:{listening.sockets[0].getsockname()[1]}/", flush=True)
    await stopping.wait()
    listening.close()


def main() -> None:
    """Read the arguments, load the clip, serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="camera_server", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--port", type=int, required=True, help="port on loopback; 0 takes a free one")
    parser.add_argument("--footage", type=Path, required=True, help="a video file")
    parser.add_argument("--fps", type=float, default=5.0, help="pictures a second of each camera")
    parser.add_argument("--view", type=parse_view, action="append", default=[], metavar="NAME=L,T,R,B@SECONDS")
    parser.add_argument("--many", type=int, default=0, help="so many more cameras, named many-0000 and so on")
    arguments = parser.parse_args()
    views: list[View] = arguments.view + many_views(arguments.many)
    if not views:
        parser.error("no --view and no --many: there is nothing to play")
    try:
        asyncio.run(_run(CameraServer(Playback(arguments.footage, views, arguments.fps)), arguments.port))
    except OSError as error:
        sys.exit(f"camera server: {error}")


if __name__ == "__main__":
    main()
