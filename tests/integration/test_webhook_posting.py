"""One attempt over real TLS and real sockets, on loopback."""

from __future__ import annotations

import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from services.runtime.addresses import AddressPolicy
from services.webhooks.message import check_message
from services.webhooks.posting import Answer, Poster

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

TIMEOUT_SECONDS = 5.0
IMPATIENT_SECONDS = 1.0


@dataclass
class TlsReceiver:
    port: int
    certificate: str
    names: list[str | None] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def answer(self, url: str, certificates: str = "", timeout_seconds: float = TIMEOUT_SECONDS) -> Answer:
        poster = Poster(url, bytes(24), AddressPolicy(["loopback"]), timeout_seconds, certificates)
        try:
            return poster.post(check_message("a", 0))
        finally:
            poster.close()


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsReceiver]:
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    found = TlsReceiver(0, str(certificate))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            found.hosts.append(self.headers["host"])
            found.paths.append(self.path)
            if self.path == "/drip":
                for byte in b"HTTP/1.1 200 OK\r\nx-never: " + b"e" * 40:
                    self.wfile.write(bytes([byte]))
                    time.sleep(IMPATIENT_SECONDS / 5)
                return
            self.send_response(302 if self.path == "/moved" else 200)
            self.send_header("location", "/elsewhere")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.sni_callback = lambda _, name, __: found.names.append(name)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    found.port = int(server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that don't trust us break off: that is tested."""


def test_the_certificate_is_asked_for_by_the_hosts_name_though_the_address_is_connected_to(
    receiver: TlsReceiver,
) -> None:
    answer = receiver.answer(f"https://localhost:{receiver.port}/tilik?a=1", receiver.certificate)
    assert answer == Answer("accepted", "answered 200")
    assert receiver.names[-1] == "localhost"
    assert receiver.hosts[-1] == f"localhost:{receiver.port}"
    assert receiver.paths[-1] == "/tilik?a=1"


def test_an_authority_that_nobody_trusts_and_a_certificate_of_another_name_are_refused(receiver: TlsReceiver) -> None:
    before = len(receiver.paths)
    for answer in (
        receiver.answer(f"https://localhost:{receiver.port}/"),
        receiver.answer(f"https://127.0.0.1:{receiver.port}/", receiver.certificate),
    ):
        assert answer.verdict == "again"
        assert "CERTIFICATE_VERIFY_FAILED" in answer.text
    assert len(receiver.paths) == before, "nothing was said to it"


def test_a_redirect_is_not_followed(receiver: TlsReceiver) -> None:
    answer = receiver.answer(f"https://localhost:{receiver.port}/moved", receiver.certificate)
    assert answer == Answer("again", "answered 302")
    assert receiver.paths[-1] == "/moved"


def test_an_answer_that_drips_in_is_given_up(receiver: TlsReceiver) -> None:
    started = time.monotonic()
    answer = receiver.answer(f"https://localhost:{receiver.port}/drip", receiver.certificate, IMPATIENT_SECONDS)
    assert answer == Answer("again", "no answer in 3 s")
    assert time.monotonic() - started < 10


def test_where_nobody_listens_there_is_no_connection() -> None:
    poster = Poster("http://127.0.0.1:1/", bytes(24), AddressPolicy(["loopback"]), TIMEOUT_SECONDS)
    answer = poster.post(check_message("a", 0))
    poster.close()
    assert answer.verdict == "again"
    assert answer.text.startswith("no connection")
