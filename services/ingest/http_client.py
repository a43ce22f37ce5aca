"""HTTP for cameras: GET over one kept connection, to an address that was checked, with limits on everything.

Written on h11 and asyncio streams rather than on a general client, because a read that is cancelled must leave the
connection usable (a stream is waited for until a sample's deadline, again and again), and because the address that the
policy has checked must be the one that is connected to.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from urllib.parse import SplitResult, urljoin

import h11

from services.ingest.http_auth import Authorization
from services.ingest.network_policy import NetworkPolicy
from services.ingest.secret_store import Secret
from services.ingest.source_errors import SourceFailed, SourceRefused

_REFUSALS = frozenset({401, 403, 404, 410})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REQUESTS = 5
"""A GET with its digest challenge and a few redirects; more is a loop."""
_READ_BYTES = 65_536
_HEADER_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Time limits, in seconds: of connecting (with TLS), and of a response's headers."""

    connect_seconds: float
    response_seconds: float


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """Status and headers; names in lower case. ``challenges`` are the values of ``WWW-Authenticate``, in order."""

    status: int
    headers: dict[str, str]
    challenges: tuple[str, ...] = ()


class HttpClient:
    """A client of one source. Not for use by two tasks at once.

    Args:
        url: What is fetched.
        policy: Says where it may lie; asked at each connection, redirects included.
        secret: Who we are.
        limits: Time limits.

    Raises:
        SourceRefused: The URL is not allowed.
    """

    def __init__(self, url: str, policy: NetworkPolicy, secret: Secret | None, limits: HttpLimits) -> None:
        self._parts = policy.check_url(url)
        self._policy = policy
        self._limits = limits
        self._authorization = Authorization(secret)
        self._connection: _Connection | None = None

    async def get(self, headers: Iterable[tuple[str, str]] = ()) -> HttpResponse:
        """Ask, and give the response's status (200 or 304) and headers; its body follows by the methods below.

        Raises:
            SourceFailed: No connection, no answer in time, or an answer that is an error.
            SourceRefused: 401, 403, 404, 410, or a redirect to another host.
        """
        for _ in range(_MOST_REQUESTS):
            response = await self._exchange(list(headers))
            if response.status in (200, 304):
                return response
            await self.close()  # what an error says in its body is not worth reading
            if response.status == 401 and self._authorization.challenge(response.challenges):
                continue
            if response.status in _REDIRECTS:
                self._parts = self._redirected(response.headers.get("location", ""))
                continue
            error = SourceRefused if response.status in _REFUSALS else SourceFailed
            raise error(f"http_{response.status}", f"{self._parts.hostname} answered {response.status}")
        raise SourceFailed("redirect_loop", f"{self._parts.hostname} redirects or challenges without end")

    async def read_body(self, largest_bytes: int) -> bytes:
        """Give the whole body.

        Raises:
            SourceFailed: It is larger than ``largest_bytes``, is cut off, or does not come in time.
        """
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.response_seconds):
                while chunk := await self.read_chunk():
                    body += chunk
                    if len(body) > largest_bytes:
                        raise SourceFailed("too_large", f"the body has more than {largest_bytes} bytes")
        except TimeoutError as error:
            raise SourceFailed("timeout", "the body did not come in time") from error
        return bytes(body)

    async def read_chunk(self) -> bytes:
        """Give the next bytes of the body, none at its end. May be cancelled and called again.

        Raises:
            SourceFailed: The connection broke.
        """
        if self._connection is None:
            raise SourceFailed("closed", "the connection is closed")
        return await self._connection.chunk()

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()

    async def _exchange(self, headers: list[tuple[str, str]]) -> HttpResponse:
        reused = self._connection is not None and self._connection.reuse()
        if not reused:
            await self.close()
        try:
            return await self._request(headers)
        except SourceFailed as error:
            await self.close()
            if not reused or error.error_class != "connection":
                raise
        return await self._request(headers)  # a kept connection may have been closed by the other side meanwhile

    async def _request(self, headers: list[tuple[str, str]]) -> HttpResponse:
        if self._connection is None:
            self._connection = await self._connect()
        target = self._parts.path or "/"
        if self._parts.query:
            target += f"?{self._parts.query}"
        fields = [("Host", self._parts.netloc.rpartition("@")[2]), ("User-Agent", "tilik"), ("Accept", "*/*"), *headers]
        if (authorization := self._authorization.header(target)) is not None:
            fields.append(("Authorization", authorization))
        try:
            async with asyncio.timeout(self._limits.response_seconds):
                return await self._connection.request(target, fields)
        except TimeoutError as error:
            raise SourceFailed("timeout", f"{self._parts.hostname} did not answer in time") from error

    async def _connect(self) -> _Connection:
        try:
            async with asyncio.timeout(self._limits.connect_seconds):
                place = await self._policy.resolve(self._parts)
                tls = _tls_context() if place.scheme == "https" else None
                reader, writer = await asyncio.open_connection(
                    place.address, place.port, ssl=tls, server_hostname=place.host if tls else None, limit=_READ_BYTES
                )
        except TimeoutError as error:
            raise SourceFailed("timeout", f"{self._parts.hostname} did not take the connection in time") from error
        except ssl.SSLError as error:
            raise SourceFailed("tls", f"{self._parts.hostname}: {error}") from error
        except OSError as error:
            raise SourceFailed("connect", f"{self._parts.hostname}: {error}") from error
        return _Connection(reader, writer)

    def _redirected(self, location: str) -> SplitResult:
        # Another host, port or scheme could be anywhere, and would be given our credentials.
        parts = self._policy.check_url(urljoin(self._parts.geturl(), location))
        here, there = self._parts, parts
        if (here.scheme, here.hostname, here.port) != (there.scheme, there.hostname, there.port):
            raise SourceRefused("redirect", f"{here.hostname} redirects to another place, {parts.hostname}")
        return parts


class _Connection:
    """One TCP connection that speaks HTTP/1.1. Every error of h11 and sockets leaves it as SourceFailed."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEADER_BYTES)

    def reuse(self) -> bool:
        """Make ready for the next request; tell whether that can be."""
        if self._reader.at_eof() or self._protocol.our_state is not h11.DONE:
            return False
        if self._protocol.their_state is not h11.DONE:
            return False
        self._protocol.start_next_cycle()
        return True

    async def request(self, target: str, headers: list[tuple[str, str]]) -> HttpResponse:
        try:
            request = h11.Request(method="GET", target=target, headers=headers)
            data = (self._protocol.send(request) or b"") + (self._protocol.send(h11.EndOfMessage()) or b"")
            self._writer.write(data)
            await self._writer.drain()
        except h11.LocalProtocolError:
            # The library's text would quote the header, and with it the secret.
            raise SourceRefused("bad_url", "the URL or the secret holds characters that HTTP forbids") from None
        except OSError as error:
            raise SourceFailed("connection", str(error)) from error
        while True:
            event = await self._event()
            if isinstance(event, h11.Response):
                fields = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
                challenges = (value.decode("latin-1") for name, value in event.headers if name == b"www-authenticate")
                return HttpResponse(event.status_code, fields, tuple(challenges))
            if not isinstance(event, h11.InformationalResponse):
                raise SourceFailed("connection", "the connection was closed before an answer")

    async def chunk(self) -> bytes:
        while True:
            event = await self._event()
            if not isinstance(event, h11.Data):
                return b""
            if event.data:
                return bytes(event.data)

    async def _event(self) -> object:
        try:
            while (event := self._protocol.next_event()) is h11.NEED_DATA:
                self._protocol.receive_data(await self._reader.read(_READ_BYTES))
        except (h11.RemoteProtocolError, OSError) as error:
            raise SourceFailed("connection", str(error)) from error
        return event

    async def close(self) -> None:
        self._writer.transport.abort()
        with contextlib.suppress(OSError, ssl.SSLError):
            await self._writer.wait_closed()


@cache
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()
