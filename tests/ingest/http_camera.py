"""A real HTTP server on loopback that behaves like a camera, well or badly."""

from __future__ import annotations

import hashlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

from tests.ingest.builders import make_jpeg

Mood = Literal[
    "good",
    "silent",
    "paused",
    "garbage",
    "cut",
    "huge",
    "missing",
    "basic",
    "digest",
    "unchanged",
    "elsewhere",
    "html",
    "busy",
    "hangs_up",
]
NONCE = "7ypf/xlj9XXwfDPEoM4URrv"


class HttpCamera:
    """``/snapshot`` gives one JPEG, ``/mjpeg`` a stream at 20 fps; the number of a picture counts up.

    ``mood`` and ``size`` may be changed at any time. ``paused`` sends nothing until the mood changes; ``busy`` asks to
    be left alone for 7 s; ``hangs_up`` closes each connection after its answer without saying so.
    """

    def __init__(self, mood: Mood = "good", port: int = 0, lengths: bool = True) -> None:
        self.mood = mood
        self.lengths = lengths
        self.size = (160, 120)
        self.requests = 0
        self.pictures = 0
        self._closing = threading.Event()
        camera = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                camera.requests += 1
                try:
                    camera.answer(self)
                except OSError:
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                pass

        self._server = Server(("127.0.0.1", port), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def url(self, kind: str) -> str:
        return f"http://127.0.0.1:{self.port}/{kind}"

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        if self._closing.is_set():
            raise ConnectionError("a closed server hangs up on those who are still connected")
        if self.mood in ("missing", "basic", "digest", "elsewhere", "busy") and self._turned_away(request):
            return
        if request.path.startswith("/mjpeg"):
            self._stream(request)
        else:
            self._snapshot(request)

    def _turned_away(self, request: BaseHTTPRequestHandler) -> bool:
        said = request.headers.get("Authorization", "")
        if self.mood == "missing":
            return _status(request, 404)
        if self.mood == "busy":
            return _status(request, 503, **{"Retry-After": "7"})
        if self.mood == "elsewhere":
            return _status(request, 302, Location="http://127.0.0.1:1/other")
        if self.mood == "basic":
            right = said == "Basic YWRtaW46Z2VoZWlt"
            return not right and _status(request, 401, **{"WWW-Authenticate": 'Basic realm="cam"'})
        if said.startswith("Digest ") and _digest_is_right(said, request.path):
            return False
        return _status(
            request, 401, **{"WWW-Authenticate": f'Digest realm="cam", nonce="{NONCE}", qop="auth", algorithm=MD5'}
        )

    def _snapshot(self, request: BaseHTTPRequestHandler) -> None:
        if self.mood == "silent":
            self._closing.wait()
            return
        etag = '"same"' if self.mood == "unchanged" else f'"{self.pictures}"'
        if request.headers.get("If-None-Match") == etag:
            _status(request, 304)
            return
        while self.mood == "paused" and not self._closing.is_set():
            time.sleep(0.02)
        jpeg = make_jpeg(self.pictures, *self.size)
        self.pictures += 1
        body = {"garbage": b"\xff\xd8" + b"\x07" * 500, "html": b"<html>log in</html>", "huge": bytes(3_000_000)}.get(
            self.mood, jpeg
        )
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.send_header("ETag", etag)
        request.end_headers()
        request.wfile.write(body[: len(body) // 2] if self.mood == "cut" else body)
        request.close_connection = self.mood in ("cut", "hangs_up")

    def _stream(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        request.end_headers()
        request.close_connection = True
        while not self._closing.is_set():
            while self.mood == "paused" and not self._closing.is_set():
                time.sleep(0.02)
            self._part(request, make_jpeg(self.pictures, *self.size))
            self.pictures += 1
            if self.mood == "silent":
                self._closing.wait()
            if self.mood == "cut":
                return
            time.sleep(0.05)

    def _part(self, request: BaseHTTPRequestHandler, jpeg: bytes) -> None:
        if self.mood == "garbage":
            request.wfile.write(b"\x00\x13garbage" * 2_000)
            return
        length = 999_999_999 if self.mood == "huge" else len(jpeg)
        header = b"--frame\r\nContent-Type: image/jpeg\r\n"
        if self.lengths:
            header += f"Content-Length: {length}\r\n".encode()
        request.wfile.write(header + b"\r\n" + jpeg + b"\r\n")


def _status(request: BaseHTTPRequestHandler, status: int, **headers: str) -> bool:
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.send_header("Content-Length", "0")
    request.end_headers()
    return True


def _digest_is_right(said: str, path: str) -> bool:
    fields = dict(part.strip().split("=", 1) for part in said.removeprefix("Digest ").split(","))
    value = {name: text.strip('"') for name, text in fields.items()}

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    first, second = md5("admin:cam:geheim"), md5(f"GET:{path}")
    wanted = md5(f"{first}:{NONCE}:{value['nc']}:{value['cnonce']}:auth:{second}")
    return value["response"] == wanted and value["uri"] == path
