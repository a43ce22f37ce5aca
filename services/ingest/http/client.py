"""HTTP for cameras: GET over kept connections, to addresses that were checked, with limits on everything.

Not a general client, because a read that is cancelled must leave the connection usable (a stream is waited for until a
sample's deadline, again and again), and because the address that the policy has checked must be the one that is
connected to.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from urllib.parse import SplitResult, urljoin

from schemas.cameras import Source as SourceEntry
from services.ingest.connecting import connect_in_turn
from services.ingest.http.authorization import Authorization
from services.ingest.http.connection import HttpConnection, HttpResponse, connect
from services.ingest.http.request import Origin, check_headers, origin_of, request_head
from services.ingest.http.token import LARGEST_ANSWER_BYTES, PLACE, TokenKeeper
from services.ingest.network_policy import Destination, NetworkPolicy
from services.ingest.secret_store import Secret
from services.ingest.source_errors import SourceFailed, SourceRefused

__all__ = ["HttpClient", "HttpLimits", "HttpResponse"]

_GOOD = frozenset({200, 206, 304})
_REFUSALS = frozenset({401, 403, 404, 410})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REQUESTS = 5
"""A GET with its digest challenge and a few redirects; more is a loop."""
_MOST_CONNECTIONS = 4
"""A source's own host, its token's, and two of a content network."""
_HAS_OTHER_HOSTS = frozenset({"hls"})


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Time limits, in seconds: of connecting (with TLS), and of a response's headers."""

    connect_seconds: float
    response_seconds: float


class HttpClient:
    """A client of one source. Not for use by two tasks at once.

    The secret, and headers that hold the token, go to the origin (scheme, host, port) of the source's own URL alone;
    the entry's other headers go along everywhere.

    Args:
        entry: What is fetched, with which headers and token, and whether certificates count.
        policy: Says where it may lie; asked at each connection, redirects included.
        secret: Who we are.
        limits: Time limits.

    Raises:
        SourceRefused: The URL or a header is not allowed.
    """

    def __init__(self, entry: SourceEntry, policy: NetworkPolicy, secret: Secret | None, limits: HttpLimits) -> None:
        policy = policy.speaking("http", "https")
        own = policy.check_url(entry.url)
        if PLACE in own.netloc:
            raise SourceRefused("bad_url", "a token can't be part of the host")
        check_headers(entry.headers)
        self._entry = entry
        self._own = origin_of(own)
        self._policy = policy
        self._limits = limits
        self._secret = secret
        self._authorization = Authorization(secret)
        self._token = TokenKeeper(entry.token) if entry.token is not None else None
        self._moved = ("", own)
        self._at = own
        self._own_is_public = False
        self._connections: dict[Origin, HttpConnection] = {}
        self._current: HttpConnection | None = None

    @property
    def token_due(self) -> bool:
        """Tell whether the source has a token that the next request fetches anew."""
        return self._token is not None and self._token.due

    def forget_token(self) -> bool:
        """Have the token fetched anew by the next request; tell whether there is one."""
        if self._token is not None:
            self._token.forget()
        return self._token is not None

    async def get(self, headers: Iterable[tuple[str, str]] = (), url: str = "") -> HttpResponse:
        """Ask, and give the response's status (200, 206 or 304) and headers; its body follows by the methods below.

        Args:
            headers: Of this request.
            url: What to ask for; empty: the source's own URL, whose token is fetched anew once where it is refused.

        Raises:
            SourceFailed: No connection, no answer in time, or an answer that is an error.
            SourceRefused: 401, 403, 404, 410, a forbidden place, or a redirect to another host of a source whose
                pictures lie at one.
        """
        asked = list(headers)
        response = await self._asked_once(asked, url)
        if response.status in (401, 403) and not url and self.forget_token():
            response = await self._asked_once(asked, url)
        return self._accepted(response)

    @property
    def answered_url(self) -> str:
        """Give where the last answer came from, behind all redirects: what URLs in it are relative to."""
        return self._at.geturl()

    async def read_body(self, largest_bytes: int, seconds: float = 0.0) -> bytes:
        """Give the whole body.

        Args:
            largest_bytes: What it may have.
            seconds: How long it may take; 0: as long as a response's headers.

        Raises:
            SourceFailed: It is larger than ``largest_bytes``, is cut off, or does not come in time.
        """
        pieces: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(seconds or self._limits.response_seconds):
                while chunk := await self.read_chunk():
                    pieces.append(chunk)
                    size += len(chunk)
                    if size > largest_bytes:
                        raise SourceFailed("too_large", f"the body has more than {largest_bytes} bytes")
        except TimeoutError as error:
            raise SourceFailed("timeout", "the body did not come in time") from error
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def read_chunk(self) -> bytes:
        """Give the next bytes of the body, none at its end. May be cancelled and called again.

        Raises:
            SourceFailed: The connection broke.
        """
        if self._current is None:
            raise SourceFailed("closed", "the connection is closed")
        return await self._current.chunk()

    async def close(self) -> None:
        """Close all connections."""
        connections, self._connections, self._current = list(self._connections.values()), {}, None
        # Shielded: a gather that is cancelled before its tasks begin closes nothing, and nobody else knows of them.
        await asyncio.shield(asyncio.gather(*(connection.close() for connection in connections)))

    async def _asked_once(self, headers: list[tuple[str, str]], url: str) -> HttpResponse:
        token = await self._token.value(self._fetch_token) if self._token is not None else ""
        if url:
            elsewhere = self._entry.kind in _HAS_OTHER_HOSTS
            return await self._followed(self._policy.check_url(url), headers, token, elsewhere)
        own = self._entry.url.replace(PLACE, token)
        moved_from, place = self._moved
        if moved_from != own:
            place = self._policy.check_url(own)
        response = await self._followed(place, headers, token, self._entry.kind in _HAS_OTHER_HOSTS)
        if self._entry.kind not in _HAS_OTHER_HOSTS:
            self._moved = (own, self._at)
        return response

    async def _fetch_token(self, url: str) -> bytes:
        response = await self._followed(self._policy.check_url(url), [], "", False)
        self._accepted(response)
        return await self.read_body(LARGEST_ANSWER_BYTES)

    async def _followed(
        self, parts: SplitResult, headers: list[tuple[str, str]], token: str, elsewhere: bool
    ) -> HttpResponse:
        """Give the first answer that is no redirect and no challenge that we can meet."""
        for _ in range(_MOST_REQUESTS):
            self._at, origin = parts, origin_of(parts)
            response = await self._exchange(parts, origin, self._headers(headers, token, origin == self._own))
            if response.status in _GOOD:
                return response
            await self._drop(origin)  # what an error says in its body is not worth reading
            if response.status == 401 and origin == self._own and self._authorization.challenge(response.challenges):
                continue
            if response.status not in _REDIRECTS:
                return response
            parts = self._redirected(parts, response.headers.get("location", ""), elsewhere)
        raise SourceFailed("redirect_loop", f"{self._said(parts)} redirects or challenges without end")

    def _accepted(self, response: HttpResponse) -> HttpResponse:
        if response.status in _GOOD:
            return response
        text = f"{self._said(self._at)} answered {response.status}"
        if response.status in _REFUSALS:
            raise SourceRefused(f"http_{response.status}", text)
        raise SourceFailed(f"http_{response.status}", text, retry_after_seconds=response.retry_after_seconds)

    async def _exchange(self, parts: SplitResult, origin: Origin, headers: list[tuple[str, str]]) -> HttpResponse:
        authorization = self._authorization if origin == self._own else None
        kept = self._connections.get(origin)
        if kept is not None and kept.reusable():
            try:
                return await self._request(kept, parts, request_head(parts, headers, authorization))
            except SourceFailed as error:
                if error.error_class != "connection":
                    raise
                # A kept connection may have been closed by the other side meanwhile.
        await self._drop(origin)
        connection = await self._connect(parts)
        while len(self._connections) >= _MOST_CONNECTIONS:
            await self._drop(next(iter(self._connections)))
        self._connections[origin] = connection
        return await self._request(connection, parts, request_head(parts, headers, authorization))

    async def _request(self, connection: HttpConnection, parts: SplitResult, head: bytes) -> HttpResponse:
        self._current = connection
        try:
            async with asyncio.timeout(self._limits.response_seconds):
                return await connection.request(head)
        except TimeoutError as error:
            raise SourceFailed("timeout", f"{self._said(parts)} did not answer in time") from error

    def _headers(self, headers: list[tuple[str, str]], token: str, ours: bool) -> list[tuple[str, str]]:
        always = [(name, value) for name, value in self._entry.headers.items() if PLACE not in value]
        if ours and token:
            tokens = [(name, value) for name, value in self._entry.headers.items() if PLACE in value]
            always += [(name, value.replace(PLACE, token)) for name, value in tokens]
        return always + headers

    async def _drop(self, origin: Origin) -> None:
        connection = self._connections.pop(origin, None)
        if connection is not None:
            if connection is self._current:
                self._current = None
            await connection.close()

    async def _connect(self, parts: SplitResult) -> HttpConnection:
        said = self._said(parts)
        try:
            until = asyncio.get_running_loop().time() + self._limits.connect_seconds
            async with asyncio.timeout_at(until):
                places = await self._policy.resolve(parts)
                return await connect_in_turn(places, partial(self._connect_to, origin_of(parts) == self._own), until)
        except TimeoutError as error:
            raise SourceFailed("timeout", f"{said} did not take the connection in time") from error
        except ssl.SSLError as error:
            raise SourceFailed("tls", f"{said}: {error}") from error
        except OSError as error:
            raise SourceFailed("connect", f"{said}: {error}") from error

    async def _connect_to(self, ours: bool, place: Destination) -> HttpConnection:
        """Connect, but let no server of the internet lead into our own networks, though cameras may be there."""
        if ours:
            self._own_is_public = place.is_public
        elif self._own_is_public and not place.is_public:
            said = self._without_secrets(place.host)
            raise SourceRefused("address_not_allowed", f"{said} is in a private network, and the camera is in none")
        return await connect(place, self._entry.verify_tls)

    def _redirected(self, here: SplitResult, location: str, elsewhere: bool) -> SplitResult:
        # Another host, port or scheme could be anywhere; where it is allowed, the policy decides, and no secret goes.
        try:
            target = urljoin(here.geturl(), location)
        except ValueError:  # as of "http://[::1"
            raise SourceFailed("redirect", f"{self._said(here)} redirects to what is no URL") from None
        parts = self._policy.check_url(target)
        if not elsewhere and origin_of(parts) != origin_of(here):
            raise SourceRefused("redirect", f"{self._said(here)} redirects to another place, {self._said(parts)}")
        return parts

    def _said(self, parts: SplitResult) -> str:
        return self._without_secrets(parts.hostname or "")

    def _without_secrets(self, text: str) -> str:
        """Give a host for an error. A server may have put our secrets into it by a redirect: they are taken out."""
        secret = self._secret or Secret()
        for value in (secret.password, secret.token, self._token.known if self._token is not None else ""):
            if len(value) >= 4:
                text = re.sub(re.escape(value), "***", text, flags=re.IGNORECASE)
        return text
