"""A sealed original opens with its key and in its place, and nowhere else."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from pydantic import SecretStr

from services.record.filing import FileAlteredError, Filing
from services.record.key_settings import KeySettings
from services.record.sealing import Sealer, SealError
from services.runtime.errors import ConfigurationError
from services.runtime.object_store import ObjectStore
from services.runtime.store_settings import StoreSettings
from tests.record.facts import CAMERA, NOON_MS

_NAME = "minutes/2025-11-25/cam/original/1200"


def _keys(folder: Path, key_id: str = "first") -> KeySettings:
    return KeySettings(sealing_dir=folder / "sealing", sealing_key_id=key_id)


def test_what_was_sealed_is_opened_by_another_process_with_the_key(tmp_path: Path) -> None:
    sealed = Sealer(_keys(tmp_path)).seal(_NAME, b"a face")
    assert b"a face" not in sealed
    assert Sealer(_keys(tmp_path)).open(_NAME, sealed) == b"a face"
    assert (tmp_path / "sealing" / "first").stat().st_mode & 0o777 == 0o600


def test_a_key_is_on_the_disk_before_anything_is_sealed_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[int] = set()
    fsync = os.fsync

    def noted(file: int) -> None:
        fsync(file)
        synced.add(os.fstat(file).st_ino)

    monkeypatch.setattr(os, "fsync", noted)
    Sealer(_keys(tmp_path)).seal(_NAME, b"a face")
    folder = tmp_path / "sealing"
    assert {path.stat().st_ino for path in (folder / "first", folder, tmp_path)} <= synced


def test_the_same_is_sealed_into_other_bytes_each_time(tmp_path: Path) -> None:
    sealer = Sealer(_keys(tmp_path))
    assert sealer.seal(_NAME, b"x") != sealer.seal(_NAME, b"x")


def test_a_sealed_file_opens_in_no_other_place(tmp_path: Path) -> None:
    sealer = Sealer(_keys(tmp_path))
    with pytest.raises(SealError):
        sealer.open("minutes/2025-11-25/cam/original/1201", sealer.seal(_NAME, b"x"))


def test_former_keys_open_what_they_sealed(tmp_path: Path) -> None:
    sealed = Sealer(_keys(tmp_path)).seal(_NAME, b"old")
    renewed = Sealer(_keys(tmp_path, "second"))
    assert renewed.open(_NAME, sealed) == b"old"
    assert b"second" in renewed.seal(_NAME, b"new")


def test_a_key_that_is_not_here_is_named_and_not_made(tmp_path: Path) -> None:
    sealed = Sealer(_keys(tmp_path / "there")).seal(_NAME, b"x")
    with pytest.raises(ConfigurationError, match="'first'"):
        Sealer(_keys(tmp_path / "here")).open(_NAME, sealed)
    assert not (tmp_path / "here").exists()


def test_a_key_may_come_from_the_settings(tmp_path: Path) -> None:
    told = {"first": SecretStr(base64.b64encode(bytes(32)).decode())}
    sealer = Sealer(KeySettings(sealing_dir=tmp_path / "none", sealing_keys=told))
    assert sealer.open(_NAME, sealer.seal(_NAME, b"x")) == b"x"
    assert not (tmp_path / "none").exists()
    with pytest.raises(ConfigurationError, match="not 32 bytes"):
        Sealer(KeySettings(sealing_dir=tmp_path, sealing_keys={"first": SecretStr("c2hvcnQ=")})).seal(_NAME, b"x")


_SEALER = Sealer(KeySettings(sealing_keys={"first": SecretStr(base64.b64encode(bytes(32)).decode())}))
_SEALED = _SEALER.seal(_NAME, b"original")


@settings(deadline=None)
@given(st.integers(0, len(_SEALED) * 8 - 1))
def test_any_flipped_bit_breaks_the_seal(bit: int) -> None:
    flipped = bytearray(_SEALED)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises((SealError, ConfigurationError)):  # of the id's own bits: no such key
        _SEALER.open(_NAME, bytes(flipped))


@given(st.binary(max_size=120) | st.integers(0, len(_SEALED) - 1).map(lambda end: _SEALED[:end]))
def test_what_is_no_sealed_file_is_refused(data: bytes) -> None:
    with pytest.raises((SealError, ConfigurationError)):
        _SEALER.open(_NAME, data)


def test_two_hosts_that_each_made_a_key_of_the_same_name_do_not_seal_beside_each_other(
    folder_store: ObjectStore, tmp_path: Path
) -> None:
    one, other = (Filing(folder_store, Sealer(_keys(tmp_path / host))) for host in ("one", "other"))
    Sealer(_keys(tmp_path / "other")).seal(_NAME, b"another record's")
    one.keep_minute(CAMERA, NOON_MS, "original", b"mp4")
    with pytest.raises(ConfigurationError, match="not the one that this record is sealed with"):
        other.keep_minute(CAMERA, NOON_MS, "original", b"mp4")
    (tmp_path / "other" / "sealing" / "first").write_bytes((tmp_path / "one" / "sealing" / "first").read_bytes())
    Filing(folder_store, Sealer(_keys(tmp_path / "other"))).keep_minute(CAMERA, NOON_MS, "original", b"mp4")


def test_a_recorder_does_not_begin_with_another_key_than_the_record_is_sealed_with(
    folder_store: ObjectStore, tmp_path: Path
) -> None:
    def begin(host: str, key_id: str = "first") -> None:
        Filing(folder_store, Sealer(_keys(tmp_path / host, key_id))).check_key()

    begin("one")
    assert not (tmp_path / "one").exists(), "nothing was sealed yet"
    Filing(folder_store, Sealer(_keys(tmp_path / "one"))).keep_minute(CAMERA, NOON_MS, "original", b"mp4")
    begin("one")
    with pytest.raises(ConfigurationError, match="copy the file of the key"):
        begin("lost")
    assert not (tmp_path / "lost").exists(), "none is made beside the one that is looked for"
    Sealer(_keys(tmp_path / "other")).seal(_NAME, b"another record's")
    with pytest.raises(ConfigurationError, match="not the one that this record is sealed with"):
        begin("other")


def test_a_recorder_that_is_told_to_seal_with_a_new_key_says_which_former_one_is_not_here(
    folder_store: ObjectStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Filing(folder_store, Sealer(_keys(tmp_path / "one"))).keep_minute(CAMERA, NOON_MS, "original", b"mp4")
    Filing(folder_store, Sealer(_keys(tmp_path / "one", "second"))).check_key()
    assert "former_sealing_key_missing" not in capsys.readouterr().out
    Filing(folder_store, Sealer(_keys(tmp_path / "two", "second"))).check_key()
    assert "former_sealing_key_missing" in capsys.readouterr().out


@pytest.mark.integration
def test_for_a_bucket_no_key_is_made_unasked(s3_server: StoreSettings, tmp_path: Path) -> None:
    store = ObjectStore(s3_server.model_copy(update={"url": f"{s3_server.url}/sealing"}))
    filing = Filing(store, Sealer(_keys(tmp_path)))
    with pytest.raises(
        ConfigurationError, match="none is made for a record that is sealed already, or lies in a bucket"
    ):
        filing.keep_minute(CAMERA, NOON_MS, "original", b"mp4")
    assert not (tmp_path / "sealing").exists()
    Sealer(_keys(tmp_path)).seal(_NAME, b"asked for")
    assert filing.take(filing.keep_minute(CAMERA, NOON_MS, "original", b"mp4")) == b"mp4"


def test_files_come_back_as_they_were_kept(folder_store: ObjectStore, tmp_path: Path) -> None:
    filing = Filing(folder_store, Sealer(_keys(tmp_path)))
    public = filing.keep_minute(CAMERA, NOON_MS, "public", b"mp4")
    original = filing.keep_frame(CAMERA, NOON_MS, "ab" * 16, "original", b"jpeg")
    assert public.key.startswith(f"minutes/2025-11-25/{CAMERA}/public/1200-")
    assert public.key.endswith(".mp4")
    assert original.key.endswith(".jpg.sealed")
    assert filing.take(public) == b"mp4"
    assert filing.take(original) == b"jpeg"
    assert folder_store.get(original.key) != b"jpeg"


def test_a_file_that_is_another_one_or_gone_is_told(folder_store: ObjectStore, tmp_path: Path) -> None:
    filing = Filing(folder_store, Sealer(_keys(tmp_path)))
    file = filing.keep_minute(CAMERA, NOON_MS, "public", b"mp4")
    original = filing.keep_minute(CAMERA, NOON_MS, "original", b"mp4")
    with pytest.raises(FileAlteredError, match="does not hold"):
        filing.take(structs.replace(original, plain_sha256="0" * 64))
    folder_store.put(file.key, b"mp5")
    with pytest.raises(FileAlteredError, match="was altered"):
        filing.take(file)
    filing.discard(file)
    with pytest.raises(FileAlteredError, match="is gone"):
        filing.take(file)
