"""Keys are made once and kept private; what they sign is told from everything else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec import structs

from schemas.recordings import PUBLIC_KEY_CODEC, PublicKey
from services.record.object_keys import public_key_key
from services.record.signatures import is_endorsed, is_own, is_signed, trusted_keys
from services.record.signing import Signer, new_key_pem, publish_key, published_keys
from services.runtime.errors import ConfigurationError
from services.runtime.object_store import ObjectStore


def test_a_key_is_made_at_first_use_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.pem"
    first = Signer.open(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Signer.open(path).key_id == first.key_id
    assert [one.name for one in path.parent.iterdir()] == ["signing.pem"]


def test_of_several_that_come_first_all_have_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "signing.pem"
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: Signer.open(path).key_id, range(8)))
    assert len(set(ids)) == 1


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "signing.pem"
    Signer.open(path)
    path.chmod(0o604)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        Signer.open(path)


def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "signing.pem"
    path.touch(0o600)
    with pytest.raises(ConfigurationError, match="no PEM file"):
        Signer.open(path)


def test_a_signature_is_of_one_thing_by_one_key(tmp_path: Path) -> None:
    signer, other = Signer.open(tmp_path / "a"), Signer.open(tmp_path / "b")
    signature = signer.sign("root", b"data")
    assert is_signed("root", b"data", signature, signer.public_key)
    assert not is_signed("export", b"data", signature, signer.public_key)
    assert not is_signed("root", b"date", signature, signer.public_key)
    assert not is_signed("root", b"data", signature, other.public_key)
    assert not is_signed("root", b"data", "00" * 64, signer.public_key)
    assert not is_signed("root", b"data", signature, "00" * 31)


def test_a_new_key_is_endorsed_by_the_one_before(folder_store: ObjectStore, tmp_path: Path) -> None:
    old, new = Signer.open(tmp_path / "old"), Signer.open(tmp_path / "new")
    publish_key(folder_store, old)
    publish_key(folder_store, new, old)
    keys = published_keys(folder_store)
    assert set(keys) == {old.key_id, new.key_id}
    assert is_endorsed(keys[new.key_id], keys[old.key_id])
    assert not is_endorsed(keys[old.key_id], keys[new.key_id])
    assert not is_endorsed(structs.replace(keys[new.key_id], since_ms=0), keys[old.key_id])


def _three_keys(folder: Path) -> tuple[list[Signer], list[PublicKey]]:
    first, second, third = (Signer.open(folder / name) for name in ("first", "second", "third"))
    return [first, second, third], [first.statement(1), second.statement(2, first), third.statement(3, second)]


def test_whoever_trusts_one_of_the_citys_keys_trusts_those_before_and_after(tmp_path: Path) -> None:
    _, said = _three_keys(tmp_path)
    keys = {one.key_id: one for one in said}
    assert [trusted_keys(keys, anchor) for anchor in said] == [set(keys)] * 3


def test_a_stranger_can_not_say_that_a_key_of_the_citys_was_endorsed_by_theirs(tmp_path: Path) -> None:
    _, said = _three_keys(tmp_path)
    stranger = Signer.open(tmp_path / "stranger")
    grafted = structs.replace(said[1], endorsed_by=stranger.key_id, endorsement="")
    signature = stranger.sign("key", PUBLIC_KEY_CODEC.encode(structs.replace(grafted, signature="")))
    grafted = structs.replace(grafted, endorsement=signature)
    theirs = stranger.statement(0)
    assert is_endorsed(grafted, theirs)
    keys = {one.key_id: one for one in (said[0], grafted, said[2], theirs)}
    assert trusted_keys(keys, said[2]) == {said[2].key_id}
    assert stranger.key_id not in trusted_keys(keys, said[0])


def test_since_when_a_key_is_used_only_the_key_says(folder_store: ObjectStore, tmp_path: Path) -> None:
    signer = Signer.open(tmp_path / "key")
    said = publish_key(folder_store, signer)
    assert is_own(said)
    folder_store.put(public_key_key(said.key_id), PUBLIC_KEY_CODEC.encode(structs.replace(said, since_ms=0)))
    assert published_keys(folder_store) == {}
    with pytest.raises(ConfigurationError, match="altered"):
        publish_key(folder_store, signer)


def test_two_hosts_that_each_made_a_key_do_not_sign_beside_each_other(
    folder_store: ObjectStore, tmp_path: Path
) -> None:
    publish_key(folder_store, Signer.open(tmp_path / "one"))
    with pytest.raises(ConfigurationError, match="this host has another key"):
        publish_key(folder_store, Signer.open(tmp_path / "other"))
    publish_key(folder_store, Signer.open(tmp_path / "other"), may_begin_anew=True)


def test_a_published_key_is_not_published_anew(folder_store: ObjectStore, tmp_path: Path) -> None:
    signer = Signer.open(tmp_path / "key")
    assert publish_key(folder_store, signer) == publish_key(folder_store, signer)


def test_each_new_key_is_another(tmp_path: Path) -> None:
    assert new_key_pem() != new_key_pem()
