from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from deploy.local import footage
from deploy.local.footage import ensure_footage
from deploy.local.rendered_street import HEIGHT_PX, WIDTH_PX

CLIP = b"bytes that stand for the clip"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package whose clip is the pinned one."""
    monkeypatch.setattr(footage, "SHA256", hashlib.sha256(CLIP).hexdigest())
    path = tmp_path / "installed.avi"
    path.write_bytes(CLIP)
    return path


def test_the_installed_clip_is_copied_once(tmp_path: Path, installed: Path) -> None:
    said: list[str] = []
    first = ensure_footage(tmp_path, said.append, installed)
    again = ensure_footage(tmp_path, said.append, tmp_path / "gone.avi")
    assert first == again
    assert first.path.read_bytes() == CLIP
    assert not first.rendered
    assert said == ["footage: vtest.avi copied from the installed package opencv-doc"]


def test_a_damaged_clip_is_replaced(tmp_path: Path, installed: Path) -> None:
    clip = ensure_footage(tmp_path, print, installed).path
    clip.write_bytes(CLIP[:-1])
    assert ensure_footage(tmp_path, print, installed).path.read_bytes() == CLIP


def test_a_clip_with_another_checksum_is_never_played(
    tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed.write_bytes(b"another clip")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ensure_footage(tmp_path, print, installed).rendered


def test_without_apt_a_street_is_rendered_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []
    found = ensure_footage(tmp_path, said.append, tmp_path / "not-installed.avi")
    assert found.rendered
    assert "there is no apt-get" in said[0]
    assert "drawn figures" in said[0]
    with av.open(str(found.path)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert pictures[0].shape == (HEIGHT_PX, WIDTH_PX, 3)
    assert len(pictures) == 600
    moved = np.abs(pictures[0].astype(int) - pictures[50].astype(int)).max(axis=2) > 60
    assert 0.001 < moved.mean() < 0.2  # somebody walks, the street stays


def test_the_clip_is_read_out_of_a_debian_package(
    tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not on this machine")
    tree = tmp_path / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(
        "Package: opencv-doc\nVersion: 1\nArchitecture: all\nMaintainer: a test <a@example.org>\nDescription: a test\n"
    )
    (tree / footage.MEMBER).parent.mkdir(parents=True)
    (tree / footage.MEMBER).write_bytes(CLIP)
    package = tmp_path / "opencv-doc_1_all.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", tree, package], check=True, capture_output=True)
    monkeypatch.setattr(footage, "_download", lambda folder, say: package)
    said: list[str] = []
    found = ensure_footage(tmp_path / "state", said.append, tmp_path / "not-installed.avi")
    assert found.path.read_bytes() == CLIP
    assert "came over the network" in said[0]


def test_a_broken_package_ends_in_a_rendered_street(
    tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "broken.deb"
    package.write_bytes(b"!<arch>\nnot a package")
    monkeypatch.setattr(footage, "_download", lambda folder, say: package)
    assert ensure_footage(tmp_path / "state", print, tmp_path / "not-installed.avi").rendered
