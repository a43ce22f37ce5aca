"""Viewers of a portal: each holds a stream and a connection for pictures, and fetches each one that it is told of.

Usage: python -m benchmarks.measured.portal_viewers PORT VIEWERS CAMERA...    Viewers are spread over the cameras.
Prints `ready` once all streams are open; when its input ends, one JSON line: `received`, a list of
[camera, sequence, time of the last byte] for each picture that a viewer has got, and `skipped`, what came too fast.
"""

from __future__ import annotations

import asyncio
import json
import re
import resource
import sys
import time
from typing import cast

import uvloop

HOST = "127.0.0.1"
_AT_ONCE = 100
_URL = re.compile(rb'"url":"(/frames/([^/"]+)/\d+-(\d+)\.jpg)"')
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_WAITING = 3
"""A viewer whose line is slower than the camera leaves out what is older."""


class Viewers:
    """What all of them have seen."""

    def __init__(self) -> None:
        self.received: list[tuple[str, int, float]] = []
        self.skipped = 0
        self.open = 0


class Pictures(asyncio.Protocol):
    """A viewer's connection for pictures: one after the other."""

    def __init__(self, viewers: Viewers) -> None:
        self._viewers = viewers
        self._wanted: list[tuple[bytes, str, int]] = []
        self._left = 0
        self._head = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def want(self, url: bytes, camera: str, sequence: int) -> None:
        self._wanted.append((url, camera, sequence))
        if len(self._wanted) == 1:
            self._ask()
        elif len(self._wanted) > _WAITING:
            del self._wanted[1]
            self._viewers.skipped += 1

    def data_received(self, data: bytes) -> None:
        if not self._left:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _LENGTH.search(self._head, 0, end)
            self._left = int(length[1]) if length else 0
            is_picture = self._head.startswith(b"HTTP/1.1 200")
            data, self._head = self._head[end + 4 :], b""
            if not is_picture:
                self._wanted[0] = (b"", "", -1)
        self._left -= len(data)
        if self._left <= 0:
            self._left = 0
            _, camera, sequence = self._wanted.pop(0)
            if camera:
                self._viewers.received.append((camera, sequence, time.time()))
            if self._wanted:
                self._ask()

    def _ask(self) -> None:
        if self._transport is not None:
            self._transport.write(b"GET " + self._wanted[0][0] + b" HTTP/1.1\r\nHost: portal\r\n\r\n")


class Stream(asyncio.Protocol):
    """A viewer's stream of events."""

    def __init__(self, camera: str, pictures: Pictures, viewers: Viewers) -> None:
        self._camera = camera
        self._pictures = pictures
        self._viewers = viewers
        self._unread = b""
        self._greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        asked = f"GET /live/{self._camera} HTTP/1.1\r\nHost: portal\r\n\r\n"
        cast("asyncio.Transport", transport).write(asked.encode())

    def data_received(self, data: bytes) -> None:
        if not self._greeted and b"event: state" in data:
            self._greeted = True
            self._viewers.open += 1
        self._unread += data
        end = 0
        for url in _URL.finditer(self._unread):
            self._pictures.want(url[1], url[2].decode(), int(url[3]))
            end = url.end()
        self._unread = self._unread[max(end, len(self._unread) - 300) :]


async def watch(port: int, viewers: int, cameras: list[str]) -> None:
    loop = asyncio.get_running_loop()
    seen = Viewers()
    gate = asyncio.Semaphore(_AT_ONCE)

    async def join(number: int) -> None:
        async with gate:
            _, pictures = await loop.create_connection(lambda: Pictures(seen), HOST, port)
            await loop.create_connection(lambda: Stream(cameras[number % len(cameras)], pictures, seen), HOST, port)

    await asyncio.gather(*(join(number) for number in range(viewers)))
    while seen.open < viewers:
        await asyncio.sleep(0.05)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps({"received": seen.received, "skipped": seen.skipped}), flush=True)


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(watch(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
