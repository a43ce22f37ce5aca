"""A small web server in the test's own event loop, whose every answer a test decides."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked; names of headers in lower case."""

    target: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. ``raw`` is sent as it is instead; ``hold`` seconds pass before it; ``close`` hangs up behind it."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""
    hold: float = 0.0
    close: bool = False

    def wire(self) -> bytes:
        if self.raw:
            return self.raw
        fields = {"Content-Length": str(len(self.body)), **self.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"HTTP/1.1 {self.status} X\r\n{head}\r\n".encode() + self.body


class WebServer:
    """Give ``answer`` each request; keeps all of them, and how many connections there were and are."""

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.connections = 0
        self.written = 0
        self.scheme = "http"
        self.port = 0
        self.open: set[asyncio.StreamWriter] = set()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await self._one(reader, writer):
                    pass
        finally:
            self.open.discard(writer)
            writer.transport.abort()

    def hang_up(self) -> None:
        for writer in list(self.open):
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        fields = (line.partition(":") for line in lines)
        request = Request(first.split(" ")[1], {name.lower(): value.strip() for name, _, value in fields})
        self.requests.append(request)
        answer = self.answer(request)
        await asyncio.sleep(answer.hold)
        data = answer.wire()
        for at in range(0, len(data), 65_536):
            writer.write(data[at : at + 65_536])
            await writer.drain()
            self.written += len(data[at : at + 65_536])
        return not answer.close


@asynccontextmanager
async def web_server(
    answer: Callable[[Request], Answer], tls: ssl.SSLContext | None = None, port: int = 0
) -> AsyncIterator[WebServer]:
    web = WebServer(answer)
    server = await asyncio.start_server(web.serve, "127.0.0.1", port, ssl=tls)
    web.port = server.sockets[0].getsockname()[1]
    web.scheme = "https" if tls is not None else "http"
    try:
        yield web
    finally:
        server.close()
        web.hang_up()
        await asyncio.sleep(0)
