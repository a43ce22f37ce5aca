"""What a client is told where there is no answer: short, in the form that it asked for, and nothing of the inside."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI, HTTPException

from services.portal.errors import add_error_pages
from services.runtime.errors import RetryableError


def make_app() -> FastAPI:
    app = FastAPI(openapi_url=None)
    add_error_pages(app)

    @app.get("/refused")
    async def refused() -> None:
        raise HTTPException(403, "<script>alert(1)</script>", headers={"x-why": "role"})

    @app.get("/away")
    async def away() -> None:
        raise RetryableError("ClickHouse at 10.0.0.7: password refused")

    @app.get("/broken")
    async def broken() -> None:
        raise ValueError("a secret in a traceback")

    @app.get("/number/{number}")
    async def number(number: int) -> int:
        return number

    return app


def asked(path: str, accept: str = "*/*") -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(make_app(), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
            return await client.get(path, headers={"accept": accept})

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("path", "status"), [("/refused", 403), ("/away", 503), ("/broken", 500), ("/none", 404), ("/number/one", 400)]
)
def test_people_get_a_page_and_programs_get_json(path: str, status: int) -> None:
    page, data = asked(path, "text/html,*/*"), asked(path, "application/json")
    assert (page.status_code, data.status_code) == (status, status)
    assert page.headers["content-type"].startswith("text/html")
    assert data.json()["status"] == status
    assert page.headers["cache-control"] == data.headers["cache-control"] == "no-store"


def test_nothing_of_the_inside_is_told() -> None:
    for accept in ("text/html", "application/json"):
        for path in ("/away", "/broken"):
            text = asked(path, accept).text
            assert not any(word in text for word in ("ClickHouse", "password", "secret", "Traceback")), text


def test_what_is_said_is_no_markup() -> None:
    assert "<script>" not in asked("/refused", "text/html").text
    assert asked("/refused").headers["x-why"] == "role"


def test_who_comes_too_early_is_told_when_to_come_back() -> None:
    assert asked("/away").headers["retry-after"] == "5"
