"""The portal as one ASGI application.

::

    request ─► counted, headers ─► bounds ─┬─► /frames/…  pictures
                                           ├─► /live/…    streams
                                           ├─► /static/…  files
                                           ├─► /recorded/….mp4  recorded minutes
                                           └─► gzip ─► pages, operations, lists (FastAPI)
"""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from services.portal import assets
from services.portal.context import Portal
from services.portal.delivery import addresses, minute_files, streams
from services.portal.delivery.frame_files import FrameFiles
from services.portal.delivery.minute_files import MinuteFiles
from services.portal.delivery.routes import RecentFrames, delivery_routes
from services.portal.delivery.streams import Streams
from services.portal.errors import add_error_pages
from services.portal.operations.routes import router as operations
from services.portal.pages.routes import router as public_pages
from services.portal.requests import Bounds, Budgets, HeadAsGet, Told

_WORTH_COMPRESSING_BYTES = 1000
_COMPRESSION = 5


def build_app(portal: Portal) -> ASGIApp:
    """Give the application that serves a portal."""
    pages = FastAPI(title="Tilik", docs_url=None, redoc_url=None, openapi_url=None)
    add_error_pages(pages)
    lists = RecentFrames(portal.shown)
    portal.closing.callback(lists.close)
    pages.include_router(delivery_routes(portal.cameras, portal.access, lists, portal.recorded))
    pages.include_router(public_pages(portal))
    pages.include_router(operations(portal))
    compressed = GZipMiddleware(HeadAsGet(pages), _WORTH_COMPRESSING_BYTES, _COMPRESSION)
    limits = portal.settings.limits
    budgets = Budgets(limits)
    frames = FrameFiles(portal.cameras, portal.access, portal.shown, portal.pictures, portal.metrics, budgets)
    by_prefix: dict[str, ASGIApp] = {
        addresses.PREFIX: frames,
        streams.PREFIX: Streams(portal.cameras, portal.access, portal.live, portal.metrics),
        assets.PREFIX: portal.assets,
    }
    routed = _Routed(by_prefix, MinuteFiles(portal.cameras, portal.access, portal.recorded), compressed)
    return Told(Bounds(routed, limits, budgets), portal.settings, portal.metrics)


class _Routed:
    """Hand a request to the application whose prefix its path has; what a crowd asks for passes no other layer."""

    def __init__(self, by_prefix: dict[str, ASGIApp], films: ASGIApp, otherwise: ASGIApp) -> None:
        self._by_prefix = by_prefix
        self._films = films
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app_for(scope)(scope, receive, send)

    def _app_for(self, scope: Scope) -> ASGIApp:
        if scope["type"] != "http":
            return self._otherwise
        path: str = scope["path"]
        if path.startswith(minute_files.PREFIX) and path.endswith(minute_files.SUFFIX):
            return self._films
        return self._by_prefix.get(f"/{path[1:].partition('/')[0]}/", self._otherwise)
