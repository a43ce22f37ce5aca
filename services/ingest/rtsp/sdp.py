"""What a camera says of its streams. Source: RFC 8866 (SDP), RFC 2326 C.1 (control), RFC 6184 8.1, RFC 7798 7.1."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field

from services.ingest.source_errors import SourceFailed, SourceRefused

_LARGEST_TEXT = 65_536
_MOST_LINES = 2_000
_MOST_PARAMETER_SETS = 16
_LARGEST_PARAMETER_SET = 4_096
_PARAMETER_SETS = ("sprop-vps", "sprop-sps", "sprop-pps", "sprop-parameter-sets")
_STATIC_ENCODINGS = {"26": "JPEG", "31": "H261", "32": "MPV", "33": "MP2T", "34": "H263"}
"""Payload types that need no ``rtpmap``. Source: RFC 3551, table 5."""


@dataclass(slots=True)
class Media:
    """One ``m=`` section: ``rtpmap`` and ``fmtp`` by payload type, other attributes by name."""

    kind: str
    protocol: str
    payload_types: tuple[str, ...]
    rtpmap: dict[str, str] = field(default_factory=dict)
    fmtp: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Description:
    """A session: its own attributes, and its media in order."""

    attributes: dict[str, str] = field(default_factory=dict)
    media: list[Media] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The video that is read. ``encoding`` is in upper case; ``parameter_sets`` are NAL units without start codes.

    ``frames_per_second`` is 0 where the camera does not say. ``session_control`` and ``control`` are as they stand.
    """

    encoding: str
    payload_type: int
    clock_rate: int
    parameter_sets: tuple[bytes, ...]
    frames_per_second: float
    session_control: str
    control: str


def parse_sdp(text: str) -> Description:
    """Read an SDP; what is not known is passed over.

    Raises:
        SourceFailed: It is no SDP, or a very long one.
    """
    lines = text.replace("\r", "\n").split("\n", _MOST_LINES) if len(text) <= _LARGEST_TEXT else []
    if not lines or len(lines) > _MOST_LINES or not text.lstrip().startswith("v="):
        raise SourceFailed("sdp", "the camera's description is no SDP, or a very long one")
    description = Description()
    for line in lines:
        kind, equals, value = line.strip().partition("=")
        if equals and kind == "m":
            description.media.append(_media(value))
        elif equals and kind == "a":
            _take_attribute(description, value)
    return description


def choose_video(description: Description) -> VideoTrack:
    """Give the first video.

    Raises:
        SourceRefused: There is none, or it is encrypted.
    """
    media = next((media for media in description.media if media.kind == "video" and media.payload_types), None)
    if media is None:
        kinds = ", ".join(sorted({media.kind for media in description.media})) or "nothing"
        raise SourceRefused("no_video", f"the camera offers {kinds[:80]}, but no video")
    if "SAVP" in media.protocol.upper():
        raise SourceRefused("encrypted", "the camera encrypts its video (SRTP): switch that off, or use rtsps://")
    payload_type = media.payload_types[0]
    encoding, clock_rate = _encoding(media, payload_type)
    return VideoTrack(
        encoding=encoding,
        payload_type=int(payload_type),
        clock_rate=clock_rate,
        parameter_sets=_parameter_sets(media.fmtp.get(payload_type, "")),
        frames_per_second=_frame_rate(media.attributes),
        session_control=description.attributes.get("control", ""),
        control=media.attributes.get("control", ""),
    )


def _media(value: str) -> Media:
    kind, _port, protocol, *payload_types = [*value.split(), "", "", ""][:67]
    numbers = (text for text in payload_types if text.isascii() and text.isdigit() and len(text) < 4)
    return Media(kind, protocol, tuple(text for text in numbers if int(text) < 128))


def _take_attribute(description: Description, value: str) -> None:
    name, _, rest = value.partition(":")
    media = description.media[-1] if description.media else None
    if media is not None and name in ("rtpmap", "fmtp"):
        payload_type, _, text = rest.strip().partition(" ")
        (media.rtpmap if name == "rtpmap" else media.fmtp).setdefault(payload_type, text.strip())
    else:
        (description if media is None else media).attributes.setdefault(name, rest.strip())


def _encoding(media: Media, payload_type: str) -> tuple[str, int]:
    name, _, clock = media.rtpmap.get(payload_type, "").partition("/")
    clock = clock.partition("/")[0]
    rate = int(clock) if clock.isascii() and clock.isdigit() and len(clock) < 10 else 0
    return (name or _STATIC_ENCODINGS.get(payload_type, "unknown")).upper()[:40], rate or 90_000


def _frame_rate(attributes: dict[str, str]) -> float:
    try:
        rate = float((attributes.get("framerate") or attributes.get("x-framerate") or "0")[:20])
    except ValueError:
        return 0.0
    return rate if 0 < rate <= 1000 else 0.0


def _parameter_sets(fmtp: str) -> tuple[bytes, ...]:
    fields: dict[str, str] = {}
    for part in fmtp.split(";"):
        name, _, value = part.partition("=")
        fields.setdefault(name.strip().lower(), value.strip())
    sets = (decoded for name in _PARAMETER_SETS for decoded in _decoded(fields.get(name, "")))
    return tuple(sets)[:_MOST_PARAMETER_SETS]


def _decoded(text: str) -> Iterator[bytes]:
    """Give the sets; one that can't be read is left out: cameras repeat them in their streams."""
    for part in text.split(",")[:_MOST_PARAMETER_SETS]:
        try:
            data = base64.b64decode(part + "=" * (-len(part) % 4), validate=True)
        except (binascii.Error, ValueError):
            continue
        if 2 <= len(data) <= _LARGEST_PARAMETER_SET:
            yield data
