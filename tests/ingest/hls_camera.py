"""A live HLS stream behind a real HTTP server: segments cut beforehand, in a window that slides in real time."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

import av

from tests.ingest.builders import square_rgb

FPS = 20
LISTED = 4
"""Segments that a list names."""
Container = Literal["mpegts", "mp4"]


@dataclass(frozen=True, slots=True)
class Cut:
    """How segments are made: ``pictures`` of the moving square at 20 fps, a keyframe each ``keyframe_every``."""

    container: Container = "mpegts"
    codec: str = "libx264"
    width: int = 160
    height: int = 120
    pictures: int = 10
    keyframe_every: int = 1

    @property
    def seconds(self) -> float:
        return self.pictures / FPS


@cache
def segment(cut: Cut, first: int) -> tuple[bytes, bytes]:
    """Give initialisation (empty for MPEG-TS) and media of a segment whose first picture has this number."""
    file = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"} if cut.container == "mp4" else {}
    with av.open(file, "w", format=cut.container, options=options) as container:
        stream = container.add_stream(cut.codec, rate=FPS)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = cut.width, cut.height, "yuv420p"
        stream.codec_context.gop_size = cut.keyframe_every
        stream.codec_context.options = {"preset": "ultrafast", "bf": "0", "crf": "20"}
        for number in range(first, first + cut.pictures):
            image_rgb = square_rgb(number, cut.width, cut.height)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image_rgb, format="rgb24")))
        container.mux(stream.encode(None))
    data = file.getvalue()
    start = data.index(b"moof") - 4 if cut.container == "mp4" else 0
    return data[:start], data[start:]


class HlsCamera:
    """``/live.m3u8`` lists the last ``LISTED`` segments, ``/master.m3u8`` leads to it.

    Attributes:
        change: Called with each request's path and headers; an answer (status, body) of its own goes first.
        is_cut: Tells whether the answer for a path ends in its middle.
        cuts: How each segment from a number on is made, by rising number; a discontinuity lies between them.
        frozen: The list stands still.
        ended: The list says that it is over.
        dated: What the camera's clock is ahead, in seconds; None: it tells none.
        first: Number of the segment that is made at the start; earlier ones are there.
    """

    def __init__(self, cut: Cut | None = None, port: int = 0, first: int = 100) -> None:
        self.cuts = {0: cut or Cut()}
        self.change: Callable[[str, dict[str, str]], tuple[int, bytes] | None] = lambda path, headers: None
        self.is_cut: Callable[[str], bool] = lambda path: False
        self.frozen: int | None = None
        self.ended = False
        self.dated: float | None = None
        self.ranges = False
        self.requests: list[str] = []
        self.first = first
        self.began = time.time()
        self._seconds = self.cuts[0].seconds
        camera = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                try:
                    camera.serve(self)
                except OSError:
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                pass

        self._closing = threading.Event()
        self._server = Server(("127.0.0.1", port), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def url(self, path: str = "/live.m3u8") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def next(self) -> int:
        """Give the number of the segment that is being made now."""
        return self.first + int((time.time() - self.began) / self._seconds)

    def taken_ms(self, number: int) -> float:
        """Give when the picture with this number, counted over all segments, was taken, ms since the epoch."""
        return (self.began + number / FPS - self.first * self._seconds) * 1000

    @property
    def oldest_ms(self) -> float:
        """Give when the first picture of the first list was taken, ms since the epoch."""
        return self.taken_ms((self.first - LISTED) * self.cuts[0].pictures)

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        if self._closing.is_set():
            raise ConnectionError("a closed server hangs up on those who are still connected")
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(request.path)
        status, body = self.change(request.path, headers) or self._answer(request.path, headers)
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        is_cut = self.is_cut(request.path)
        request.wfile.write(body[: len(body) // 2] if is_cut else body)
        request.close_connection = is_cut

    def cut_of(self, number: int) -> Cut:
        return [cut for start, cut in self.cuts.items() if start <= number][-1]

    def _answer(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        name = path.partition("?")[0].rpartition("/")[2]
        if name == "master.m3u8":
            return 200, b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9,RESOLUTION=160x120\nlive.m3u8\n"
        if name == "live.m3u8":
            return 200, self._playlist().encode()
        stem, _, _ = name.partition(".")
        number = int(stem.strip("is"))
        cut = self.cut_of(number)
        start, media = segment(cut, number * cut.pictures)
        body = start if stem.startswith("i") else media
        if (span := headers.get("range", "").removeprefix("bytes=")) and self.ranges:
            first, last = map(int, span.split("-"))
            return 206, body[first : last + 1]
        return 200, body

    def _playlist(self) -> str:
        upcoming = self.frozen if self.frozen is not None else self.next
        first = max(0, upcoming - LISTED)
        lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{self._seconds}"]
        lines.append(f"#EXT-X-MEDIA-SEQUENCE:{first}")
        for number in range(first, upcoming):
            lines += self._listed(number, number == first)
        return "\n".join([*lines, *(["#EXT-X-ENDLIST"] if self.ended else [])]) + "\n"

    def _listed(self, number: int, is_first: bool) -> list[str]:
        cut = self.cut_of(number)
        lines = ["#EXT-X-DISCONTINUITY"] if number in self.cuts and not is_first else []
        if cut.container == "mp4":
            lines.append(f'#EXT-X-MAP:URI="i{number}.mp4"')
        if self.dated is not None:
            date = datetime.fromtimestamp(self.taken_ms(number * cut.pictures) / 1000 + self.dated, UTC)
            lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{date.isoformat()}")
        if self.ranges:
            lines.append(f"#EXT-X-BYTERANGE:{len(segment(cut, number * cut.pictures)[1])}@0")
        return [*lines, f"#EXTINF:{cut.seconds},", f"s{number}.{'ts' if cut.container == 'mpegts' else 'm4s'}"]
