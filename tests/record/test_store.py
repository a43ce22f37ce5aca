"""The object store keeps its promises in a folder and on a real S3 server."""

from __future__ import annotations

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
    with pytest.raises(ValueError):
        folder_store.get("../outside")


@pytest.mark.integration
def test_a_server_that_is_away_or_refuses_can_be_asked_again(s3_server: StoreSettings) -> None:
    for change in ({"endpoint": "http://127.0.0.1:9"}, {"secret_access_key": SecretStr("wrong")}):
        with pytest.raises(RetryableError, match="reading x"):
            ObjectStore(s3_server.model_copy(update={**change, "timeout_seconds": 1})).get("x")


@pytest.mark.parametrize("url", ["http://somewhere/else", "s3:///no-bucket", "/dev/null/folder"])
def test_a_place_that_is_none_is_a_matter_of_configuration(url: str) -> None:
    with pytest.raises(ConfigurationError):
        ObjectStore(StoreSettings(url=url))
