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
_UNREADABLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError, ValueError)


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
    """Read as much of an archive as can be read."""
    found = Unpacked({}, set(), set())
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        names = archive.infolist()
    except _UNREADABLE:
        return found
    for info in names:
        if info.filename in found.contents or info.filename in found.unreadable:
            found.double.add(info.filename)
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
    at = next((at for at, (a, b) in enumerate(zip(data, wanted, strict=False)) if a != b), min(len(data), len(wanted)))
    end = 0
    for name, content in contents.items():
        end += _HEADER_BYTES + len(name) + len(content)
        if at < end:
            return at, name
    return at, "the archive's directory"
