"""Cut a ``multipart/x-mixed-replace`` stream into its parts: what an MJPEG camera sends. Source: RFC 2046, section 5.1.

Cameras differ in whether the boundary they announce already holds the two dashes, whether it is the one that they then
send, whether a line break comes before it, and whether parts state a length.
"""

from __future__ import annotations

import re

_LARGEST_PART_HEADER_BYTES = 8_192
_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]+)"|([^\s;]+))', re.IGNORECASE)
_LENGTH = re.compile(rb"^content-length\s*:\s*(\d{1,12})\s*$", re.IGNORECASE | re.MULTILINE)
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_OTHER_DELIMITER = re.compile(rb"(?:\A|\n)(--[^\s]{1,200})\r?\n(?=content-)", re.IGNORECASE)
_TELLING_BYTES = 6
"""A delimiter of fewer bytes could lie in a picture by chance: it counts only at a line's beginning."""


class MultipartError(ValueError):
    """The stream is not what it says it is."""


def boundary_of(content_type: str) -> bytes:
    """Give the delimiter between parts, dashes included.

    Raises:
        MultipartError: The header names none.
    """
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise MultipartError(f"content type {content_type[:100]!r} names no boundary")
    boundary = (match[1] or match[2]).encode("latin-1", errors="replace")
    return b"--" + boundary.removeprefix(b"--")


class MultipartParser:
    """Fed with bytes as they come, gives the bodies of the parts that are complete.

    Args:
        delimiter: See ``boundary_of``.
        largest_part_bytes: A part that grows beyond this is an error, before it is complete.
    """

    def __init__(self, delimiter: bytes, largest_part_bytes: int) -> None:
        self._delimiter = delimiter
        self._largest_part_bytes = largest_part_bytes
        self._buffer = bytearray()
        self._in_part = False
        self._found = False
        self._length: int | None = None
        self._searched = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes; give the parts that they complete, in order, without empty ones.

        Raises:
            MultipartError: A part or its header is too large, or there is no delimiter where one must be.
        """
        self._buffer += data
        parts: list[bytes] = []
        while True:
            if not self._in_part and not self._take_header():
                return parts
            part = self._take_body()
            if part is None:
                return parts
            if part:
                parts.append(part)

    def _take_header(self) -> bool:
        start = self._buffer.find(self._delimiter)
        if not self._found:
            start = self._other_delimiter() if start < 0 else self._with_its_dashes(start)
        if start < 0:
            if len(self._buffer) > _LARGEST_PART_HEADER_BYTES:
                raise MultipartError("no boundary where a part should begin")
            return False
        end = _HEADER_END.search(self._buffer, start)
        if end is None:
            if len(self._buffer) - start > _LARGEST_PART_HEADER_BYTES:
                raise MultipartError("a part's header is too large")
            return False
        header = bytes(self._buffer[start + len(self._delimiter) : end.start()])
        length = _LENGTH.search(header.replace(b"\r\n", b"\n"))
        self._length = int(length[1]) if length is not None else None
        if self._length is not None and self._length > self._largest_part_bytes:
            raise MultipartError(f"a part of {self._length} bytes, more than {self._largest_part_bytes}")
        del self._buffer[: end.end()]
        self._in_part, self._found, self._searched = True, True, 0
        return True

    def _with_its_dashes(self, start: int) -> int:
        """Give where the first delimiter begins with all dashes that the camera sends, and keep to them from now on."""
        first = start
        while first > 0 and self._buffer[first - 1 : first] == b"-":
            first -= 1
        self._delimiter = b"-" * (start - first) + self._delimiter
        return first

    def _other_delimiter(self) -> int:
        """Give where the first part begins by a delimiter that is not the announced one, and keep to that from now."""
        match = _OTHER_DELIMITER.search(self._buffer)
        if match is None:
            return -1
        self._delimiter = match[1]
        return match.start(1)

    def _take_body(self) -> bytes | None:
        if self._length is not None:
            if len(self._buffer) < self._length:
                return None
            return self._cut(self._length)
        # Without a stated length the next delimiter ends the part; what was searched before is not searched again.
        telling = len(self._delimiter) >= _TELLING_BYTES
        mark = self._delimiter if telling else b"\n" + self._delimiter
        end = self._buffer.find(mark, max(0, self._searched - len(mark)))
        if (len(self._buffer) if end < 0 else end) > self._largest_part_bytes + len(mark):
            raise MultipartError(f"a part of more than {self._largest_part_bytes} bytes")
        if end < 0:
            self._searched = len(self._buffer)
            return None
        part = self._cut(end)
        return part.removesuffix(b"\n").removesuffix(b"\r") if telling else part.removesuffix(b"\r")

    def _cut(self, size: int) -> bytes:
        with memoryview(self._buffer) as view:
            part = bytes(view[:size])
        del self._buffer[:size]
        self._in_part = False
        return part
