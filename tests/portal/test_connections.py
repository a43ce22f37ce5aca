"""A request's head is bounded, whether it ends or not; what comes in a body is not of the head. No network."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from services.portal.connections import HEAD_BYTES, BoundedConnection
from services.portal.serving import _server_config
from services.portal.settings import LiveSettings, PortalSettings

START = b"POST / HTTP/1.1\r\nHost: a\r\n"


class Wire(asyncio.Transport):
    """What is written to a client, and whether it was let go."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def sent(*pieces: bytes) -> Wire:
    """Give what a client gets that sends these pieces; bodies are read, and their lengths told."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        length, more = 0, True
        while more:
            message = await receive()
            length, more = length + len(message.get("body", b"")), message.get("more_body", False)
        body = str(length).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def exchange() -> Wire:
        config, wire = Config(app, log_config=None, access_log=False, ws="none", lifespan="off"), Wire()
        config.load()
        connection = BoundedConnection(config, ServerState(), {})
        connection.connection_made(wire)
        for piece in pieces:
            if wire.closed:
                break
            connection.data_received(piece)
            for _ in range(5):
                await asyncio.sleep(0)
        connection.connection_lost(RuntimeError("the test is over"))
        return wire

    return asyncio.run(exchange())


CHUNK = b"x" * 4096


@pytest.mark.parametrize(
    "pieces",
    [
        [START + b"X: ", *[CHUNK] * 20],  # a header without an end
        [START, *[b"X: y\r\n" * 100] * 100],  # headers without an end
        [START + b"X: " + CHUNK * 9 + b"\r\n\r\n"],  # all of it at once
        [b"GET /", *[CHUNK] * 20],  # a request line without an end
        [START + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", *[CHUNK] * 20],  # a trailer without an end
    ],
)
def test_a_head_that_is_too_long_ends_the_connection(pieces: list[bytes]) -> None:
    wire = sent(*pieces)
    assert wire.closed
    assert wire.written.startswith(b"HTTP/1.1 400")


def test_a_long_body_and_many_requests_are_no_long_head() -> None:
    body = CHUNK * 20
    whole = START + b"Content-Length: %d\r\n\r\n" % len(body)
    for pieces in ([whole, *[CHUNK] * 20], [whole + body]):
        wire = sent(*pieces)
        assert not wire.closed
        assert wire.written.endswith(b"\r\n\r\n%d" % len(body))
    request = START + b"X: " + b"x" * (HEAD_BYTES // 2) + b"\r\nContent-Length: 0\r\n\r\n"
    wire = sent(*[request] * 5)
    assert not wire.closed
    assert wire.written.count(b"HTTP/1.1 200") == 5


def test_the_portal_bounds_heads_and_connections() -> None:
    async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
        pass

    config = _server_config(nothing, PortalSettings(live=LiveSettings(viewers=10)))
    assert config.http is BoundedConnection
    assert config.limit_concurrency == 1020
