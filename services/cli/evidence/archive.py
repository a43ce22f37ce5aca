"""A zip archive of which every byte follows from what is in it: no times, no compression, one order.

So the same contents are the same archive on every machine, and a byte that is another one is found wherever it is, also
between the files.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import Final, NamedTuple

_HEADER_BYTES: Final = 30
"""A local file header before the file's name. Source: PKWARE's APPNOTE, 4.3.7."""
_UNIX: Final = 3
_MODE: Final = 0o100644 << 16
_MOST_BYTES: Final = 1 << 31
"""Beyond, a zip has headers of another form."""
_PIECE_BYTES: Final = 1 << 16
_UNREADABLE = (zipfile.BadZipFile, zlib.error, RuntimeError, OSError, EOFError, ValueError)


class Unpacked(NamedTuple):
    """What could be read: files by name, names that could not be, and names that are there twice."""

    contents: dict[str, bytes]
    unreadable: set[str]
    double: set[str]


def pack(contents: Mapping[str, bytes]) -> bytes:
    """Give the archive of these files, in their order.

    Raises:
        ValueError: They are 2 GiB or more.
    """
    if sum(map(len, contents.values())) >= _MOST_BYTES:
        raise ValueError("2 GiB or more do not go into one file of evidence")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in contents.items():
            info = zipfile.ZipInfo(name)  # of 1980-01-01 00:00
            info.create_system, info.external_attr = _UNIX, _MODE
            archive.writestr(info, data)
    return buffer.getvalue()


def unpack(data: bytes) -> Unpacked:
    """Read as much of an archive as can be read; ours compresses nothing, so what is compressed is left unread.

    So however an archive was made, reading it takes no more memory than it has bytes.
    """
    found, room = Unpacked({}, set(), set()), len(data)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        names = archive.infolist()
    except _UNREADABLE:
        return found
    for info in names:
        if info.filename in found.contents or info.filename in found.unreadable:
            found.double.add(info.filename)
        room -= info.file_size
        if room < 0 or info.compress_type != zipfile.ZIP_STORED:
            found.unreadable.add(info.filename)
            continue
        try:
            found.contents[info.filename] = archive.read(info)
        except _UNREADABLE:
            found.unreadable.add(info.filename)
    return found


def first_file(data: bytes, name: str) -> bytes | None:
    """Give the first file of an archive of which nothing else can be read; None where it is not that file."""
    size = int.from_bytes(data[22:26], "little")
    start = _HEADER_BYTES + len(name)
    if data[_HEADER_BYTES:start] != name.encode() or start + size > len(data):
        return None
    return data[start : start + size]


def slices(data: bytes, sizes: Mapping[str, int]) -> dict[str, bytes]:
    """Give the files that must lie at these places, for an archive whose directory can't be read."""
    found, at = {}, 0
    for name, size in sizes.items():
        at += _HEADER_BYTES + len(name)
        found[name] = data[at : at + size]
        at += size
    return found


def first_difference(data: bytes, contents: Mapping[str, bytes]) -> tuple[int, str] | None:
    """Give where an archive begins to differ from what ``pack`` makes of the contents, and the name at that place."""
    wanted = pack(contents)
    if data == wanted:
        return None
    at = _first_different(data, wanted)
    end = 0
    for name, content in contents.items():
        end += _HEADER_BYTES + len(name) + len(content)
        if at < end:
            return at, name
    return at, "the archive's directory"


def _first_different(one: bytes, other: bytes) -> int:
    start = 0
    while one[start : start + _PIECE_BYTES] == other[start : start + _PIECE_BYTES]:
        start += _PIECE_BYTES
    pieces = zip(one[start : start + _PIECE_BYTES], other[start : start + _PIECE_BYTES], strict=False)
    shorter = min(len(one), len(other))
    return start + next((at for at, (a, b) in enumerate(pieces) if a != b), shorter - start)
