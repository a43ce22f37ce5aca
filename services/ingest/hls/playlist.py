"""HLS playlists as values. Source: RFC 8216, section 4. Pure: text in, values out.

The ``m3u8`` library reads the tags. It is given only those that are used here, and bounded: its time grows with the
square of the number of keys, and one malformed tag of an advertiser would spoil the whole list.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

import m3u8.parser  # type: ignore[import-untyped]

LARGEST_PLAYLIST_BYTES = 524_288
"""Two hours of 2 s segments with long, signed URLs; a live playlist has some kilobytes."""
_LONGEST_LINE = 4_096
_MOST_LINES = 20_000
_MOST_KEYS = 32
_LONGEST_SEGMENT_SECONDS = 60.0
"""Cameras have 1 to 10 s; a picture out of a longer one would be no news."""
_EMPTY_TARGET_SECONDS = 2.0
"""Of a list without anything in it, which a server has that is only just starting."""
_TAGS = frozenset(
    {"EXTINF", "BYTERANGE", "TARGETDURATION", "MEDIA-SEQUENCE", "DISCONTINUITY", "PROGRAM-DATE-TIME", "KEY", "MAP"}
    | {"GAP", "ENDLIST", "STREAM-INF", "SESSION-KEY"}
)
_TAG = re.compile(r"#(?:EXT-X-)?([A-Z-]+)(?::|$)")
_RESOLUTION = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")
_RANGE = re.compile(r"([0-9]{1,12})(?:@([0-9]{1,15}))?")


class PlaylistError(ValueError):
    """The text is no playlist that can be read. Never quotes it: URLs in it can hold secrets."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Bytes at a URL: all of them, or ``length`` from ``offset`` on."""

    url: str
    offset: int = 0
    length: int | None = None


@dataclass(frozen=True, slots=True)
class MediaSegment:
    """A piece of the stream. ``date_ms`` is the camera's own time of its first picture, ms since the epoch.

    ``encryption`` is the method, empty for none; ``gap``: there is nothing to fetch.
    """

    number: int
    resource: Resource
    seconds: float
    initialisation: Resource | None = None
    date_ms: float | None = None
    discontinuity: bool = False
    encryption: str = ""
    gap: bool = False


@dataclass(frozen=True, slots=True)
class MediaPlaylist:
    """The segments that a server has now, by rising number. ``ended``: there will be no more."""

    target_seconds: float
    segments: tuple[MediaSegment, ...]
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """One of several renditions of a stream. Sizes in px, 0 where the playlist tells none."""

    url: str
    bits_per_second: int = 0
    width: int = 0
    height: int = 0
    codecs: str = ""


@dataclass(frozen=True, slots=True)
class MasterPlaylist:
    """A list of renditions."""

    variants: tuple[Variant, ...]


def parse_playlist(data: bytes, url: str) -> MasterPlaylist | MediaPlaylist:
    """Give a playlist.

    Args:
        data: The playlist as it came; no more than ``LARGEST_PLAYLIST_BYTES``.
        url: Where it came from: what URLs in it are relative to.

    Raises:
        PlaylistError: It is none, is malformed, or goes beyond a limit.
    """
    if len(data) > LARGEST_PLAYLIST_BYTES:
        raise PlaylistError(f"the playlist has more than {LARGEST_PLAYLIST_BYTES} bytes")
    lines = data.decode("utf-8", errors="replace").removeprefix("\ufeff").strip().splitlines()
    if not lines or not lines[0].startswith("#EXTM3U"):
        raise PlaylistError("it does not begin as a playlist does")
    if len(lines) > _MOST_LINES or max(map(len, lines)) > _LONGEST_LINE:
        raise PlaylistError(f"it has more than {_MOST_LINES} lines, or one of more than {_LONGEST_LINE} characters")
    kept = list(_kept(lines))
    if sum(line.startswith(("#EXT-X-KEY", "#EXT-X-SESSION-KEY")) for line in kept) > _MOST_KEYS:
        raise PlaylistError(f"it has more than {_MOST_KEYS} keys")
    try:
        found: dict[str, Any] = m3u8.parser.parse("\n".join(kept))
        return _master(found, url) if found["playlists"] else _media(found, url)
    except PlaylistError:
        raise
    except Exception as error:  # the library raises whatever its casts do
        raise PlaylistError(f"a tag is malformed ({type(error).__name__})") from None


def _kept(lines: list[str]) -> Iterator[str]:
    for raw in lines:
        line = raw.strip()
        tag = _TAG.match(line)
        is_url = bool(line) and not line.startswith("#")
        if is_url or (tag is not None and tag[1] in _TAGS and (tag[1] != "PROGRAM-DATE-TIME" or _is_date(line))):
            yield line.partition(".")[0] if tag is not None and tag[1] == "TARGETDURATION" else line


def _is_date(line: str) -> bool:
    try:
        datetime.fromisoformat(line.partition(":")[2].strip())
    except ValueError:
        return False
    return True


def _master(found: dict[str, Any], url: str) -> MasterPlaylist:
    return MasterPlaylist(tuple(_variant(entry, url) for entry in found["playlists"]))


def _variant(entry: dict[str, Any], url: str) -> Variant:
    told = entry["stream_info"]
    size = _RESOLUTION.fullmatch(told.get("resolution", ""))
    width, height = (int(size[1]), int(size[2])) if size is not None else (0, 0)
    return Variant(urljoin(url, entry["uri"]), told.get("bandwidth", 0), width, height, told.get("codecs", ""))


def _media(found: dict[str, Any], url: str) -> MediaPlaylist:
    first = found["media_sequence"] or 0
    segments: list[MediaSegment] = []
    date_ms: float | None = None
    entries = [entry for entry in found["segments"] if "uri" in entry]
    for number, entry in enumerate(entries, first):
        discontinuity = bool(entry["discontinuity"]) and number > first
        if "program_date_time" in entry:
            date_ms = _ms(entry["program_date_time"])
        elif discontinuity:
            date_ms = None
        segment = _segment(entry, number, url, date_ms, segments[-1] if segments else None)
        segments.append(segment)
        date_ms = date_ms + segment.seconds * 1000 if date_ms is not None else None
    longest = max((segment.seconds for segment in segments), default=0.0)
    target = float(found.get("targetduration", 0)) or longest or _EMPTY_TARGET_SECONDS
    if not 0 < target <= _LONGEST_SEGMENT_SECONDS or longest > _LONGEST_SEGMENT_SECONDS:
        raise PlaylistError(f"segments of {max(target, longest):g} s; up to {_LONGEST_SEGMENT_SECONDS:g} s are read")
    return MediaPlaylist(max(target, longest), tuple(segments), bool(found["is_endlist"]))


def _segment(
    entry: dict[str, Any], number: int, url: str, date_ms: float | None, before: MediaSegment | None
) -> MediaSegment:
    seconds = entry["duration"]
    if not math.isfinite(seconds) or seconds < 0:
        raise PlaylistError("a segment's duration is no time")
    told = entry.get("init_section")
    map_range = told.get("byterange", "") if told else ""
    method = (entry.get("key") or {}).get("method", "NONE").upper()
    return MediaSegment(
        number=number,
        resource=_resource(urljoin(url, entry["uri"]), entry.get("byterange", ""), before),
        seconds=seconds,
        initialisation=_resource(urljoin(url, told["uri"]), map_range, None) if told else None,
        date_ms=date_ms,
        discontinuity=bool(entry["discontinuity"]),
        encryption="" if method == "NONE" else method[:20],
        gap=bool(entry.get("gap_tag")),
    )


def _resource(url: str, text: str, before: MediaSegment | None) -> Resource:
    """Read a byte range; one without an offset goes on where the segment before it ended."""
    if not text:
        return Resource(url)
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise PlaylistError("a byte range is malformed")
    if match[2] is not None:
        return Resource(url, int(match[2]), int(match[1]))
    offset = 0
    if before is not None and before.resource.url == url:
        offset = before.resource.offset + (before.resource.length or 0)
    return Resource(url, offset, int(match[1]))


def _ms(date: datetime) -> float:
    aware = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return aware.timestamp() * 1000
