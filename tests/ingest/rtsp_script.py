"""A server that speaks RTSP as a test scripts it: for cameras that are odd, wrong or hostile."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

SDP = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n"
OK = "200 OK"


@dataclass
class Asked:
    """One request."""

    method: str
    url: str
    headers: dict[str, str]


Script = Callable[[Asked], str | None]
"""Gives status and further headers of the reply (``200 OK\\r\\nSession: 1``); None: the usual ones; empty: no reply."""


@dataclass
class ScriptedServer:
    """What was asked, in order; ``send`` puts bytes into the last connection."""

    script: Script
    sdp: str = SDP
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, scheme: str = "rtsp", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}/v"

    def methods(self) -> list[str]:
        return [asked.method for asked in self.asked]

    def send(self, data: bytes) -> None:
        self.writers[-1].write(data)

    async def until(self, method: str) -> Asked:
        while method not in self.methods():
            self.heard.clear()
            await self.heard.wait()
        return next(asked for asked in self.asked if asked.method == method)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                if (await reader.readexactly(1)) == b"$":
                    await reader.readexactly(int.from_bytes((await reader.readexactly(3))[1:]))
                    continue
                self._answer(await reader.readuntil(b"\r\n\r\n"), writer)

    def _answer(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        first, *lines = request.decode().strip().split("\r\n")
        method, _, rest = first.partition(" ")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        asked = Asked(_FIRST_WORDS.get(method, method), rest.partition(" ")[0], headers)
        self.asked.append(asked)
        self.heard.set()
        answer = self.script(asked)
        if answer == "" or asked.method.startswith("RTSP/"):
            return  # mute
        body = self.sdp if asked.method == "DESCRIBE" else ""
        head = f"RTSP/1.0 {answer or self._usual(asked)}\r\nCSeq: {headers['cseq']}"
        writer.write(f"{head}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    def _usual(self, asked: Asked) -> str:
        if asked.method != "SETUP":
            return OK
        return f"{OK}\r\nSession: 7;timeout=60\r\nTransport: {asked.headers['transport']}"


_WORDS = ("DESCRIBE", "SETUP", "PLAY", "GET_PARAMETER", "OPTIONS", "TEARDOWN", "RTSP/1.0")
_FIRST_WORDS = {word[1:]: word for word in _WORDS}
"""The first letter has been read already, to tell requests from interleaved packets."""


@asynccontextmanager
async def scripted(
    script: Script = lambda _: None, sdp: str = SDP, tls: ssl.SSLContext | None = None
) -> AsyncIterator[ScriptedServer]:
    made = ScriptedServer(script, sdp)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for writer in made.writers:
            writer.transport.abort()
        await server.wait_closed()
