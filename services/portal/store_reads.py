"""Reads of the record's store for whoever looks: a few at a time, each object once for a crowd."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, NamedTuple, TypeVar

from services.runtime.errors import RetryableError
from services.runtime.logging import get_logger
from services.runtime.object_store import ObjectStore

log = get_logger(__name__)
T = TypeVar("T")


class DamagedError(RetryableError):
    """An object is there, and is not what was recorded."""


class ReadBounds(NamedTuple):
    """How many reads may be under way and wait, and how long and how much of what was read is kept."""

    at_once: int = 4
    waiting: int = 32
    keep_seconds: float = 30.0
    most_bytes: int = 16 << 20


_USUAL: Final = ReadBounds()


class _Asked(NamedTuple):
    """An object, and the SHA-256 that it must have; None: whatever it is."""

    key: str
    sha256: str | None = None


class _Kept(NamedTuple):
    data: bytes
    until: float


class StoreReads:
    """Gives objects. Used from one event loop; what blocks runs on threads of its own.

    Args:
        store: The record's store.
        seconds: Monotonic seconds.
        bounds: Of reads, and of what is kept.
    """

    def __init__(
        self, store: ObjectStore, seconds: Callable[[], float] = time.monotonic, bounds: ReadBounds = _USUAL
    ) -> None:
        self.store = store
        self._seconds = seconds
        self._bounds = bounds
        self._threads = ThreadPoolExecutor(bounds.at_once, thread_name_prefix="store-reads")
        self._under_way = 0
        self._kept: OrderedDict[_Asked, _Kept] = OrderedDict()
        self._kept_bytes = 0
        self._reading: dict[_Asked, asyncio.Task[bytes | None]] = {}

    async def get(self, key: str) -> bytes | None:
        """Give an object as it is, or was as long ago as it may be kept; None: there is no such object.

        Raises:
            RetryableError: The store is away, or too many reads wait already.
        """
        return await self._give(_Asked(key))

    async def intact(self, key: str, sha256: str) -> bytes | None:
        """Give an object that is what was recorded: has this SHA-256, hex. None: there is no such object.

        Raises:
            RetryableError: As ``get`` does; a ``DamagedError`` where it is another one.
        """
        return await self._give(_Asked(key, sha256))

    def close(self) -> None:
        """Give up what waits to be read."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, read: Callable[[], T]) -> T:
        """Give what a function reads of the store, on one of the threads.

        Raises:
            RetryableError: The store is away, or too many reads wait already.
        """
        if self._under_way >= self._bounds.at_once + self._bounds.waiting:
            raise RetryableError("too many reads of the record's store wait already")
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, read)
        finally:
            self._under_way -= 1

    async def _give(self, asked: _Asked) -> bytes | None:
        kept = self._kept.get(asked)
        if kept is not None and kept.until > self._seconds():
            self._kept.move_to_end(asked)
            return kept.data
        reading = self._reading.get(asked)
        if reading is None:
            reading = self._reading[asked] = asyncio.create_task(self._read(asked))
            reading.add_done_callback(
                lambda done: (self._reading.pop(asked, None), done.cancelled() or done.exception())
            )
        return await asyncio.shield(reading)  # who leaves does not take the object from the others

    async def _read(self, asked: _Asked) -> bytes | None:
        data = await self.run(partial(self._fetched, asked))
        former = self._kept.pop(asked, None)
        self._kept_bytes -= 0 if former is None else len(former.data)
        if data is not None:
            self._kept[asked] = _Kept(data, self._seconds() + self._bounds.keep_seconds)
            self._kept_bytes += len(data)
        while self._kept_bytes > self._bounds.most_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= len(oldest.data)
        return data

    def _fetched(self, asked: _Asked) -> bytes | None:
        """On a thread: hashing a film takes as long as reading it."""
        data = self.store.get(asked.key)
        if data is not None and asked.sha256 is not None and hashlib.sha256(data).hexdigest() != asked.sha256:
            log.error("store.damaged", object_key=asked.key, sha256=asked.sha256)
            raise DamagedError(f"{asked.key} is not what was recorded")
        return data
