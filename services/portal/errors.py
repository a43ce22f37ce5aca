"""What a client is told where there is no answer: a short page for people, JSON for programs; never a traceback."""

from __future__ import annotations

import html
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response

from services.runtime.errors import RetryableError
from services.runtime.logging import get_logger

log = get_logger(__name__)

_TEXTS = {
    400: ("Permintaan tidak dapat dipahami.", "The request can't be understood."),
    401: ("Silakan masuk terlebih dahulu.", "Please sign in first."),
    403: ("Anda tidak berhak melihat ini.", "You may not see this."),
    404: ("Halaman ini tidak ada.", "There is no such page."),
    410: ("Ini sudah tidak tersedia.", "This is no longer there."),
    429: ("Terlalu banyak permintaan; coba sebentar lagi.", "Too many requests; try again in a moment."),
    500: ("Ada kesalahan di pihak kami.", "Something went wrong on our side."),
    503: ("Sedang tidak tersedia; coba sebentar lagi.", "Not available just now; try again in a moment."),
}


def add_error_pages(app: FastAPI) -> None:
    """Let an application answer every error in this form."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(RetryableError, _away)
    app.add_exception_handler(Exception, _unexpected)


def error_answer(request: Request, status: int, detail: str = "", headers: dict[str, str] | None = None) -> Response:
    """Give the answer for a status, in the form that the client asked for."""
    headers = {"cache-control": "no-store", **(headers or {})}
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse({"status": status, "error": detail or HTTPStatus(status).phrase}, status, headers)
    indonesian, english = _TEXTS.get(status, (HTTPStatus(status).phrase, ""))
    page = (
        f'<!doctype html><html lang="id"><meta charset="utf-8"><title>{status}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<main><h1>{status}</h1><p>{html.escape(indonesian)}</p><p lang="en">{html.escape(english)}</p>'
        '<p><a href="/">Beranda</a></p></main></html>'
    )
    return HTMLResponse(page, status, headers)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return error_answer(request, error.status_code, str(error.detail), dict(error.headers or {}))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    places = ", ".join(".".join(str(part) for part in fault["loc"]) for fault in error.errors()[:5])
    return error_answer(request, 400, f"not allowed: {places}")


async def _away(request: Request, error: Exception) -> Response:
    log.warning("portal.away", path=request.url.path, error=str(error))
    return error_answer(request, 503, headers={"retry-after": "5"})


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("portal.failed", path=request.url.path, error=repr(error))
    return error_answer(request, 500)
