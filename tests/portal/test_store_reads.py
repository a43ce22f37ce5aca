"""Reads of the record's store: each object once for a crowd, a few at a time, and no more than fit."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from pathlib import Path

import pytest

from services.portal.store_reads import DamagedError, ReadBounds, StoreReads
from services.runtime.errors import RetryableError
from services.runtime.object_store import ObjectStore
from services.runtime.store_settings import StoreSettings

pytestmark = pytest.mark.integration  # sockets of an event loop


class SlowStore(ObjectStore):
    """A store that answers once it is let, and says what was read of it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(StoreSettings(url=str(folder)))
        self.reads: list[str] = []
        self.let = threading.Event()

    def get(self, key: str) -> bytes | None:
        self.reads.append(key)
        self.let.wait()
        return super().get(key)


@pytest.fixture
def store(tmp_path: Path) -> SlowStore:
    made = SlowStore(tmp_path)
    for name in "abc":
        made.put(name, name.encode() * 100)
    return made


def test_a_crowd_that_wants_the_same_object_reads_it_once(store: SlowStore) -> None:
    async def ask() -> None:
        now = [0.0]
        reads = StoreReads(store, lambda: now[0])
        waiting = [asyncio.create_task(reads.get("a")) for _ in range(50)]
        await asyncio.sleep(0)
        store.let.set()
        assert await asyncio.gather(*waiting) == [b"a" * 100] * 50
        assert await reads.get("a") == b"a" * 100
        assert store.reads == ["a"]
        now[0] += 30.0
        store.delete("a")
        assert await reads.get("a") is None
        assert store.reads == ["a", "a"]

    asyncio.run(ask())


def test_more_reads_than_may_wait_are_refused(store: SlowStore) -> None:
    most = 5

    async def ask() -> None:
        reads = StoreReads(store, bounds=ReadBounds(at_once=2, waiting=3))
        waiting = [asyncio.create_task(reads.get(f"key-{number}")) for number in range(most)]
        await asyncio.sleep(0)
        with pytest.raises(RetryableError, match="too many reads"):
            await reads.get("a")
        assert len(store.reads) <= 2
        store.let.set()
        assert await asyncio.gather(*waiting) == [None] * most
        assert await reads.get("a") == b"a" * 100

    asyncio.run(ask())


def test_what_is_kept_is_bounded(store: SlowStore) -> None:
    store.let.set()

    async def ask() -> None:
        reads = StoreReads(store, bounds=ReadBounds(most_bytes=250))
        for name in ("a", "b", "a", "c", "a", "b"):
            await reads.get(name)
        assert store.reads == ["a", "b", "c", "b"]

    asyncio.run(ask())


def test_an_object_that_is_not_what_was_recorded_is_damaged_and_one_that_is_not_there_is_none(store: SlowStore) -> None:
    store.let.set()

    async def ask() -> None:
        reads = StoreReads(store)
        kept = hashlib.sha256(b"a" * 100).hexdigest()
        assert await reads.intact("a", kept) == b"a" * 100
        assert await reads.intact("z", kept) is None
        assert await reads.get("b") == b"b" * 100
        for _ in range(2):
            with pytest.raises(DamagedError):
                await reads.intact("b", kept)
        assert await reads.intact("a", kept) == b"a" * 100
        assert store.reads == ["a", "z", "b", "b", "b"], "what is damaged is not kept"

    asyncio.run(ask())
