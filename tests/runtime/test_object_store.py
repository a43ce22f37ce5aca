"""The object store keeps its promises in a folder and on a real S3 server."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.runtime.errors import ConfigurationError, RetryableError
from services.runtime.object_store import ObjectStore
from services.runtime.store_settings import StoreSettings


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.integration)])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    if request.param == "folder":
        found: ObjectStore = request.getfixturevalue("folder_store")
        return found
    settings: StoreSettings = request.getfixturevalue("s3_server")
    return ObjectStore(settings.model_copy(update={"url": f"{settings.url}/{request.node.name}"}))


def test_what_was_put_is_given_listed_and_deleted(store: ObjectStore) -> None:
    store.put("a/2.bin", b"two")
    store.put("a/1.bin", b"one")
    store.put("a/b/3.bin", b"")
    assert store.get("a/1.bin") == b"one"
    assert store.get("a/b/3.bin") == b""
    assert store.size("a/2.bin") == 3
    assert [(one.key, one.size) for one in store.list("a")] == [("a/1.bin", 3), ("a/2.bin", 3), ("a/b/3.bin", 0)]
    assert list(store.folders("a")) == ["b"]
    store.delete("a/1.bin")
    store.delete("a/1.bin")
    assert store.get("a/1.bin") is None
    assert store.size("a/1.bin") is None
    store.delete("a/2.bin", "a/never.bin", "a/b/3.bin")
    assert list(store.list("a")) == []
    store.delete()


def test_what_is_there_is_not_created_again(store: ObjectStore) -> None:
    assert store.create("once", b"first")
    assert store.create("once", b"second") is None
    assert store.get("once") == b"first"


def test_an_object_is_replaced_only_where_it_is_still_the_same(store: ObjectStore) -> None:
    first = store.create("x", b"1")
    assert first
    second = store.replace("x", b"2", first)
    assert second
    assert store.replace("x", b"3", first) is None
    assert store.get("x") == b"2"
    found = store.versioned("x")
    assert found is not None
    assert found.tag == second
    assert store.replace("never", b"", second) is None


def test_of_writers_at_the_same_time_each_number_is_given_once(store: ObjectStore) -> None:
    store.put("count", b"0")

    def count_up() -> None:
        done = 0
        while done < 10:
            now = store.versioned("count")
            assert now is not None
            done += store.replace("count", str(int(now.data) + 1).encode(), now.tag) is not None

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.get("count") == b"40"


def test_a_store_that_keeps_conditions_passes_the_check_again_and_again(store: ObjectStore) -> None:
    store.check()
    store.check()


def test_a_key_never_leads_out_of_the_store(folder_store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"secret")
    for key in ("../outside", "a/../../outside", "/outside"):
        with pytest.raises(ValueError):
            folder_store.put(key, b"1")
    with pytest.raises(ValueError):
        folder_store.get("../outside")
    assert (tmp_path / "outside").read_bytes() == b"secret"


def test_what_a_folder_says_it_has_is_on_the_disk_by_then(
    folder_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: dict[int, str] = {}
    folder, fsync = tmp_path / "record", os.fsync

    def noted(file: int) -> None:
        fsync(file)
        there = [path.name for path in folder.rglob("object*")]
        synced.setdefault(os.fstat(file).st_ino, "".join(there))

    monkeypatch.setattr(os, "fsync", noted)
    for number, write in enumerate((folder_store.put, folder_store.create)):
        write(f"{number}/a/object", b"1")
        places = [folder / str(number) / "a" / "object", folder / str(number) / "a", folder / str(number), folder]
        assert [synced.get(path.stat().st_ino) for path in places] == ["", "object", "", ""], "bytes, then their name"
        synced.clear()
        (folder / str(number) / "a" / "object").rename(tmp_path / f"away-{number}")
    assert (tag := folder_store.create("object", b"1"))
    synced.clear()
    assert folder_store.replace("object", b"2", tag)
    assert {(folder / "object").stat().st_ino, folder.stat().st_ino} <= set(synced)


def test_halves_of_killed_writers_are_never_listed_and_go_after_a_day(
    folder_store: ObjectStore, tmp_path: Path
) -> None:
    folder_store.put("a", b"1")
    left = tmp_path / "record" / ".halves" / "half#1"
    left.write_bytes(b"half a minute")
    assert [one.key for one in folder_store.list("")] == ["a"]
    ObjectStore(StoreSettings(url=str(tmp_path / "record")))
    assert left.exists()
    os.utime(left, (0, 0))
    ObjectStore(StoreSettings(url=str(tmp_path / "record")))
    assert not left.exists()


def test_who_only_reads_changes_nothing_in_a_folder(tmp_path: Path) -> None:
    store = ObjectStore(StoreSettings(url=str(tmp_path)))
    store.delete("never/there")
    assert store.get("never") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.integration
def test_a_server_that_is_away_or_refuses_can_be_asked_again(s3_server: StoreSettings) -> None:
    for change in ({"endpoint": "http://127.0.0.1:9"}, {"secret_access_key": SecretStr("wrong")}):
        with pytest.raises(RetryableError, match="reading x"):
            ObjectStore(s3_server.model_copy(update={**change, "timeout_seconds": 1})).get("x")


@pytest.mark.parametrize("url", ["http://somewhere/else", "s3:///no-bucket", "/dev/null/folder"])
def test_a_place_that_is_none_is_a_matter_of_configuration(url: str) -> None:
    with pytest.raises(ConfigurationError):
        ObjectStore(StoreSettings(url=url))
