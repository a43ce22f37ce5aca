"""One connection that speaks HTTP/1.1, as an asyncio protocol around llhttp (``httptools``).

A protocol rather than a stream, because 1,100 snapshots a second pass here: a GET of 75 KB costs less than half of what
it does through a ``StreamReader`` and a parser in Python. What is not read is not taken from the network either.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import deque
from dataclasses import dataclass
from functools import cache
from typing import cast

import httptools

from services.ingest.network_policy import Destination
from services.ingest.source_errors import SourceFailed

_HEADER_BYTES = 16_384
"""Of a response's headers, and of all that comes between two pieces of a body (chunk sizes, trailers). Cameras send
less than 1 KB; a content network with cookies and policies some 8 KB."""
_PAUSE_BYTES = 262_144
"""So much of a body waits here before the connection is no longer read: one read of asyncio's."""
_RESUME_BYTES = 65_536
_MOST_RETRY_SECONDS = 300.0
"""A camera that asks for a longer pause is asked sooner: it may have been wrong, or hostile."""
_SMALL_BYTES = 1_024
"""Pieces below this are joined as they come: a body of 2-byte chunks would take twenty times its size."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """Status and headers; names in lower case. ``challenges`` are the values of ``WWW-Authenticate``, in order."""

    status: int
    headers: dict[str, str]
    challenges: tuple[str, ...] = ()

    @property
    def retry_after_seconds(self) -> float:
        """Give what the server asks to be left alone for, within bounds; 0 where it does not say."""
        text = self.headers.get("retry-after", "")
        return min(float(text), _MOST_RETRY_SECONDS) if re.fullmatch(r"[0-9]{1,6}", text) else 0.0


class HttpConnection(asyncio.Protocol):
    """Made by ``create_connection``. One request at a time; every error leaves it as ``SourceFailed``.

    Any wait may be cancelled: what has come meanwhile is kept.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        # What cheap cameras get wrong without harm to us, who share a connection with nobody.
        self._parser.set_dangerous_leniencies(
            lenient_data_after_close=True,
            lenient_optional_lf_after_cr=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        self._transport: asyncio.Transport | None = None
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._waiter: asyncio.Future[None] | None = None
        self._error = ""
        self._paused = False
        self._asked = False
        self._forget()

    def _forget(self) -> None:
        self._fields: list[tuple[str, str]] = []
        self._head: HttpResponse | None = None
        self._chunks: deque[bytes | bytearray] = deque()
        self._buffered = 0
        self._between = 0
        self._ended = False
        self._keeps = False
        self._until_closed = False

    # What the user of a connection calls.

    def reusable(self) -> bool:
        """Tell whether the last response was read to its end and the connection takes another request."""
        return self._ended and self._keeps and not self._chunks and not self._error and not self._closed.done()

    async def request(self, head: bytes) -> HttpResponse:
        """Send a request, and give the response's status and headers.

        Raises:
            SourceFailed: The connection broke, or what came is no HTTP.
        """
        if self._transport is None or self._closed.done():
            raise SourceFailed("connection", "the connection was closed before an answer")
        self._forget()
        self._asked = True
        self._transport.write(head)
        while self._head is None:
            if self._error or self._ended:
                raise SourceFailed("connection", self._error or "the connection was closed before an answer")
            await self._wait()
        return self._head

    async def chunk(self) -> bytes:
        """Give the next bytes of the body, none at its end.

        Raises:
            SourceFailed: The connection broke before the body's end.
        """
        while not self._chunks:
            if self._ended:  # what is wrong with what follows is no matter of this body
                return b""
            if self._error:
                raise SourceFailed("connection", self._error)
            await self._wait()
        data = self._chunks.popleft()
        self._buffered -= len(data)
        if self._paused and self._buffered <= _RESUME_BYTES:
            self._paused = False
            if self._transport is not None and not self._transport.is_closing():
                self._transport.resume_reading()
        return data if isinstance(data, bytes) else bytes(data)

    async def close(self) -> None:
        """Close the connection at once, and wait until it is."""
        if self._transport is not None and not self._closed.done():
            self._transport.abort()
            await asyncio.wait([self._closed], timeout=0.5)

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        if not self._asked or self._error:
            self._break("the server spoke without being asked")
            return
        self._between += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._break("the answer is not HTTP/1.1, or its headers are too large")  # the text could quote a secret
            return
        if self._between > _HEADER_BYTES:
            self._break("headers, trailers or chunk sizes are too large")
            return
        if self._buffered > _PAUSE_BYTES and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        """End the body that has no other end; anything else that was under way is broken."""
        if self._asked and not self._ended:
            if error is None and self._head is not None and self._until_closed:
                self._ended = True
            elif not self._error:
                self._error = _said(error, self._head is not None)
        if not self._closed.done():
            self._closed.set_result(None)
        self._wake()

    def _break(self, why: str) -> None:
        self._error = self._error or why
        if self._transport is not None:
            self._transport.abort()
        self._wake()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Refuse a second response to one request."""
        if self._ended:
            raise ValueError("a response that nobody asked for")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; those behind a chunked body are dropped."""
        if self._head is not None:
            return
        self._fields.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Make the response known, unless it is an interim one (1xx)."""
        status = self._parser.get_status_code()
        headers = dict(self._fields)
        size = sum(len(name) + len(value) for name, value in self._fields)
        if size > _HEADER_BYTES:
            raise ValueError("headers are too large")
        if status < 200:
            self._fields = []
            return
        challenges = tuple(value for name, value in self._fields if name == "www-authenticate")
        self._head = HttpResponse(status, headers, challenges)
        self._keeps = self._parser.should_keep_alive()
        self._until_closed = "content-length" not in headers and (
            "chunked" not in headers.get("transfer-encoding", "").lower()
        )
        self._between = 0

    def on_body(self, data: bytes) -> None:
        """Keep a piece of the body."""
        self._between = 0
        self._buffered += len(data)
        if len(data) >= _SMALL_BYTES:
            self._chunks.append(data)
        elif self._chunks and isinstance(last := self._chunks[-1], bytearray) and len(last) < _PAUSE_BYTES:
            last += data
        else:
            self._chunks.append(bytearray(data))

    def on_message_complete(self) -> None:
        """Note the body's end."""
        if self._head is not None:
            self._ended, self._asked = True, False


def _said(error: Exception | None, answered: bool) -> str:
    if error is not None:
        return str(error) or type(error).__name__
    return "the connection was closed within the body" if answered else "the connection was closed before an answer"


async def connect(place: Destination, verify_tls: bool) -> HttpConnection:
    """Give a connection to a checked address, over TLS where the scheme is ``https``.

    Raises:
        OSError: There is none, or (``ssl.SSLError``) its certificate is not taken.
    """
    tls = _tls_context(verify_tls) if place.scheme == "https" else None
    _, connection = await asyncio.get_running_loop().create_connection(
        HttpConnection, place.address, place.port, ssl=tls, server_hostname=place.host if tls is not None else None
    )
    return connection


@cache
def _tls_context(verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
