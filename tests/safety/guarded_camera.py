"""Cameras that want to know who asks, in every way that cameras ask: real servers on loopback."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.request import parse_http_list, parse_keqv_list

import av

from tests.ingest.builders import make_jpeg, square_rgb

SYSTEM_PYTHON = "/usr/bin/python3"
RTSP_SERVER = Path(__file__).parents[2] / "deploy/city/rtsp_server.py"
SEGMENT_SECONDS = 1.0
_NONCE = "Kd83hs"


class GuardedCamera:
    """``/basic/…``, ``/digest/…`` and ``/bearer/…`` want ``user``, ``password`` or ``token``; the rest of the path says
    what they give: ``snapshot``, ``mjpeg``, ``hls/index.m3u8``. ``/token`` gives the next of ``tokens``, which HLS then
    wants in its path (``/basic/hls/TOKEN/index.m3u8``) and as the header ``X-Token``."""

    def __init__(self, user: str, password: str, token: str) -> None:
        self.user, self.password, self.token = user, password, token
        self.tokens: list[str] = []
        self.refused = 0
        self._closing = threading.Event()
        self._segment = _encoded("mpegts", "libx264")
        camera = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                try:
                    camera._answer(self)
                except OSError:
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        _, guard, *rest = request.path.split("/")
        if not self._GUARDS[guard](self, request):
            self.refused += 1
            _send(request, 401, b"go away", {"WWW-Authenticate": _CHALLENGES[guard]})
        elif rest[:1] == ["mjpeg"]:
            self._stream(request)
        elif rest[:1] == ["token"]:
            self.tokens.append(f"{self.token}-{len(self.tokens)}")
            _send(request, 200, json.dumps({"data": {"value": self.tokens[-1]}}).encode())
        elif rest[:1] == ["hls"]:
            self._hls(request, rest[1:])
        else:
            _send(request, 200, make_jpeg(int(time.monotonic() * 10) % 16))

    def _hls(self, request: BaseHTTPRequestHandler, path: list[str]) -> None:
        if not self.tokens or path[0] != self.tokens[-1] or request.headers.get("X-Token") != path[0]:
            _send(request, 403, b"old token")
        elif path[1].endswith(".ts"):
            _send(request, 200, self._segment)
        else:
            _send(request, 200, _playlist(int(time.monotonic() / SEGMENT_SECONDS)))

    def _stream(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        request.end_headers()
        request.close_connection = True
        while not self._closing.wait(0.05):
            jpeg = make_jpeg(int(time.monotonic() * 10) % 16)
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            request.wfile.write(head.encode() + jpeg + b"\r\n")

    def _basic(self, request: BaseHTTPRequestHandler) -> bool:
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return request.headers.get("Authorization") == f"Basic {pair}"

    def _bearer(self, request: BaseHTTPRequestHandler) -> bool:
        return request.headers.get("Authorization") == f"Bearer {self.token}"

    def _digest(self, request: BaseHTTPRequestHandler) -> bool:
        said = request.headers.get("Authorization", "")
        if not said.startswith("Digest "):
            return False
        fields = parse_keqv_list(parse_http_list(said.removeprefix("Digest ")))
        first, second = _md5(f"{self.user}:cam:{self.password}"), _md5(f"GET:{request.path}")
        wanted = _md5(f"{first}:{_NONCE}:{fields['nc']}:{fields['cnonce']}:auth:{second}")
        return fields["response"] == wanted

    _GUARDS: ClassVar[dict[str, Callable[[GuardedCamera, BaseHTTPRequestHandler], bool]]] = {
        "basic": _basic,
        "bearer": _bearer,
        "digest": _digest,
    }


_CHALLENGES = {
    "basic": 'Basic realm="cam"',
    "bearer": 'Bearer realm="cam"',
    "digest": f'Digest realm="cam", nonce="{_NONCE}", qop="auth", algorithm=MD5',
}


class RtspServer:
    """GStreamer's RTSP server with the mounts ``cam`` (H.264) and ``hevc``, asking for a user unless that is empty."""

    def __init__(self, folder: Path, user: str = "", password: str = "", authentication: str = "digest") -> None:
        command = [SYSTEM_PYTHON, str(RTSP_SERVER), "--port", "0"]
        for mount, codec in (("cam", "libx264"), ("hevc", "libx265")):
            path = folder / f"{mount}.mp4"
            if not path.exists():
                path.write_bytes(_encoded("mp4", codec))
            command += ["--mount", f"{mount}={path}"]
        if user:
            command += ["--user", user, "--password", password, "--authentication", authentication]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("port "), line
        self.port = int(line.split()[1])

    def url(self, mount: str = "cam") -> str:
        return f"rtsp://127.0.0.1:{self.port}/{mount}"

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def _encoded(container: str, codec: str) -> bytes:
    """Give a second of the moving square: 10 pictures, a keyframe every fifth, none that look ahead."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        stream.options = {"g": "5", "bf": "0", "x265-params": "log-level=none:bframes=0", "sc_threshold": "0"}
        for number in range(10):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(square_rgb(number), format="rgb24")))
        output.mux(stream.encode(None))
    return file.getvalue()


def _playlist(newest: int) -> bytes:
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:1", f"#EXT-X-MEDIA-SEQUENCE:{newest - 3}"]
    for number in range(newest - 3, newest + 1):
        lines += ["#EXT-X-DISCONTINUITY", f"#EXTINF:{SEGMENT_SECONDS:.3f},", f"{number}.ts"]
    return "\n".join([*lines, ""]).encode()


def _send(request: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
    request.send_response(status)
    for name, value in (headers or {}).items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
