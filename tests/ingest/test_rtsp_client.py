"""The RTSP client against cameras that are odd, wrong or hostile."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas.cameras import Source as SourceEntry
from services.ingest import name_lookup
from services.ingest.jpeg_header import UnusablePictureError
from services.ingest.network_policy import NetworkPolicy
from services.ingest.rtsp import client as client_module
from services.ingest.source import Sample, make_source
from services.ingest.source_errors import SourceError, SourceFailed, SourceRefused
from services.ingest.sources.rtsp import RtspSource
from tests.ingest.builders import source_tools
from tests.ingest.event_loop import run
from tests.ingest.rtsp_script import OK, SDP, Asked, ScriptedServer, scripted
from tests.ingest.test_network_policy import Names

pytestmark = pytest.mark.integration

DIGEST = '401 No\r\nWWW-Authenticate: Digest realm="cam", nonce="{}"{}'


@asynccontextmanager
async def opened(url: str, networks: tuple[str, ...] = ("loopback",), **entry: Any) -> AsyncIterator[RtspSource]:
    with source_tools(0.2) as usual:
        tools = replace(usual, network=NetworkPolicy(["rtsp", "rtsps"], networks))
        source = make_source(SourceEntry("rtsp", url, **entry), tools)
        assert isinstance(source, RtspSource)
        try:
            await source.open()
            yield source
        finally:
            await source.close()


async def until_failed(source: RtspSource) -> None:
    """Read until the source says what is wrong."""
    for number in range(200):
        due = asyncio.get_running_loop().time()
        await source.read(Sample(due, due + 0.1, number))


def only(method: str, answer: str) -> Callable[[Asked], str | None]:
    return lambda asked: answer if asked.method == method else None


def test_a_session_is_described_set_up_played_and_torn_down_with_the_urls_that_the_camera_names() -> None:
    async def work() -> ScriptedServer:
        script = only("DESCRIBE", f"{OK}\r\nContent-Base: rtsp://10.1.2.3/inner/")
        async with scripted(script) as server, opened(server.url()):
            pass
        return server

    server = run(work)
    assert [(asked.method, asked.url) for asked in server.asked] == [
        ("DESCRIBE", server.url()),
        ("SETUP", "rtsp://10.1.2.3/inner/track1"),
        ("PLAY", "rtsp://10.1.2.3/inner/"),
        ("TEARDOWN", "rtsp://10.1.2.3/inner/"),
    ]
    assert [asked.headers["cseq"] for asked in server.asked] == ["1", "2", "3", "4"]
    assert server.asked[2].headers["session"] == "7"


@pytest.mark.parametrize("location", ["rtsp://127.0.0.2:{port}/v", "rtsp://127.0.0.1:1/v", "http://127.0.0.1:{port}/v"])
def test_a_redirect_to_another_place_is_refused_without_going_there(location: str) -> None:
    async def work() -> None:
        async with scripted() as server:
            server.script = only("DESCRIBE", f"302 Moved\r\nLocation: {location.format(port=server.port)}")
            async with opened(server.url()):
                pass

    with pytest.raises(SourceRefused, match=r"redirect|scheme_not_allowed"):
        run(work)


def test_a_redirect_on_the_same_server_is_followed_and_one_without_end_is_not() -> None:
    async def work() -> list[str]:
        async with scripted() as server:
            server.script = lambda asked: "301 Moved\r\nLocation: /new" if asked.url.endswith("/v") else None
            async with opened(server.url()):
                pass
            server.script = only("DESCRIBE", "301 Moved\r\nLocation: /v")
            with pytest.raises(SourceFailed, match="301"):
                async with opened(server.url()):
                    pass
            return server.methods()

    methods = run(work)
    assert methods[:3] == ["DESCRIBE", "DESCRIBE", "SETUP"]
    assert len(methods) < 12


def test_an_address_that_is_not_allowed_is_not_connected_to() -> None:
    async def work() -> int:
        async with scripted() as server:
            with pytest.raises(SourceRefused, match="address_not_allowed"):
                async with opened(server.url(), networks=("public", "private")):
                    pass
            return len(server.writers)

    assert run(work) == 0


def test_where_a_names_first_address_is_silent_the_next_one_is_tried_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_lookup, "look_up", Names(["127.0.0.2", "127.0.0.1"]).look_up)

    async def work() -> list[str]:
        async with scripted() as server:
            with socket.create_server(("127.0.0.2", server.port), backlog=1) as silent, contextlib.ExitStack() as full:
                for _ in range(2):  # its queue is full: it answers no more
                    full.enter_context(socket.create_connection(silent.getsockname(), 5))
                async with opened(server.url().replace("127.0.0.1", "cam.example")):
                    return server.methods()

    assert run(work) == ["DESCRIBE", "SETUP", "PLAY"]


def test_a_wrong_secret_is_said_once_and_a_stale_nonce_is_renewed() -> None:
    async def work(*answers: str) -> list[str]:
        left = list(answers)
        async with scripted(lambda _: left.pop(0) if left else None) as server:
            with contextlib.suppress(SourceRefused):
                async with opened(server.url(), secret="gate"):
                    pass
            return server.methods()

    assert run(lambda: work(*[DIGEST.format(n, "") for n in range(9)])) == ["DESCRIBE", "DESCRIBE"]
    stale = run(lambda: work(DIGEST.format("a", ""), DIGEST.format("b", ", stale=true")))
    assert stale == ["DESCRIBE", "DESCRIBE", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]


@pytest.mark.parametrize(
    ("method", "answer", "error", "why"),
    [
        ("DESCRIBE", "404 Not Found", SourceRefused, "rtsp_404"),
        ("DESCRIBE", "403 Forbidden", SourceRefused, "rtsp_403"),
        ("DESCRIBE", "503 Busy", SourceFailed, "rtsp_503"),
        ("SETUP", "461 Unsupported Transport", SourceFailed, "set transport: udp"),
        ("SETUP", f"{OK}\r\nSession: 7\r\nTransport: RTP/AVP;unicast;server_port=9-10", SourceFailed, "transport: udp"),
        ("SETUP", f"{OK}\r\nSession: 7\x007\r\nTransport: RTP/AVP/TCP;interleaved=0-1", SourceFailed, "framing"),
        ("DESCRIBE", '401 No\r\nWWW-Authenticate: Digest realm="\x1b", nonce="a"', SourceFailed, "framing"),
        ("PLAY", "454 Session Not Found", SourceFailed, "rtsp_454"),
        ("PLAY", "", SourceFailed, "timeout"),
    ],
)
def test_each_refusal_is_told_as_what_it_is(method: str, answer: str, error: type[SourceError], why: str) -> None:
    async def work() -> None:
        async with scripted(only(method, answer)) as server, opened(server.url()):
            pass

    with pytest.raises(error, match=why):
        run(work)


@pytest.mark.parametrize(
    ("encoding", "advice"), [("JPEG", "MJPEG or snapshot URL"), ("MP4V-ES", "MP4V-ES: set it to H.264 or H.265")]
)
def test_another_codec_is_refused_with_what_to_do(encoding: str, advice: str) -> None:
    async def work() -> None:
        async with scripted(sdp=SDP.replace("H264", encoding)) as server, opened(server.url()):
            pass

    with pytest.raises(SourceRefused, match=advice):
        run(work)


def test_the_session_is_kept_alive_by_what_the_server_knows_and_its_end_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_module, "_LONGEST_PAUSE_SECONDS", 0.05)
    gone = asyncio.Event()

    def script(asked: Asked) -> str | None:
        if asked.method == "OPTIONS":
            return "454 Session Not Found" if gone.is_set() else OK
        return "501 Not Implemented" if asked.method == "GET_PARAMETER" else None

    async def work() -> list[str]:
        async with scripted(script) as server, opened(server.url()) as source:
            assert (await server.until("OPTIONS")).headers["session"] == "7"
            gone.set()
            with pytest.raises(SourceFailed, match="session"):
                await until_failed(source)
            return server.methods()

    methods = run(work)
    assert methods.count("GET_PARAMETER") == 1


def test_a_camera_that_is_mute_to_one_sign_of_life_is_given_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_LONGEST_PAUSE_SECONDS", 0.05)

    def script(asked: Asked) -> str | None:
        if asked.method == "SETUP":
            return f"{OK}\r\nSession: 7 ; timeout=60\r\nTransport: {asked.headers['transport']}"
        return "" if asked.method == "GET_PARAMETER" else None

    async def work() -> str:
        async with scripted(script) as server, opened(server.url()):
            return (await server.until("OPTIONS")).headers["session"]

    assert run(work) == "7"


def test_requests_of_the_server_are_answered_between_packets() -> None:
    async def work() -> None:
        async with scripted() as server, opened(server.url()) as source:
            server.send(b"$\x00\x00\x04abcdOPTIONS * RTSP/1.0\r\nCSeq: 99\r\n\r\n$\x01\x00\x00")
            await server.until("RTSP/1.0")
            source._client.check()

    run(work)


@pytest.mark.parametrize(
    "data", [b"\x01\x02\x03\x04", b"HTTP/1.1 200 OK\r\n\r\n", b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 4000]
)
def test_what_is_neither_packet_nor_reply_fails_the_source(data: bytes) -> None:
    async def work() -> None:
        async with scripted() as server, opened(server.url()) as source:
            server.send(data)
            await until_failed(source)

    with pytest.raises(SourceFailed, match="framing"):
        run(work)


def test_a_goodbye_ends_the_stream() -> None:
    async def work() -> None:
        async with scripted() as server, opened(server.url()) as source:
            server.send(b"$\x01\x00\x08" + struct.pack(">BBHI", 0x81, 203, 1, 7))
            await until_failed(source)

    with pytest.raises(SourceFailed, match="stream_ended"):
        run(work)


def test_packets_from_another_address_than_the_servers_are_dropped_whatever_it_names_as_source() -> None:
    packets = [struct.pack(">BBHII", 0x80, 96, n, n, 7) + b"\x65\x88\x84" for n in range(4)]

    async def work() -> list[str]:
        async with scripted() as server:
            named = "Session: 7\r\nTransport: RTP/AVP;unicast;server_port=9-10;source=127.0.0.2"
            server.script = only("SETUP", f"{OK}\r\n{named}")
            async with opened(server.url(), transport="udp") as source:
                wanted = (await server.until("SETUP")).headers["transport"]
                port = int(wanted.partition("client_port=")[2].partition("-")[0])
                taken: list[str] = []
                for host in ("127.0.0.2", "127.0.0.1"):
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                        sender.bind((host, 0))
                        for packet in packets:
                            sender.sendto(packet, ("127.0.0.1", port))
                    due = asyncio.get_running_loop().time()
                    try:
                        await source.read(Sample(due, due + 0.3))
                    except UnusablePictureError:  # it was decoded, that is: taken
                        taken.append(host)
                return taken

    assert run(work) == ["127.0.0.1"]


@pytest.mark.parametrize("verified", [True, False])
def test_tls_is_verified_unless_the_entry_says_otherwise(verified: bool, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=cam"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)

    async def work() -> list[str]:
        async with scripted(tls=tls) as server, opened(server.url("rtsps"), verify_tls=verified):
            return server.methods()

    if verified:
        with pytest.raises(SourceFailed, match="tls"):
            run(work)
    else:
        assert run(work) == ["DESCRIBE", "SETUP", "PLAY"]


@pytest.mark.alone
def test_a_server_that_hears_no_goodbye_is_left_within_a_second() -> None:
    async def work() -> float:
        async with scripted(only("TEARDOWN", "")) as server:
            async with opened(server.url()):
                started = time.monotonic()
            return time.monotonic() - started

    assert run(work) < 1.0
