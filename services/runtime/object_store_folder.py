"""Objects written to a folder: each appears whole or not at all, and is on the disk before that is told.

    bytes ─► a half, synced ─► linked or renamed to its place ─► that folder synced ─► told

Kafka is told that frames are not needed again once they are stored, so what is stored must outlive a power cut.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

LOCK_FILE: Final = ".lock"
_HALVES: Final = ".halves"
_LEFT_AFTER_SECONDS: Final = 86_400
"""A half that is so old was left by a process that was killed."""
_FOLDERS_KNOWN: Final = 8192


class FolderWrites:
    """See the file's head. Safe to use from several threads, and from several processes at once; blocks.

    Each call raises OSError where the folder can't be written to, and ValueError where a key leads out of it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sync_up = lru_cache(_FOLDERS_KNOWN)(self._synced_up)
        self._halves = folder / _HALVES
        self._tidy()

    def put(self, key: str, data: bytes) -> None:
        """Write an object, in place of what may be there."""
        path = self._ready(key)
        with self._half(data) as half:
            half.replace(path)
        sync_folder(path.parent)

    def create(self, key: str, data: bytes) -> str | None:
        """Write an object where there is none, and give its tag; None: there is one."""
        path = self._ready(key)
        with self._half(data) as half:
            try:
                path.hardlink_to(half)
            except FileExistsError:
                return None
            finally:
                sync_folder(path.parent)  # also of another's, which the caller now relies on
        return self.tag_of(data)

    def replace(self, key: str, data: bytes, tag: str) -> str | None:
        """Write an object in place of the one that has this tag, and give the new one's; None: that one is no more.

        A folder knows no such condition: one writer at a time, by a lock on a file, compares the bytes.
        """
        path = self._path(key)
        with (self._folder / LOCK_FILE).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # closing the file gives it back, also when the process is killed
            try:
                now = path.read_bytes()
            except FileNotFoundError:
                return None
            if self.tag_of(now) != tag:
                return None
            self.put(key, data)
        return self.tag_of(data)

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; there may be none."""
        changed = set()
        for path in map(self._path, keys):
            with suppress(FileNotFoundError):
                path.unlink()
                changed.add(path.parent)
        for folder in changed:
            sync_folder(folder)

    def tag_of(self, data: bytes, e_tag: str | None = None) -> str:
        """Give the tag of an object of these bytes."""
        return hashlib.sha256(data).hexdigest()

    def _tidy(self) -> None:
        with suppress(OSError):  # there is none, or who only reads may not
            for left in self._halves.iterdir():
                if left.stat().st_mtime < time.time() - _LEFT_AFTER_SECONDS:
                    left.unlink()

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if {"", ".", ".."} & set(parts):
            raise ValueError(f"{key!r} is no key of an object")
        return self._folder.joinpath(*parts)

    def _ready(self, key: str) -> Path:
        """Give where an object lies, once the folder for it is there and on the disk."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._sync_up(path.parent)
        return path

    def _synced_up(self, folder: Path) -> None:
        """Have a folder, and each above it, on the disk, whoever made it."""
        while folder != self._folder:
            folder = folder.parent
            sync_folder(folder)

    @contextmanager
    def _half(self, data: bytes) -> Iterator[Path]:
        self._halves.mkdir(exist_ok=True)
        half = self._halves / f"half#{secrets.randbits(64)}"  # a name that lists of objects leave out
        try:
            with half.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            yield half
        finally:
            half.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, so that what they name is found after a power cut.

    Raises:
        OSError: It can't be opened, or synced.
    """
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
