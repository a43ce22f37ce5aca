"""The preview's HTTP interface: the page, the dashboards' files, and what their panels ask. It answers GET alone.

    /d/UID                            the page
    /page/FILE, /library/FILE         what the page is made of
    /api/dashboards                   what there is
    /api/dashboards/UID               a file as it is
    /api/dashboards/UID/panels/ID     what a panel's questions give; ?from=MS&to=MS&width=PX&var-NAME=VALUE
    /api/dashboards/UID/variables/NAME   the values to choose from

Only what stands in the files is asked: an address chooses values, and these reach SQL as quoted text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from markdown_it import MarkdownIt
from msgspec import Struct
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.cli.dashboards.preview.asking import Asking, Result, View, read_view
from services.cli.dashboards.preview.documents import Dashboard, Documents, Panel
from services.runtime.errors import ConfigurationError, RetryableError

_PAGE: Final = Path(__file__).with_name("page")
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""The page loads nothing from elsewhere, and text out of the database can't become a script."""


class Listed(Struct, frozen=True):
    """A dashboard in the list. ``pair`` is the uid of the same one in the other language."""

    uid: str
    title: str
    description: str
    language: str
    pair: str


class PanelAnswer(Struct, frozen=True, omit_defaults=True):
    """What a panel shows. ``html`` is that of a text panel, of Markdown in which HTML stays text."""

    results: list[Result]
    html: str = ""


class PreviewApp:
    """The application.

    Args:
        documents: The dashboards.
        asking: Where their questions are asked.
        library: The folder of the chart library.
    """

    def __init__(self, documents: Documents, asking: Asking, library: Path) -> None:
        self._documents = documents
        self._asking = asking
        self._markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
        routes = [
            Route("/", self._first),
            Route("/d/{uid}", self._page),
            Route("/api/dashboards", self._list),
            Route("/api/dashboards/{uid}", self._document),
            Route("/api/dashboards/{uid}/panels/{panel:int}", self._panel),
            Route("/api/dashboards/{uid}/variables/{name}", self._values),
            Mount("/page", StaticFiles(directory=_PAGE)),
            Mount("/library", StaticFiles(directory=library)),
        ]
        names = ["127.0.0.1", "localhost", "[::1]"]
        middleware = [Middleware(TrustedHostMiddleware, allowed_hosts=names), Middleware(_Headers)]
        errors = {ConfigurationError: _refused, RetryableError: _refused, ValueError: _refused}
        self.asgi = Starlette(routes=routes, middleware=middleware, exception_handlers=errors)

    def _first(self, request: Request) -> Response:
        dashboards = self._documents.all()
        first = next((one for one in dashboards if one.uid == "tilik-city-now"), dashboards[0])
        return RedirectResponse(f"/d/{first.uid}")

    def _page(self, request: Request) -> Response:
        return FileResponse(_PAGE / "index.html")

    def _list(self, request: Request) -> Response:
        dashboards = self._documents.all()
        uids = {one.uid for one in dashboards}
        listed = []
        for one in dashboards:
            pair = one.uid.removesuffix("-id") if one.language == "id" else f"{one.uid}-id"
            listed.append(Listed(one.uid, one.title, one.description, one.language, pair if pair in uids else ""))
        return _json(listed)

    def _document(self, request: Request) -> Response:
        found = self._documents.one(request.path_params["uid"])
        if found is None:
            raise HTTPException(404, "there is no such dashboard")
        return Response(found[1], media_type="application/json")

    def _panel(self, request: Request) -> Response:
        dashboard, view = self._dashboard(request), _view(request)
        panel = next((one for one in dashboard.all_panels() if one.id == request.path_params["panel"]), None)
        if panel is None:
            raise HTTPException(404, "there is no such panel")
        return _json(PanelAnswer(self._asking.panel(panel, dashboard, view), self._html(panel, dashboard)))

    def _values(self, request: Request) -> Response:
        dashboard = self._dashboard(request)
        variable = dashboard.variable(request.path_params["name"])
        if variable is None or variable.type != "query":
            raise HTTPException(404, "there is no such variable to choose")
        return _json(self._asking.values(variable, dashboard, _view(request)))

    def _dashboard(self, request: Request) -> Dashboard:
        found = self._documents.one(request.path_params["uid"])
        if found is None:
            raise HTTPException(404, "there is no such dashboard")
        return found[0]

    def _html(self, panel: Panel, dashboard: Dashboard) -> str:
        if panel.type != "text":
            return ""
        content = panel.options.content
        for variable in dashboard.templating.list:
            if variable.type == "constant":
                content = content.replace(f"${{{variable.name}}}", variable.sql)
        return str(self._markdown.render(content))


class _Headers:
    """Adds the headers that every answer has."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = {"content-security-policy": _POLICY, "x-content-type-options": "nosniff"}
                told |= {"referrer-policy": "no-referrer", "cache-control": "no-cache"}
                message["headers"] = [*message["headers"], *((k.encode(), v.encode()) for k, v in told.items())]
            await send(message)

        await self._app(scope, receive, with_headers)


def _view(request: Request) -> View:
    return read_view(request.query_params.multi_items())


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


def _refused(request: Request, error: Exception) -> Response:
    status = 503 if isinstance(error, RetryableError) else 400 if isinstance(error, ValueError) else 500
    return Response(msgspec.json.encode({"error": str(error)[:500]}), status, media_type="application/json")
