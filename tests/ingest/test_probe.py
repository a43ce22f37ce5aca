"""Probing real servers: what a camera is, and what is said where it can't be read."""

from __future__ import annotations

import asyncio
import dataclasses
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from deploy.local.ports import free_port
from schemas.cameras import Source
from services.ingest.jpeg_header import read_header
from services.ingest.network_policy import NetworkPolicy
from services.ingest.probing.explanation import advise
from services.ingest.probing.probe import Probed, ProbeRequest, probe
from services.ingest.secret_store import SecretStore
from services.ingest.source_errors import SourceError
from tests.ingest.builders import make_jpeg, source_tools, write_video
from tests.ingest.hls_camera import HlsCamera
from tests.ingest.http_camera import HttpCamera
from tests.ingest.rtsp_scene import GstServer, write_footage

pytestmark = pytest.mark.integration


def probed(url: str, seconds: float = 1.0, **changes: Any) -> Probed:
    known = SecretStore(None, {"gate": SecretStr("admin:geheim"), "wrong": SecretStr("admin:falsch")})
    with source_tools(period_seconds=0.2) as tools:
        request = ProbeRequest(Source("snapshot", url, **changes), seconds)
        policy = NetworkPolicy(["http", "https", "rtsp", "rtsps"], ["loopback"])
        return asyncio.run(probe(request, dataclasses.replace(tools, secrets=known, network=policy)))


def refused(url: str, seconds: float = 1.0, **changes: Any) -> tuple[str, str]:
    """Give the error's class, and all that is said to a person."""
    with pytest.raises(SourceError) as caught:
        probed(url, seconds, **changes)
    advice = advise(caught.value, Source("snapshot", url, **changes))
    return caught.value.error_class, " ".join((advice.what, *advice.to_do, *map(str, advice.paths)))


@pytest.fixture
def camera(request: pytest.FixtureRequest) -> Iterator[HttpCamera]:
    found = HttpCamera(getattr(request, "param", "good"))
    yield found
    found.close()


@pytest.mark.parametrize("kind", ["mjpeg", "snapshot"])
def test_an_http_camera_is_told_by_what_it_answers(kind: str, camera: HttpCamera) -> None:
    found = probed(camera.url(kind))
    assert (found.entry.kind, found.facts.decoding) == (kind, "passthrough")
    assert (found.width, found.height, read_header(found.jpeg, 10**6).width) == (160, 120, 160)
    assert found.picture_bytes == pytest.approx(len(make_jpeg()), rel=0.2)
    assert found.facts.clock == "http-date"
    assert found.facts.clock_ahead_seconds == pytest.approx(0, abs=5)


def test_a_video_and_a_folder_of_stills_are_told_by_their_paths(tmp_path: Path) -> None:
    video = probed(str(write_video(tmp_path / "clip.mp4")))
    assert (video.entry.kind, video.entry.loop, video.facts.frames_per_second) == ("file", True, 10.0)
    (tmp_path / "one.jpg").write_bytes(make_jpeg())
    assert probed(str(tmp_path)).entry.kind == "stills"


def test_an_rtsp_camera_tells_its_codec_its_keyframes_and_what_it_will_cost(tmp_path: Path) -> None:
    server = GstServer({"gate": write_footage(tmp_path / "gate.mp4", gop=16)})
    try:
        found = probed(server.url("gate"), seconds=6.0)
        assert (found.entry.kind, found.facts.codec, found.width) == ("rtsp", "h264", 160)
        assert found.facts.keyframe_seconds == pytest.approx(1.6, abs=0.3)
        assert found.facts.decoding == "all"  # a keyframe each 1.6 s serves no sample each 0.2 s
        error_class, said = refused(server.url("nothing-here"))
        assert error_class == "rtsp_404"
        assert "/Streaming/Channels/101" in said
    finally:
        server.close()


def test_an_rtsp_camera_that_wants_a_password_or_another_transport_says_so(tmp_path: Path) -> None:
    options = ("--user", "admin", "--password", "geheim", "--only", "tcp")
    server = GstServer({"gate": write_footage(tmp_path / "gate.mp4")}, *options)
    try:
        url = server.url("gate")
        assert refused(url)[0] == "rtsp_401"
        assert "was given none" in refused(url)[1]
        assert "refuses this user and password" in refused(url, secret="wrong")[1]
        assert probed(url, secret="gate").facts.codec == "h264"
        assert "Leave --transport udp out" in refused(url, secret="gate", transport="udp")[1]
    finally:
        server.close()


def test_a_playlist_is_told_by_its_content() -> None:
    camera = HlsCamera()
    try:
        found = probed(camera.url(), seconds=4.0)
        assert (found.entry.kind, found.facts.codec, found.width) == ("hls", "h264", 160)
    finally:
        camera.close()


@pytest.mark.parametrize(
    ("camera", "error_class", "said"),
    [
        ("missing", "http_404", "/axis-cgi/jpg/image.cgi"),
        ("basic", "http_401", "--user USER"),
        ("html", "web_page", "web page, no picture"),
        ("elsewhere", "connect", "nothing listens"),
        ("silent", "timeout", "did not answer in time"),
        ("garbage", "not_a_camera", "no kind that Tilik reads"),
    ],
    indirect=["camera"],
)
def test_what_an_http_server_says_instead_of_a_picture_is_explained(
    camera: HttpCamera, error_class: str, said: str
) -> None:
    found_class, text = refused(camera.url("snapshot"))
    assert found_class == error_class
    assert said in text


@pytest.mark.parametrize("camera", ["basic"], indirect=True)
def test_a_right_secret_lets_in_and_a_wrong_one_is_told_from_none(camera: HttpCamera) -> None:
    assert probed(camera.url("snapshot"), secret="gate").entry.secret == "gate"
    error_class, said = refused(camera.url("snapshot"), secret="wrong")
    assert error_class == "http_401"
    assert "refuses this user and password" in said
    assert refused(camera.url("snapshot"), secret="nowhere")[0] == "secret_missing"


@pytest.mark.parametrize(
    ("url", "error_class", "said"),
    [
        ("http://127.0.0.1:{free_port}/", "connect", "nothing listens at 127.0.0.1 port"),
        ("http://nobody.invalid/", "dns", "no address for the name 'nobody.invalid'"),
        ("http://169.254.169.254/latest/meta-data", "address_not_allowed", "--allow-network"),
        ("rtsp://169.254.169.254/", "address_not_allowed", "TILIK_INGEST_ALLOWED_NETWORKS"),
        ("ftp://127.0.0.1/", "scheme_not_allowed", "rtsp://, rtsps://, http:// or https://"),
        ("/nowhere/clip.mp4", "not_found", "There is no file and no folder /nowhere/clip.mp4"),
    ],
)
def test_what_can_not_be_reached_or_must_not_be_is_explained(url: str, error_class: str, said: str) -> None:
    found_class, text = refused(url.replace("{free_port}", str(free_port())))
    assert found_class == error_class
    assert said in text


def test_a_self_signed_certificate_is_explained_and_taken_where_one_says_so(tmp_path: Path) -> None:
    with tls_camera(tmp_path) as url:
        error_class, said = refused(url)
        assert error_class == "tls"
        assert "signed by itself" in said
        assert "--insecure-tls" in said
        assert probed(url, verify_tls=False).entry.verify_tls is False


@contextmanager
def tls_camera(folder: Path) -> Iterator[str]:
    """A snapshot behind TLS, with a certificate that nobody vouches for."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=cam"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)

    class Snapshot(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "image/jpeg")
            self.end_headers()
            self.wfile.write(make_jpeg())

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def get_request(self) -> tuple[ssl.SSLSocket, Any]:
            client, address = super().get_request()
            return tls.wrap_socket(client, server_side=True, do_handshake_on_connect=False), address

        def handle_error(self, request: object, client_address: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Snapshot)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/jpg"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
