"""A piece of advice on a camera that can't be read, and what those who give it share."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from schemas.cameras import Source as SourceEntry


@dataclass(frozen=True, slots=True)
class Advice:
    """``what`` happened, in one sentence, and steps ``to_do``, the likeliest first.

    ``paths`` are makes of cameras with where they have their pictures, where that may be what is missing.
    """

    what: str
    to_do: tuple[str, ...]
    paths: tuple[tuple[str, str], ...] = ()


COMMON_PATHS = {
    "rtsp": (
        ("Hikvision", "/Streaming/Channels/101"),
        ("Dahua, Amcrest", "/cam/realmonitor?channel=1&subtype=0"),
        ("Axis", "/axis-media/media.amp"),
        ("Uniview", "/media/video1"),
        ("Hanwha (Samsung)", "/profile2/media.smp"),
        ("Reolink", "/h264Preview_01_main"),
        ("TP-Link, Tapo", "/stream1"),
        ("Vivotek", "/live.sdp"),
    ),
    "http": (
        ("Hikvision, a snapshot", "/ISAPI/Streaming/channels/101/picture"),
        ("Dahua, a snapshot", "/cgi-bin/snapshot.cgi?channel=1"),
        ("Axis, a snapshot", "/axis-cgi/jpg/image.cgi"),
        ("Axis, MJPEG", "/axis-cgi/mjpg/video.cgi"),
        ("Hanwha, a snapshot", "/stw-cgi/video.cgi?msubmenu=snapshot&action=view"),
        ("Vivotek, MJPEG", "/video.mjpg"),
    ),
}
"""Where cameras of common makes have their pictures. Source: the makers' integration guides; firmware differs."""


def host_of(entry: SourceEntry) -> str:
    """Give the host of an entry's URL, or what stands in its place."""
    try:
        return urlsplit(entry.url).hostname or entry.url
    except ValueError:
        return "the host"


def port_of(entry: SourceEntry) -> int:
    """Give the port of an entry's URL, or the usual one of its scheme; 0: there is none."""
    usual = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}
    try:
        parts = urlsplit(entry.url)
        return parts.port or usual.get(parts.scheme, 0)
    except ValueError:
        return 0


def is_rtsp(entry: SourceEntry) -> bool:
    """Tell whether an entry's URL is of RTSP."""
    return entry.url.lower().startswith("rtsp")
