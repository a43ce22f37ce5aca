"""The daily roots of the record and the keys that sign them, as they lie in the object store: byte for byte."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from schemas.codec import ContractError
from schemas.recordings import SIGNED_ROOT_CODEC, SignedRoot
from services.portal.store_reads import StoreReads
from services.runtime.errors import RetryableError
from services.runtime.logging import get_logger

log = get_logger(__name__)

ROOTS: Final = "roots"
KEYS: Final = "keys"
"""Folders of the store, as the recorder names them."""
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_KEY_ID: Final = re.compile(r"[0-9a-f]{16}", re.ASCII)
_KEEP_SECONDS: Final = 60.0
_FAILURE_SECONDS: Final = 5.0
_LATEST: Final = 14


class RootsNow(NamedTuple):
    """The latest roots, newest first, and how many days have one."""

    latest: tuple[SignedRoot, ...]
    days: int


class DailyRoots:
    """Reads roots and keys for the pages; the list is read once a minute, however many ask.

    A list that could not be read is not tried again for some seconds: whoever asks meanwhile is told so at once.

    Args:
        store: Reads the record's store.
        seconds: Monotonic seconds.
    """

    def __init__(self, store: StoreReads, seconds: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._seconds = seconds
        self._kept: RootsNow | RetryableError | None = None
        self._until = 0.0
        self._reading: asyncio.Task[RootsNow | RetryableError] | None = None

    async def now(self) -> RootsNow:
        """Give the latest roots. They are shown, not judged: whoever doubts them checks the files.

        Raises:
            RetryableError: The store is away, or a root is none.
        """
        kept = self._kept
        if kept is None or self._until <= self._seconds():
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._renewed())
            kept = await asyncio.shield(self._reading)  # who leaves does not take the list from the others
        if isinstance(kept, RetryableError):
            raise RetryableError(str(kept))
        return kept

    async def root_file(self, day: str) -> bytes | None:
        """Give the file of a day's root, None where there is none.

        Raises:
            RetryableError: The store is away.
        """
        return await self._file(f"{ROOTS}/{day}.json") if _DAY.fullmatch(day) else None

    async def key_file(self, key_id: str) -> bytes | None:
        """Give the file of a public key, None where there is none.

        Raises:
            RetryableError: The store is away.
        """
        return await self._file(f"{KEYS}/{key_id}.json") if _KEY_ID.fullmatch(key_id) else None

    async def _file(self, key: str) -> bytes | None:
        return await self._store.get(key)

    async def _renewed(self) -> RootsNow | RetryableError:
        keep_seconds = _KEEP_SECONDS
        try:
            self._kept = await self._store.run(self._read)
        except RetryableError as error:
            self._kept, keep_seconds = error, _FAILURE_SECONDS
        self._until = self._seconds() + keep_seconds
        return self._kept

    def _read(self) -> RootsNow:
        store = self._store.store
        keys = [one.key for one in store.list(ROOTS)]
        latest = []
        for key in reversed(keys[-_LATEST:]):
            data = store.get(key)
            if data is None:
                continue
            try:
                latest.append(SIGNED_ROOT_CODEC.decode(data))
            except ContractError as error:
                log.error("roots.unreadable", key=key, error=str(error))
                raise RetryableError(f"{key} is no root: {error}") from error
        return RootsNow(tuple(latest), len(keys))
