"""What a camera may answer over HTTP: nothing but the contract's errors comes of it, and nothing grows without end."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from schemas.cameras import Source, Token
from services.ingest.http.authorization import Authorization
from services.ingest.http.client import HttpClient, HttpLimits
from services.ingest.http.connection import HttpConnection
from services.ingest.http.multipart import MultipartError, MultipartParser, boundary_of
from services.ingest.http.request import request_head
from services.ingest.http.token import token_in
from services.ingest.network_policy import NetworkPolicy
from services.ingest.secret_store import Secret, SecretStore
from services.ingest.source_errors import SourceError, SourceFailed
from tests.fuzz.mutations import bounded, mutated, pieces
from tests.ingest.builders import make_jpeg

pytestmark = pytest.mark.integration  # of seconds, not of servers

RESPONSES = (
    b'HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 5\r\nETag: "1"\r\n\r\nhello',
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n--frame\r\n\r\nx",
    b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="c", nonce="n", qop="auth"\r\n'
    b'WWW-Authenticate: Basic realm="c"\r\nContent-Length: 0\r\n\r\n',
    b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:80/x\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
    b"HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nConnection: close\r\n\r\nbusy",
)
WORDS = (b"HTTP/1.1 ", b"Content-Length: ", b"Transfer-Encoding: chunked\r\n", b"\r\n\r\n", b"Upgrade: websocket\r\n",
         b"Location: ", b"http://[::1", b"//169.254.169.254/", b"WWW-Authenticate: Digest ", b"0\r\n\r\n")  # fmt: skip
MOST_BUFFERED = 262_144 + 65_536


class FakeTransport(asyncio.Transport):
    """Takes what is written and knows whether it is read from; no socket."""

    def __init__(self, protocol: HttpConnection) -> None:
        super().__init__()
        self.protocol = protocol
        self.paused = self.aborted = False

    def write(self, data: Any) -> None:
        pass

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        if not self.aborted:
            self.aborted = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)


async def converse(arriving: list[bytes], reset: bool) -> tuple[int, bytes]:
    connection = HttpConnection()
    transport = FakeTransport(connection)
    connection.connection_made(transport)
    asking = asyncio.ensure_future(connection.request(b"GET / HTTP/1.1\r\n\r\n"))
    await asyncio.sleep(0)
    for data in arriving:
        if not transport.aborted:
            connection.data_received(data)  # an error that leaves here would be logged by asyncio, and the camera hang
            await asyncio.sleep(0)
    if not transport.aborted:
        transport.aborted = True
        connection.connection_lost(ConnectionResetError() if reset else None)
    try:
        response = await asking
        body = bytearray()
        while chunk := await connection.chunk():
            body += chunk
    finally:
        await connection.close()
    return response.status, bytes(body)


@given(pieces(mutated(RESPONSES, WORDS)), st.booleans())
@bounded(1500)
def test_any_answer_is_a_response_or_a_failed_source(arriving: list[bytes], reset: bool) -> None:
    try:
        status, body = asyncio.run(asyncio.wait_for(converse(arriving, reset), 5))
    except SourceFailed:
        return
    assert 200 <= status <= 999
    assert len(body) <= sum(map(len, arriving))


PARTS = tuple(
    b"--frame\r\nContent-Type: image/jpeg\r\n" + length + b"\r\n" + body + b"\r\n--frame\r\n\r\nsecond\r\n--frame--"
    for body in (make_jpeg(1, 16, 16), b"x" * 300)
    for length in (b"", b"Content-Length: %d\r\n" % len(body))
)


@given(pieces(mutated(PARTS, (b"--frame", b"\r\n--frame\r\n", b"Content-Length: ", b"\r\n\r\n"))))
@bounded(800)
def test_a_multipart_stream_gives_only_what_came(arriving: list[bytes]) -> None:
    parser = MultipartParser(b"--frame", 4096)
    whole = b"".join(arriving)
    try:
        for data in arriving:
            for part in parser.feed(data):
                assert part
                assert part in whole
                assert len(part) <= 4096 + len(b"\n--frame")
    except MultipartError:
        pass


@given(mutated((b"multipart/x-mixed-replace; boundary=frame", b'multipart/x-mixed-replace;boundary="--a b"')))
@bounded(200)
def test_any_content_type_names_a_boundary_or_fails(content_type: bytes) -> None:
    with contextlib.suppress(MultipartError):
        assert len(boundary_of(content_type.decode("latin-1"))) >= 2


CHALLENGES = (
    b'Digest realm="cam", nonce="7ypf/xlj", qop="auth,auth-int", algorithm=SHA-256, opaque="x", stale=true',
    b'Digest realm="c\\"am", nonce=abc, domain="/", algorithm=MD5-sess',
    b'Basic realm="cam"',
    b"Bearer",
)


@given(st.lists(mutated(CHALLENGES, (b"nonce=", b'"', b"algorithm=MD5", b"qop=auth", b", ")), max_size=3))
@example([b"Digest realm="])
@bounded(600)
def test_any_challenge_is_met_or_not_and_never_with_the_password(challenges: list[bytes]) -> None:
    authorization = Authorization(Secret("admin", "Zx9geheim"))
    texts = [challenge.decode("latin-1") for challenge in challenges]
    if not authorization.challenge(texts):
        return
    try:
        head = request_head(urlsplit("http://camera/x"), (), authorization)
    except SourceError as error:
        told = str(error)
        head = b""
    else:
        told = ""
    assert "Zx9geheim" not in told
    if not head:
        return
    assert head.count(b"\r\n\r\n") == 1
    assert head.endswith(b"\r\n\r\n")
    assert b"Zx9geheim" not in head
    assert [line.partition(b":")[0] for line in head.split(b"\r\n")[1:-2]] == [
        b"Host", b"User-Agent", b"Accept", b"Authorization"
    ]  # fmt: skip


LOCATIONS = (
    b"http://camera.test/next",
    b"//other.test/",
    b"/path?x=1",
    b"https://camera.test:8443/",
    b"http://[fd00::1]/x",
)


@given(mutated(LOCATIONS, (b"[", b"]", b"@", b"//", b"http://", b"\\", b"#", b"?", b":99999")))
@example(b"http://[::1")
@bounded(500)
def test_any_redirect_leads_on_or_fails_as_the_contract_says(location: bytes) -> None:
    client = HttpClient(
        Source("hls", "http://camera.test/"), NetworkPolicy(["http"], ["public"]), None, HttpLimits(1, 1)
    )
    try:
        parts = client._redirected(urlsplit("http://camera.test/"), location.decode("latin-1"), True)
    except SourceError:
        return
    assert parts.scheme == "http"
    assert parts.hostname


@given(
    mutated((b"http://camera.test/x", b"http://user@camera.test:80/", b"http://[fd00::1%25eth0]/"), (b"[", b"@", b"%"))
)
@bounded(400)
def test_any_url_of_the_registry_makes_a_client_or_is_refused(url: bytes) -> None:
    text = url.decode("latin-1")
    try:
        HttpClient(Source("snapshot", text), NetworkPolicy(["http"], ["public"]), None, HttpLimits(1, 1))
        request_head(NetworkPolicy(["http"], ["public"]).check_url(text), (), None)
    except SourceError:
        pass


ANSWERS = (b'{"data": {"value": "abc", "list": [1, "t0k"]}}', b" tok-en_1\n", b'["x", {"y": 12}]')


@given(
    mutated(ANSWERS, (b"{", b"[" * 2000, b"null", b'"data"')),
    st.sampled_from(["", "data.value", "data.list.1", "1.y", ".."]),
)
@bounded(400)
def test_any_answer_of_a_token_endpoint_is_a_token_or_a_failure(answer: bytes, field: str) -> None:
    try:
        token = token_in(answer, field)
    except SourceFailed:
        return
    assert token.isascii()
    assert token.isprintable()
    assert 0 < len(token) <= 4096
    Token("http://camera.test/", field)


@given(mutated((b"admin:geheim", b"bearer abc.def", b"Bearer  x"), (b":", b"bearer ", b"\x00", b"\n")))
@bounded(300)
def test_any_secret_is_a_secret_or_refused_without_its_text(text: bytes) -> None:
    plain = text.decode("latin-1")
    try:
        secret = SecretStore(None, {"gate": SecretStr(plain)}).find("gate")
    except SourceError as error:
        told = str(error)
    else:
        told = repr(secret)
        assert secret is not None
    # The error names the two forms that there are; a "secret" that is one of those words is none.
    assert len(plain) < 6 or plain not in told or plain in "neither user:password nor bearer TOKEN"
    assert "geheim" not in told
