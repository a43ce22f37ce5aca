"""What ``coverage_guided`` throws bytes at: each target takes any, and raises only what its contract names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.ingest.hls.playlist import MediaPlaylist, PlaylistError, parse_playlist
from services.ingest.http.authorization import Authorization
from services.ingest.http.multipart import MultipartError, MultipartParser
from services.ingest.jpeg_header import UnusablePictureError, read_header
from services.ingest.rtsp.messages import parse_reply
from services.ingest.rtsp.sdp import choose_video, parse_sdp
from services.ingest.secret_store import Secret
from services.ingest.source_errors import SourceError
from tests.fuzz import test_hls, test_http, test_pictures, test_rtsp

EXPECTED = (SourceError, PlaylistError, MultipartError, UnusablePictureError)


def _multipart(data: bytes) -> None:
    parser = MultipartParser(b"--frame", 4096)
    for start in range(0, len(data), 700):
        parser.feed(data[start : start + 700])


def _jpeg(data: bytes) -> None:
    read_header(data, test_pictures.PIXELS)


def _playlist(data: bytes) -> None:
    playlist = parse_playlist(data, test_hls.URL)
    if isinstance(playlist, MediaPlaylist):
        test_hls.check_media(playlist)


def _sdp(data: bytes) -> None:
    choose_video(parse_sdp(data.decode("utf-8", errors="replace")))


def _reply(data: bytes) -> None:
    parse_reply(data)


def _packets(data: bytes) -> None:
    """Packets of 64 bytes, so that the fuzzer has many in a short input."""
    for codec in ("h264", "h265"):
        target = test_rtsp.depacketizer(codec)
        for start in range(0, len(data), 64):
            target.feed(data[start : start + 64])


def _challenge(data: bytes) -> None:
    authorization = Authorization(Secret("admin", "Zx9geheim"))
    if authorization.challenge([data.decode("latin-1")]):
        authorization.header("/x")


TARGETS: dict[str, tuple[Callable[[bytes], None], Sequence[bytes]]] = {
    "multipart": (_multipart, test_http.PARTS),
    "jpeg": (_jpeg, test_pictures.JPEGS),
    "playlist": (_playlist, (test_hls.MEDIA, test_hls.MASTER)),
    "sdp": (_sdp, test_rtsp.SDPS),
    "reply": (_reply, test_rtsp.REPLIES),
    "packets": (_packets, tuple(test_pictures.UNITS.values())),
    "challenge": (_challenge, test_http.CHALLENGES),
}
