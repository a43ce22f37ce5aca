from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from schemas.cameras import Source, Token
from services.ingest.http.client import HttpClient, HttpLimits
from services.ingest.http.token import TokenKeeper, token_in
from services.ingest.network_policy import NetworkPolicy
from services.ingest.source_errors import SourceError, SourceFailed, SourceRefused
from tests.ingest.web_server import Answer, Request, web_server


@pytest.mark.parametrize(
    ("answer", "field", "token"),
    [
        (b"abc.def\n", "", "abc.def"),
        (b'{"token": "abc"}', "token", "abc"),
        (b'{"data": {"list": [{"t": 17}]}}', "data.list.0.t", "17"),
    ],
)
def test_a_token_is_found_where_the_entry_says(answer: bytes, field: str, token: str) -> None:
    assert token_in(answer, field) == token


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        (b"", ""),
        (b"a geheim", ""),
        (b"geheim\r\nX: y", ""),
        (b"\xff\xfe", ""),
        (b"g" * 5000, ""),
        (b"geheim", "token"),
        (b'{"token": "geheim"}', "data"),
        (b'{"token": ["geheim"]}', "token"),
        (b'{"token": ["geheim"]}', "token.9"),
        (b'{"token": true}', "token"),
        (b"[" * 60_000, "token"),
    ],
)
def test_an_answer_without_one_is_an_error_that_does_not_quote_it(answer: bytes, field: str) -> None:
    with pytest.raises(SourceFailed, match="token") as caught:
        token_in(answer, field)
    assert "geheim" not in str(caught.value)


def test_a_token_is_kept_until_it_is_due_or_refused() -> None:
    now, fetches = [0.0], [0]

    async def fetch(url: str) -> bytes:
        fetches[0] += 1
        return b"t%d" % fetches[0]

    async def work() -> list[str]:
        keeper = TokenKeeper(Token("http://x/", refresh_seconds=10), lambda: now[0])
        values = []
        for now[0] in (0.0, 9.0, 10.0, 11.0):
            values.append(await keeper.value(fetch))
        keeper.forget()
        return [*values, await keeper.value(fetch)]

    assert asyncio.run(work()) == ["t1", "t1", "t2", "t2", "t3"]


def run_against(answer: Callable[[Request], Answer], times: int, **entry: Any) -> list[Request]:
    """Fetch the source's own URL ``/pictures/{token}`` so many times; the token lies at ``/token``."""

    async def work() -> list[Request]:
        async with web_server(answer) as web:
            url = entry.pop("token_url", "") or web.url("/token")
            source = Source("snapshot", web.url("/pictures/{token}"), token=Token(url), **entry)
            client = HttpClient(source, NetworkPolicy(["http"], ["loopback"]), None, HttpLimits(2.0, 2.0))
            try:
                for _ in range(times):
                    await client.get()
                    await client.read_body(1000)
            finally:
                await client.close()
            return web.requests

    return asyncio.run(asyncio.wait_for(work(), 20))


@pytest.mark.integration
@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_expires_is_fetched_anew_once(status: int) -> None:
    given: list[str] = []

    def answer(request: Request) -> Answer:
        if request.path == "/token":
            given.append(f"t{len(given)}")
            return Answer(given[-1].encode())
        good = request.path == f"/pictures/{given[-1]}" and len(given) != 1
        return Answer(b"x") if good else Answer(status=status)

    paths = [request.path for request in run_against(answer, times=2)]
    assert paths == ["/token", "/pictures/t0", "/token", "/pictures/t1", "/pictures/t1"]


@pytest.mark.integration
def test_a_source_that_refuses_every_token_is_refused_and_no_error_shows_it() -> None:
    requests: list[Request] = []

    def answer(request: Request) -> Answer:
        requests.append(request)
        return Answer(b"geheim") if request.path == "/token" else Answer(status=403)

    with pytest.raises(SourceRefused, match="http_403") as caught:
        run_against(answer, times=1)
    assert len(requests) == 4
    assert "geheim" not in str(caught.value)


@pytest.mark.integration
@pytest.mark.parametrize("url", ["http://169.254.169.254/latest", "http://10.0.0.1/", "file:///etc/passwd"])
def test_a_token_from_a_forbidden_place_is_refused(url: str) -> None:
    with pytest.raises(SourceError, match=r"address_not_allowed|scheme_not_allowed"):
        run_against(lambda _: Answer(b"x"), times=1, token_url=url)


@pytest.mark.integration
def test_a_token_that_lies_elsewhere_by_redirect_is_refused() -> None:
    def answer(request: Request) -> Answer:
        return Answer(status=302, headers={"Location": "http://127.0.0.2:1/token"})

    with pytest.raises(SourceRefused, match="redirect"):
        run_against(answer, times=1)
