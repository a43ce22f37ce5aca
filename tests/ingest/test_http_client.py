"""The client of HTTP cameras against a real server that answers as each test wants."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from schemas.cameras import Source, Token
from services.ingest import name_lookup
from services.ingest.http.client import HttpClient, HttpLimits
from services.ingest.network_policy import NetworkPolicy
from services.ingest.secret_store import Secret
from services.ingest.source_errors import SourceError, SourceFailed, SourceRefused
from tests.ingest.event_loop import run
from tests.ingest.test_network_policy import Names
from tests.ingest.web_server import Answer, Request, WebServer, web_server

pytestmark = pytest.mark.integration

LIMITS = HttpLimits(2.0, 2.0)
SECRET = Secret(user="admin", password="geheim")


@asynccontextmanager
async def client(
    url: str, kind: Any = "snapshot", secret: Secret | None = None, limits: HttpLimits = LIMITS, **entry: Any
) -> AsyncIterator[HttpClient]:
    made = HttpClient(Source(kind, url, **entry), NetworkPolicy(["http", "https"], ["loopback"]), secret, limits)
    try:
        yield made
    finally:
        await made.close()


async def fetched(made: HttpClient, url: str = "") -> bytes:
    await made.get(url=url)
    return await made.read_body(10_000_000)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "connections"),
    [
        (Answer(b"abcde"), 1),
        (Answer(raw=CHUNKED), 1),
        (Answer(raw=CHUNKED.replace(b"chunked", b"Chunked")), 1),
        (Answer(raw=b"HTTP/1.0 200 OK\r\n\r\nabcde", close=True), 3),
        (Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde\xff\xd9\r\n"), 3),
        (Answer(raw=b"HTTP/1.1 200 OK\nContent-Length: 5\n\nabcde"), 1),
        (Answer(b"abcde", headers={"Connection": "close"}), 3),
        (Answer(b"abcde", close=True), 3),
        (Answer(raw=b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde"), 1),
    ],
    ids=[
        "length",
        "chunked",
        "Chunked",
        "until closed",
        "more than its length",
        "bare line feeds",
        "says close",
        "ignores keep-alive",
        "interim answer",
    ],
)
def test_bodies_of_every_framing_are_read_and_connections_kept_where_they_can_be(
    answer: Answer, connections: int
) -> None:
    async def work() -> tuple[list[bytes], int]:
        async with web_server(lambda _: answer) as web, client(web.url("/x")) as made:
            return [await fetched(made) for _ in range(3)], web.connections

    assert run(work) == ([b"abcde"] * 3, connections)


@pytest.mark.parametrize(
    ("answer", "error_class"),
    [
        (Answer(raw=b"SSH-2.0-OpenSSH\r\n" * 3), "connection"),
        (Answer(raw=b"HTTP/1.1 200 OK\r\nA: " + b"a" * 300_000), "connection"),
        (Answer(raw=b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 50_000), "connection"),
        (Answer(raw=CHUNKED[:-9] + b"X: " + b"y" * 300_000), "connection"),
        (Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", close=True), "connection"),
        (Answer(raw=CHUNKED[:-12].replace(b"chunked", b"Chunked"), close=True), "connection"),
        (Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"), "connection"),
        (Answer(raw=b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"), "connection"),
        (Answer(bytes(10_000_001)), "too_large"),
        (Answer(b"", hold=60), "timeout"),
        (Answer(status=503, headers={"Retry-After": "7"}), "http_503"),
    ],
    ids=[
        "no http",
        "header",
        "headers",
        "trailer",
        "cut",
        "Chunked and cut",
        "length",
        "upgrade",
        "too large",
        "silence",
        "busy",
    ],
)
def test_what_is_no_good_answer_fails_within_limits(answer: Answer, error_class: str) -> None:
    async def work() -> None:
        limits = HttpLimits(0.5, 0.5)
        async with web_server(lambda _: answer) as web, client(web.url("/x"), limits=limits) as made:
            await fetched(made)

    with pytest.raises(SourceFailed) as caught:
        run(work)
    assert caught.value.error_class == error_class
    assert caught.value.retry_after_seconds == (7.0 if error_class == "http_503" else 0.0)


def test_a_wait_for_a_stream_may_be_cancelled_and_nothing_is_lost() -> None:
    numbers = b"".join(b"%06d\n" % number for number in range(300_000))

    async def work() -> bytes:
        body = bytearray()
        async with web_server(lambda _: Answer(numbers)) as web, client(web.url("/x")) as made:
            await made.get()
            while len(body) < len(numbers):
                try:
                    async with asyncio.timeout(0.0005):
                        while chunk := await made.read_chunk():
                            body += chunk
                except TimeoutError:
                    pass
        return bytes(body)

    assert run(work) == numbers


def test_a_stream_that_is_not_read_does_not_fill_memory() -> None:
    async def work() -> int:
        async with web_server(lambda _: Answer(bytes(100_000_000))) as web, client(web.url("/x")) as made:
            await made.get()
            before = -1
            while before != web.written:  # until the server can send no more
                before = web.written
                await asyncio.sleep(0.2)
            return web.written

    assert run(work) < 20_000_000  # what the two sockets' own buffers take


def test_the_address_that_is_connected_is_the_one_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(["127.0.0.1"])

    async def work() -> None:
        async with web_server(lambda _: Answer(b"x", close=True)) as web:
            monkeypatch.setattr(name_lookup, "look_up", names.look_up)
            async with client(web.url("/x", "cam.example")) as made:
                assert await fetched(made) == b"x"
                assert (names.asked, web.requests[0].headers["host"]) == (1, f"cam.example:{web.port}")
                names.addresses = ["169.254.169.254"]  # the name leads elsewhere now: it is judged anew
                await fetched(made)

    with pytest.raises(SourceRefused, match="address_not_allowed"):
        run(work)


def test_where_a_names_first_address_takes_no_connection_the_next_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_lookup, "look_up", Names(["127.0.0.2", "127.0.0.1"]).look_up)

    async def work() -> bytes:
        async with web_server(lambda _: Answer(b"x")) as web, client(web.url("/x", "cam.example")) as made:
            return await fetched(made)

    assert run(work) == b"x"


@pytest.mark.parametrize("kind", ["snapshot", "mjpeg", "hls"])
def test_a_redirect_is_followed_on_the_same_origin(kind: str) -> None:
    def answer(request: Request) -> Answer:
        return Answer(b"here") if request.path == "/there" else Answer(status=302, headers={"Location": "/there"})

    async def work() -> bytes:
        async with web_server(answer) as web, client(web.url("/x"), kind) as made:
            return await fetched(made)

    assert run(work) == b"here"


@pytest.mark.parametrize("kind", ["snapshot", "mjpeg", "hls"])
@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/latest", "http://[fe80::1]/", "http://10.0.0.1/", "file:///etc/passwd"]
)
def test_no_redirect_leads_to_a_forbidden_place(kind: str, location: str) -> None:
    async def work() -> None:
        answer = Answer(status=302, headers={"Location": location})
        async with web_server(lambda _: answer) as web, client(web.url("/x"), kind) as made:
            await fetched(made)

    with pytest.raises(SourceRefused, match=r"redirect|address_not_allowed|scheme_not_allowed"):
        run(work)


def test_a_server_of_the_internet_leads_to_no_private_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.ingest.network_policy.is_public", lambda address: str(address) == "127.0.0.1")
    asked: list[str] = []

    async def work() -> None:
        async with web_server(lambda _: Answer(b"x")) as web, client(web.url("/list"), "hls") as made:
            assert await fetched(made) == b"x"
            assert await fetched(made, web.url("/segment")) == b"x"
            asked.extend(request.path for request in web.requests)
            await fetched(made, web.url("/segment", "127.0.0.2"))

    with pytest.raises(SourceRefused, match="private network"):
        run(work)
    assert asked == ["/list", "/segment"]


def test_secrets_stay_at_the_own_origin_and_other_headers_go_along() -> None:
    def own(request: Request) -> Answer:
        if request.path == "/away":
            return Answer(status=302, headers={"Location": other.url("/moved")})
        if request.path == "/token":
            return Answer(b'{"data": [{"value": "s3cr3t-token"}]}')
        said = request.headers.get("authorization", "")
        wanted = {"WWW-Authenticate": 'Basic realm="x"'}
        return Answer(b"own") if said.startswith("Basic ") else Answer(status=401, headers=wanted)

    other: WebServer

    async def work() -> tuple[list[Request], list[Request]]:
        nonlocal other
        async with web_server(lambda _: Answer(b"other")) as other, web_server(own) as web:
            headers = {"Referer": "http://portal.example/", "X-Token": "{token}"}
            token = Token(web.url("/token"), "data.0.value")
            async with client(web.url("/list"), "hls", SECRET, headers=headers, token=token) as made:
                assert await fetched(made) == b"own"
                assert await fetched(made, other.url("/segment")) == b"other"
                assert await fetched(made, web.url("/away")) == b"other"
            return web.requests, other.requests

    to_own, to_other = run(work)
    assert [request.path for request in to_other] == ["/segment", "/moved"]
    for request in to_other:
        assert request.headers["referer"] == "http://portal.example/"
        assert "s3cr3t-token" not in str(request)
        assert not {"authorization", "x-token"} & set(request.headers)
    asked = [request for request in to_own if request.path == "/list"]
    assert [request.headers["x-token"] for request in asked] == ["s3cr3t-token"] * 2
    assert asked[-1].headers["referer"] == "http://portal.example/"


@pytest.mark.parametrize("verify", [True, False])
def test_a_self_signed_certificate_is_taken_only_where_the_entry_says_so(verify: bool, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=cam"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)

    async def work() -> bytes:
        answer = Answer(b"over TLS")
        async with web_server(lambda _: answer, tls) as web, client(web.url("/x"), verify_tls=verify) as made:
            return await fetched(made)

    if verify:
        with pytest.raises(SourceFailed, match="tls"):
            run(work)
    else:
        assert run(work) == b"over TLS"


@pytest.mark.parametrize("header", [{"X": "a\r\nY: b"}, {"Host": "x"}, {"a b": "c"}, {"X": "ü€"}])
def test_headers_that_would_break_a_request_are_refused(header: dict[str, str]) -> None:
    with pytest.raises(SourceRefused, match="bad_header"):
        HttpClient(Source("mjpeg", "http://x/", headers=header), NetworkPolicy(["http"], ["public"]), None, LIMITS)


def test_no_error_shows_what_a_server_made_of_our_secrets() -> None:
    answer = Answer(status=302, headers={"Location": "http://geheim.example/geheim?x=geheim"})

    async def work() -> None:
        async with web_server(lambda _: answer) as web, client(web.url("/x"), secret=SECRET) as made:
            await fetched(made)

    with pytest.raises(SourceError) as caught:
        run(work)
    assert "geheim" not in str(caught.value)
