"""RTSP cameras for tests: GStreamer's server over footage that is drawn here, and a proxy that spoils connections."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from pathlib import Path

import av

import deploy.city
from tests.ingest.builders import square_rgb

_SERVER = Path(deploy.city.__file__).with_name("rtsp_server.py")
_SYSTEM_PYTHON = "/usr/bin/python3"
ROUND = 16
"""Squares are back where they began after so many pictures: footage of a multiple of it plays over without a jump."""


def write_footage(
    path: Path, codec: str = "libx264", pictures: int = 2 * ROUND, gop: int = 1, size: tuple[int, int] = (160, 120)
) -> Path:
    """Write squares that move, at 10 pictures a second, as cameras encode: no B pictures, keyframes at a fixed pace."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        pace = f"bframes=0:keyint={gop}:min-keyint={gop}:scenecut=0"
        quiet = ":log-level=none" if codec == "libx265" else ""
        stream.options = {f"{codec.removeprefix('lib')}-params": pace + quiet, "preset": "veryfast", "crf": "12"}
        for number in range(pictures):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(square_rgb(number, *size), format="rgb24")))
        container.mux(stream.encode(None))
    return path


class GstServer:
    """A process that serves mounts; ready when it is made."""

    def __init__(self, mounts: dict[str, Path], *options: str, port: int = 0) -> None:
        arguments = [text for name, path in mounts.items() for text in ("--mount", f"{name}={path}")]
        self._process = subprocess.Popen(
            [_SYSTEM_PYTHON, str(_SERVER), "--port", str(port), *arguments, *options], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        word, _, number = self._process.stdout.readline().strip().partition(" ")
        assert word == "port", "GStreamer's RTSP server did not start"
        self.port = int(number)

    @property
    def pid(self) -> int:
        return self._process.pid

    def url(self, name: str) -> str:
        return f"rtsp://127.0.0.1:{self.port}/{name}"

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class SquareCameras:
    """One server for all tests of a session, started when it is first needed; every picture is a keyframe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: GstServer | None = None

    def url(self) -> str:
        if self._server is None:
            self._server = GstServer({"squares": write_footage(self._folder / "squares.mp4")})
        return self._server.url("squares")

    def close(self) -> None:
        if self._server is not None:
            self._server.close()


class Proxy:
    """Stands between a client and a server on loopback; spoils what the server sends when it is told to."""

    def __init__(self, target_port: int = 0) -> None:
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._silent = threading.Event()
        self._sockets: list[socket.socket] = []
        self._client: socket.socket | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, name: str) -> str:
        return f"rtsp://127.0.0.1:{self.port}/{name}"

    def cut(self) -> None:
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def mute(self) -> None:
        self._silent.set()

    def inject(self, data: bytes) -> None:
        assert self._client is not None
        self._client.sendall(data)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for one in self._sockets:
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                server = socket.create_connection(("127.0.0.1", self._target_port))
                self._client = client
                self._sockets += [client, server]
                threading.Thread(target=self._pump, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._pump, args=(server, client, True), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, may_be_muted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if not (may_be_muted and self._silent.is_set()):
                    sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
