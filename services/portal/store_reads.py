"""Reads of the record's store for whoever looks: a few at a time, each object once for a crowd."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple, TypeVar

from services.runtime.errors import RetryableError
from services.runtime.logging import get_logger
from services.runtime.object_store import ObjectStore

log = get_logger(__name__)
T = TypeVar("T")
_AT_ONCE: Final = 4
_WAITING: Final = 32
_KEEP_SECONDS: Final = 30.0
_MOST_BYTES: Final = 16 << 20


class _Kept(NamedTuple):
    data: bytes
    until: float


class StoreReads:
    """Gives objects. Used from one event loop; what blocks runs on threads of its own.

    Args:
        store: The record's store.
        seconds: Monotonic seconds.
    """

    def __init__(self, store: ObjectStore, seconds: Callable[[], float] = time.monotonic) -> None:
        self.store = store
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="store-reads")
        self._under_way = 0
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._kept_bytes = 0
        self._reading: dict[str, asyncio.Task[bytes | None]] = {}

    async def get(self, key: str) -> bytes | None:
        """Give an object as it is, or was half a minute ago; None: there is no such object.

        Raises:
            RetryableError: The store is away, or too many reads wait already.
        """
        kept = self._kept.get(key)
        if kept is not None and kept.until > self._seconds():
            self._kept.move_to_end(key)
            return kept.data
        reading = self._reading.get(key)
        if reading is None:
            reading = self._reading[key] = asyncio.create_task(self._read(key))
            reading.add_done_callback(lambda done: (self._reading.pop(key, None), done.cancelled() or done.exception()))
        return await asyncio.shield(reading)  # who leaves does not take the object from the others

    async def intact(self, key: str, sha256: str) -> bytes | None:
        """Give an object that is what was recorded: has this SHA-256, hex. None: there is none, or it is damaged.

        Raises:
            RetryableError: As ``get`` does.
        """
        data = await self.get(key)
        if data is not None and hashlib.sha256(data).hexdigest() != sha256:
            log.error("store.damaged", object_key=key, sha256=sha256)
            return None
        return data

    def close(self) -> None:
        """Give up what waits to be read."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, read: Callable[[], T]) -> T:
        """Give what a function reads of the store, on one of the threads.

        Raises:
            RetryableError: The store is away, or too many reads wait already.
        """
        if self._under_way >= _AT_ONCE + _WAITING:
            raise RetryableError("too many reads of the record's store wait already")
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, read)
        finally:
            self._under_way -= 1

    async def _read(self, key: str) -> bytes | None:
        data = await self.run(lambda: self.store.get(key))
        former = self._kept.pop(key, None)
        self._kept_bytes -= 0 if former is None else len(former.data)
        if data is not None:
            self._kept[key] = _Kept(data, self._seconds() + _KEEP_SECONDS)
            self._kept_bytes += len(data)
        while self._kept_bytes > _MOST_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= len(oldest.data)
        return data
