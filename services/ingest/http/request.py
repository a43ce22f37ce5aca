"""What a request looks like on the wire, and which headers an entry may have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import SplitResult, quote

from services.ingest.http.authorization import Authorization
from services.ingest.source_errors import SourceRefused

Origin = tuple[str, str, int]
"""Scheme, host, port. Source: RFC 6454."""

_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\x20-\x7e\x80-\xff\t]{0,8192}")
_OURS = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "upgrade", "expect", "te", "trailer", "range"}
)
"""Headers that say how a connection is used: an entry's own would break it."""
_KEPT_IN_TARGET = "%/:=&?~+!$,;'@()*[]|"


def origin_of(parts: SplitResult) -> Origin:
    """Give the origin of a URL that the policy has checked."""
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def check_headers(headers: Mapping[str, str]) -> None:
    """Check the headers of an entry.

    Raises:
        SourceRefused: One has a name or value that HTTP forbids, or says how the connection is used.
    """
    for name, value in headers.items():
        if _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            raise SourceRefused("bad_header", f"header {name[:100]!r} holds characters that HTTP forbids")
        if name.lower() in _OURS:
            raise SourceRefused("bad_header", f"header {name!r} can't be set for a source")


def request_head(parts: SplitResult, headers: Iterable[tuple[str, str]], authorization: Authorization | None) -> bytes:
    """Give a GET with its headers, as bytes.

    Raises:
        SourceRefused: The URL, a header or the secret holds what HTTP forbids. The error doesn't quote it.
    """
    target = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_KEPT_IN_TARGET)
    fields = {"host": ("Host", parts.netloc.rpartition("@")[2]), "user-agent": ("User-Agent", "tilik")}
    fields["accept"] = ("Accept", "*/*")
    fields |= {name.lower(): (name, value) for name, value in headers}
    if authorization is not None and (said := authorization.header(target)) is not None:
        fields["authorization"] = ("Authorization", said)
    lines = []
    for name, value in fields.values():
        if _VALUE.fullmatch(value) is None:
            raise SourceRefused("bad_url", "the URL, a header or the secret holds characters that HTTP forbids")
        lines.append(f"{name}: {value}\r\n")
    return f"GET {target} HTTP/1.1\r\n{''.join(lines)}\r\n".encode("latin-1")
