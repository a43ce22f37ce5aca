"""What holds for every request, as plain ASGI: bounds, headers, counting. Streams pass through untouched."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.portal.settings import LimitSettings, PortalSettings
from services.runtime.metrics import Metrics

Headers = list[tuple[bytes, bytes]]

_CLIENTS = 50_000
"""Budgets of addresses that are remembered; who has not been heard of for longest is forgotten, and starts anew."""
_LIGHT = ("/frames/", "/live/", "/static/")
"""What is served from memory. A picture that is not there yet takes of the other budget too: ``frame_files.py``."""
_PARTS = frozenset(
    {"cameras", "frames"}  # not a topic: parts of URLs
    | {"live", "static", "counters", "floods", "parking", "data", "how", "privacy", "record", "recorded", "operations"}
)
"""First parts of paths that are counted by name: what is made up by a client must not become a label."""


def client_of(scope: Scope) -> str:
    """Give the address that a request came from; proxies that are trusted have been seen through already."""
    client = scope.get("client")
    return client[0] if client else ""


def network_of(client: str) -> str:
    """Give by what an address counts in every budget: one of IPv6 by its /64, of which one line has them all."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if not isinstance(address, IPv6Address):
        return client
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), 64), strict=False))


async def refuse(send: Send, status: int, *headers: tuple[bytes, bytes]) -> None:
    """Answer with a status and its name as text."""
    body = f"{status} {HTTPStatus(status).phrase}\n".encode()
    told = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})


class Budgets:
    """Two token buckets for each client: so many requests a second, so many at once.

    What costs next to nothing has a far larger one of its own: whole neighbourhoods share the few IPv4 addresses of
    their mobile carrier, and each of them who watches asks for a picture a second.

    Args:
        settings: The bounds.
        clock: Monotonic seconds.
    """

    def __init__(self, settings: LimitSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._bounds = {
            False: (settings.requests_per_second, float(settings.requests_at_once)),
            True: (settings.light_per_second, float(settings.light_at_once)),
        }
        self._clock = clock
        self._left: OrderedDict[tuple[str, bool], tuple[float, float]] = OrderedDict()

    def take(self, client: str, *, light: bool = False) -> bool:
        """Take one request of a client's budget; False where it is used up."""
        now = self._clock()
        rate, most = self._bounds[light]
        left, at = self._left.pop((client, light), (most, now))
        left = min(most, left + (now - at) * rate)
        allowed = left >= 1.0
        self._left[client, light] = (left - 1.0 if allowed else left, now)
        if len(self._left) > _CLIENTS:
            self._left.popitem(last=False)
        return allowed


class Bounds:
    """Refuse what is too much: requests of one client (429), long URLs (414), large bodies (413)."""

    def __init__(self, app: ASGIApp, settings: LimitSettings, budgets: Budgets) -> None:
        self._app = app
        self._settings = settings
        self._budgets = budgets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > self._settings.url_bytes:
            await refuse(send, 414)
        elif not self._budgets.take(network_of(client_of(scope)), light=scope["path"].startswith(_LIGHT)):
            await refuse(send, 429, (b"retry-after", b"2"))
        elif _declared_length(scope) > self._settings.body_bytes:
            await refuse(send, 413, (b"connection", b"close"))
        else:
            await self._app(scope, self._bounded(scope, receive), send)

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """A body without a length, in chunks, is cut off where it grows too large: the client is as good as gone."""
        if scope["method"] in ("GET", "HEAD"):
            return receive
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return message if taken <= self._settings.body_bytes else {"type": "http.disconnect"}

        return counted


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 1 << 62
    return 0


class Told:
    """Add the headers that keep a page to itself, and count what was answered."""

    def __init__(self, app: ASGIApp, settings: PortalSettings, metrics: Metrics) -> None:
        self._app = app
        self._headers = security_headers(settings)
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(h for h in self._headers if h[0] not in said)]
                self._count(scope["path"], message["status"])
            await send(message)

        await self._app(scope, receive, told)

    def _count(self, path: str, status: int) -> None:
        first = path[1:].partition("/")[0]
        part = first if first in _PARTS else "home" if not first else "other"
        self._metrics.count("tilik_portal_requests_total", part=part, status=str(status))


class HeadAsGet:
    """Answer HEAD as GET would be, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, without_body)


def security_headers(settings: PortalSettings) -> Headers:
    """Give the headers of every answer. Scripts and styles come from the portal's own files alone."""
    tiles = urlsplit(settings.tile_server)
    images = f"'self' {tiles.scheme}://{tiles.netloc}" if settings.tile_server else "'self'"
    policy = (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src {images}; font-src 'self'; "
        "connect-src 'self'; media-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    headers = [
        (b"content-security-policy", policy.replace("{", "").replace("}", "").encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]
    if settings.public_url.startswith("https://"):
        headers.append((b"strict-transport-security", b"max-age=31536000"))
    return headers
