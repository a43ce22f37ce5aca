"""Which kind of source lies at a URL or path."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from schemas.cameras import Source as SourceEntry
from schemas.cameras import SourceKind
from services.ingest.http.client import HttpClient
from services.ingest.source import SourceTools
from services.ingest.source_errors import SourceFailed, SourceRefused

_RTSP_SCHEMES = ("rtsp://", "rtsps://")
_HTTP_SCHEMES = ("http://", "https://")
_CONTENT_TYPES: dict[str, SourceKind] = {
    "multipart/x-mixed-replace": "mjpeg",
    "image/jpeg": "snapshot",
    "image/jpg": "snapshot",
    "application/vnd.apple.mpegurl": "hls",
    "application/x-mpegurl": "hls",
    "audio/mpegurl": "hls",
    "audio/x-mpegurl": "hls",
}
_BEGINNINGS: tuple[tuple[bytes, SourceKind], ...] = (
    (b"\xff\xd8\xff", "snapshot"),
    (b"#EXTM3U", "hls"),
    (b"--", "mjpeg"),
)
_BEGINNING_BYTES = 16
_PAGE_BEGINNINGS = (b"<!doctype", b"<html", b"<head", b"<script", b"<?xml")


async def find_kind(entry: SourceEntry, tools: SourceTools) -> SourceKind:
    """Give the kind of what lies at the entry's URL; its own kind says nothing yet.

    Raises:
        SourceError: It can't be reached, or is no camera (``web_page``, ``not_a_camera``), or no such thing is there.
    """
    url = entry.url
    if url.lower().startswith(_RTSP_SCHEMES):
        return "rtsp"
    if url.lower().startswith(_HTTP_SCHEMES):
        return await _asked(entry, tools)
    if "://" in url:
        raise SourceRefused("scheme_not_allowed", f"scheme {url.partition('://')[0]!r} is none of a camera")
    return await asyncio.to_thread(_kind_of_path, Path(url))


def _kind_of_path(path: Path) -> SourceKind:
    if path.is_dir():
        return "stills"
    if path.is_file():
        return "file"
    raise SourceFailed("not_found", f"there is no file and no folder {path}")


async def _asked(entry: SourceEntry, tools: SourceTools) -> SourceKind:
    # Playlists may lie at other hosts than their segments, so this kind's client follows redirects furthest. The policy
    # is asked about each of them, and the source that is then made follows its own, stricter rule.
    client = tools.http_client(msgspec.structs.replace(entry, kind="hls"))
    try:
        response = await client.get()
        content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type in _CONTENT_TYPES:
            return _CONTENT_TYPES[content_type]
        return _told_by(await _beginning(client, tools), content_type)
    finally:
        await client.close()


async def _beginning(client: HttpClient, tools: SourceTools) -> bytes:
    found = b""
    try:
        async with asyncio.timeout(tools.http.response_seconds):
            while len(found) < _BEGINNING_BYTES and (chunk := await client.read_chunk()):
                found += chunk
    except TimeoutError:
        pass  # what has come so far must do
    return found


def _told_by(beginning: bytes, content_type: str) -> SourceKind:
    for start, kind in _BEGINNINGS:
        if beginning.lstrip().startswith(start):
            return kind
    said = content_type[:80] or "nothing stated"
    if "html" in content_type or beginning.lstrip().lower().startswith(_PAGE_BEGINNINGS):
        raise SourceRefused("web_page", f"the answer is a web page ({said}), no picture")
    raise SourceRefused("not_a_camera", f"the answer is neither JPEG, MJPEG nor a playlist (content type: {said})")
