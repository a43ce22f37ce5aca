"""RTSP's text: requests and replies. Source: RFC 2326. Nothing here does I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from services.ingest.source_errors import SourceFailed, SourceRefused

LARGEST_HEAD_BYTES = 16_384
LARGEST_BODY_BYTES = 65_536
"""An SDP of a camera has about 1 kB; a megabyte of it is an attack or not RTSP."""

HEAD_END = b"\r\n\r\n"
_STATUS_LINE = re.compile(r"RTSP/[0-9]\.[0-9] ([0-9]{3})(?: (.*))?")
_REQUEST_LINE = re.compile(r"([A-Z_]{3,20}) \S+ RTSP/[0-9]\.[0-9]")
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Message:
    """What a server sent: a reply, or with ``method`` a request of its own (``status`` is then 0)."""

    status: int
    reason: str
    method: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def header(self, name: str) -> str:
        """Give the first value of a header, named in lower case; empty without one."""
        return next((value for key, value in self.headers if key == name), "")

    def values(self, name: str) -> tuple[str, ...]:
        """Give all values of a header, in order."""
        return tuple(value for key, value in self.headers if key == name)

    @property
    def body_bytes(self) -> int:
        """Give how long a body its head announces.

        Raises:
            SourceFailed: That is no number, or more than ``LARGEST_BODY_BYTES``.
        """
        text = self.header("content-length").strip() or "0"
        if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) > LARGEST_BODY_BYTES:
            raise SourceFailed("framing", f"a reply announces a body of {text[:20]} bytes")
        return int(text)


def parse_head(head: bytes) -> Message:
    """Read a message's first line and headers; ``head`` ends with, or before, its empty line.

    Raises:
        SourceFailed: It is no RTSP.
    """
    lines = head.decode("latin-1").replace("\r\n", "\n").rstrip("\n").split("\n")
    headers = tuple(_headers(lines[1:]))
    if (reply := _STATUS_LINE.fullmatch(lines[0])) is not None:
        return Message(int(reply[1]), reply[2] or "", "", headers)
    if (request := _REQUEST_LINE.fullmatch(lines[0])) is not None:
        return Message(0, "", request[1], headers)
    raise SourceFailed("framing", "the server does not speak RTSP")


def parse_reply(data: bytes) -> Message:
    """Read one whole message, with its body.

    Raises:
        SourceFailed: It is no RTSP, or is cut off.
    """
    head, end, rest = data.partition(HEAD_END)
    message = parse_head(head)
    if not end or len(rest) < message.body_bytes:
        raise SourceFailed("framing", "a message is cut off")
    body = rest[: message.body_bytes]
    return Message(message.status, message.reason, message.method, message.headers, body)


def format_request(method: str, url: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """Give a request's bytes.

    Raises:
        SourceFailed: The URL, part of which the server may have chosen, would break out of its line.
        SourceRefused: A header would; that can only be the secret.
    """
    if _UNPRINTABLE.search(url):
        raise SourceFailed("bad_control_url", "the camera names a URL with spaces or control characters")
    lines = [f"{name}: {value}" for name, value in headers]
    if any(_CONTROL.search(line) for line in lines):
        raise SourceRefused("bad_secret", "the secret holds characters that RTSP forbids")
    return "\r\n".join([f"{method} {url} RTSP/1.0", *lines, "", ""]).encode()


def _headers(lines: list[str]) -> Iterable[tuple[str, str]]:
    name, value = "", ""
    for line in lines:
        if line[:1] in (" ", "\t") and name:  # folded
            value = f"{value} {line.strip()}"
            continue
        if name:
            yield name, value
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
    if name:
        yield name, value
