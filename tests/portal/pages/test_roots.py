"""The daily roots on the pages are the record's own files."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.recordings import SIGNED_ROOT_CODEC, DailyRoot, SignedRoot
from services.portal.pages.daily_roots import KEYS, ROOTS, DailyRoots
from services.portal.store_reads import StoreReads
from services.record.object_keys import public_key_key, root_key
from services.runtime.errors import RetryableError
from services.runtime.object_store import ObjectStore, StoredObject
from services.runtime.store_settings import StoreSettings
from tests.portal.pages.small_city import portal_of, visitor_of

pytestmark = pytest.mark.integration  # sockets of an event loop

KEY_ID = "0123456789abcdef"


def root_of(day: str, chains: int) -> bytes:
    root = DailyRoot(version=1, day=day, made_at_ms=1, chain_count=chains, merkle_root=f"{chains:064x}")
    return SIGNED_ROOT_CODEC.encode(SignedRoot(root=root, key_id=KEY_ID, signature="ab" * 64))


def test_roots_and_keys_lie_where_the_recorder_puts_them() -> None:
    assert root_key("2026-11-25") == f"{ROOTS}/2026-11-25.json"
    assert public_key_key(KEY_ID) == f"{KEYS}/{KEY_ID}.json"


def test_the_latest_roots_are_listed_and_their_files_are_given_byte_for_byte(tmp_path: Path) -> None:
    settings = StoreSettings(url=str(tmp_path))
    store = ObjectStore(settings)
    for day in range(1, 25):
        store.put(root_key(f"2026-11-{day:02d}"), root_of(f"2026-11-{day:02d}", day))
    store.put(public_key_key(KEY_ID), b'{"a": 1}')
    store.put("chains/2026-11-01/a/0", b"not for everybody by this way")

    with portal_of([], store=settings) as portal, visitor_of(portal) as visitor:
        page = visitor.page("/record")
        assert page.index("2026-11-24") < page.index("2026-11-11")
        assert "2026-11-10" not in page
        assert f"{24:064x}" in page
        assert visitor.get("/record/roots/2026-11-03.json").content == root_of("2026-11-03", 3)
        assert visitor.get(f"/record/keys/{KEY_ID}.json").content == b'{"a": 1}'
        for path in ("roots/2026-11-30", "roots/..%2Fchains%2F2026-11-01", "keys/..", "roots/2026-11-03.json%00"):
            assert visitor.get(f"/record/{path}.json").status_code == 404


def test_without_a_root_the_page_says_when_the_first_one_comes(tmp_path: Path) -> None:
    with portal_of([], store=StoreSettings(url=str(tmp_path))) as portal, visitor_of(portal) as visitor:
        assert "Belum ada akar" in visitor.page("/record")


class CountedStore(ObjectStore):
    """A store that counts how often it is listed."""

    lists = 0

    def list(self, prefix: str) -> Iterator[StoredObject]:
        self.lists += 1
        return super().list(prefix)


def test_a_crowd_reads_the_list_once_and_a_failure_stands_for_some_seconds(tmp_path: Path) -> None:
    store = CountedStore(StoreSettings(url=str(tmp_path)))
    store.put(root_key("2026-11-25"), b"no root")
    now = [0.0]

    async def ask() -> None:
        roots = DailyRoots(StoreReads(store), lambda: now[0])
        answers = await asyncio.gather(*(roots.now() for _ in range(20)), return_exceptions=True)
        assert all(isinstance(answer, RetryableError) for answer in answers)
        with pytest.raises(RetryableError, match="no root"):
            await roots.now()
        assert store.lists == 1
        store.put(root_key("2026-11-25"), root_of("2026-11-25", 3))
        now[0] += 6
        assert {(await roots.now()).days for _ in range(3)} == {1}
        assert store.lists == 2

    asyncio.run(ask())


def test_what_is_no_root_is_not_shown_as_one(tmp_path: Path) -> None:
    settings = StoreSettings(url=str(tmp_path))
    ObjectStore(settings).put(root_key("2026-11-25"), b'{"root": "forged"}')

    with portal_of([], store=settings) as portal, visitor_of(portal) as visitor:
        page = visitor.page("/record")
        assert "Akar sedang tidak bisa dibaca" in page
        assert "forged" not in page
