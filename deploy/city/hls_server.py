"""HLS cameras: segments that ffmpeg has cut, behind a plain web server, with live playlists that slide over them.

    GET /NAME/index.m3u8       the live playlist of a camera: its last segments, with their times
    GET /NAME/master.m3u8      a master playlist that leads to it
    GET /segments/FOLDER/FILE  segments, as files

Run: ``python -m deploy.city.hls_server --port 8091 --camera gate=FOLDER@SECONDS``, FOLDER one of segments and their
playlist ``index.m3u8`` as ffmpeg wrote it. It listens on loopback only. When the footage starts over, the playlist
says so by a discontinuity.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

HOST = "127.0.0.1"
WINDOW_SEGMENTS = 5
"""How many segments a playlist names: ffmpeg's own default."""

_PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
_TYPES = {".ts": "video/mp2t", ".m4s": "video/iso.segment", ".mp4": "video/mp4", ".m3u8": _PLAYLIST_TYPE}


@dataclass(frozen=True)
class Segments:
    """What ffmpeg has cut. ``start`` is the line that names an initialisation segment, empty for MPEG-TS."""

    folder: Path
    start: str
    names: tuple[str, ...]
    seconds: float

    @classmethod
    def read(cls, folder: Path) -> Segments:
        """Read the playlist of a folder.

        Raises:
            OSError: There is none.
            ValueError: Its segments are not all of one length, so no sliding window can be laid over them.
        """
        lines = (folder / "index.m3u8").read_text(encoding="utf-8").splitlines()
        lengths = {line.removeprefix("#EXTINF:").rstrip(",") for line in lines if line.startswith("#EXTINF:")}
        if len(lengths) != 1:
            raise ValueError(f"{folder}: the segments have lengths {sorted(lengths)}, not one")
        start = next((line for line in lines if line.startswith("#EXT-X-MAP:")), "")
        return cls(folder, start, tuple(line for line in lines if line and line[0] != "#"), float(lengths.pop()))


@dataclass(frozen=True, slots=True)
class HlsCamera:
    """Segments that play round and round, ``offset_seconds`` ahead of those without."""

    segments: Segments
    offset_seconds: float

    def playlist(self, now: float) -> str:
        """Give the live playlist of an instant (seconds since the epoch): the last segments that are complete."""
        segments = self.segments
        last = int((now + self.offset_seconds) / segments.seconds) - 1
        first = last - WINDOW_SEGMENTS + 1
        count = len(segments.names)
        lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{round(segments.seconds)}"]
        lines += [f"#EXT-X-MEDIA-SEQUENCE:{first}", f"#EXT-X-DISCONTINUITY-SEQUENCE:{(first - 1) // count}"]
        lines += ["#EXT-X-INDEPENDENT-SEGMENTS"]
        folder = f"../segments/{segments.folder.name}"
        if segments.start:
            lines += [segments.start.replace('URI="', f'URI="{folder}/')]
        for number in range(first, last + 1):
            began = datetime.fromtimestamp(number * segments.seconds - self.offset_seconds, UTC)
            lines += ["#EXT-X-DISCONTINUITY"] if number % count == 0 else []
            lines += [f"#EXT-X-PROGRAM-DATE-TIME:{began.isoformat(timespec='milliseconds')}"]
            lines += [f"#EXTINF:{segments.seconds:.6f},", f"{folder}/{segments.names[number % count]}"]
        return "\n".join([*lines, ""])


class HlsServer(ThreadingHTTPServer):
    """Python's own web server, with the cameras that it knows."""

    daemon_threads = True

    def __init__(self, port: int, cameras: dict[str, HlsCamera]) -> None:
        self.cameras = cameras
        self.folders = {camera.segments.folder.name: camera.segments.folder for camera in cameras.values()}
        super().__init__((HOST, port), HlsRequest)


class HlsRequest(SimpleHTTPRequestHandler):
    """Answers one client."""

    protocol_version = "HTTP/1.1"
    extensions_map = _TYPES
    server: HlsServer

    def do_GET(self) -> None:
        """Answer with a playlist made for this instant, or with a file."""
        name, _, file = self.path.partition("?")[0].strip("/").partition("/")
        camera = self.server.cameras.get(name)
        if not name:
            self._send_text("".join(f"{known}\n" for known in self.server.cameras), "text/plain; charset=utf-8")
        elif camera is not None and file == "index.m3u8":
            self._send_text(camera.playlist(time.time()), _PLAYLIST_TYPE)
        elif camera is not None and file == "master.m3u8":
            variant = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=2000000,RESOLUTION=1280x720\nindex.m3u8\n"
            self._send_text(variant, _PLAYLIST_TYPE)
        else:
            super().do_GET()

    def translate_path(self, path: str) -> str:
        """Give the file of ``/segments/FOLDER/FILE``; no other is served."""
        parts = unquote(path.partition("?")[0]).strip("/").split("/")
        folder = self.server.folders.get(parts[1]) if len(parts) == 3 and parts[0] == "segments" else None
        nowhere = Path("/nonexistent")
        return str(nowhere if folder is None or parts[2] in ("", ".", "..") else folder / parts[2])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request."""

    def _send_text(self, text: str, content_type: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        self.wfile.write(body)


def parse_camera(text: str) -> tuple[str, HlsCamera]:
    """Read ``NAME=FOLDER`` or ``NAME=FOLDER@SECONDS``.

    Raises:
        argparse.ArgumentTypeError: It is not of that form, or there are no segments in the folder.
    """
    name, _, rest = text.partition("=")
    folder, _, offset = rest.partition("@")
    try:
        return name, HlsCamera(Segments.read(Path(folder)), float(offset or 0.0))
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FOLDER@SECONDS: {error}") from error


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the arguments and serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="hls_server", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--port", type=int, required=True, help="port on loopback; 0 takes a free one")
    parser.add_argument("--camera", type=parse_camera, action="append", required=True, metavar="NAME=FOLDER@SECONDS")
    options = parser.parse_args(arguments)
    try:
        server = HlsServer(options.port, dict(options.camera))
    except OSError as error:
        sys.exit(f"HLS server: {error}")
    print(f"cameras are played on http://{HOST}:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
