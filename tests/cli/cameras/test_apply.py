"""What `apply --remove-missing` asks before it removes anything. The registry is a list here; see test_commands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from services.cli.cameras import apply, confirmation
from services.cli.cameras.diff import CameraChange
from services.runtime.camera_registry import CameraRevisions
from tests.ingest.builders import make_camera

FILE = """
cameras:
  - camera_id: cam-kept
    name: Camera
    kind: street
    place: {kecamatan: Candisari, kelurahan: Jatingaleh, latitude: -7.03, longitude: 110.42}
    source: {kind: rtsp, url: "rtsp://10.0.0.1/a"}
"""
GONE = ("cam-gone", "removed")


class Applied:
    """Runs the command on a registry of two cameras, and keeps what it published."""

    def __init__(self, patch: pytest.MonkeyPatch, folder: Path) -> None:
        self.published: list[tuple[str, str]] = []
        self._patch = patch
        self._file = folder / "cameras.yaml"
        self._file.write_text(FILE)
        known = CameraRevisions()
        known.add(make_camera("cam-gone", name="Loket [lama]"))
        known.add(make_camera("cam-kept"))
        patch.setattr(apply, "read_registry", lambda _: known)
        patch.setattr(apply, "publish_changes", self._publish)

    def _publish(self, _: Any, changes: Sequence[CameraChange]) -> int:
        self.published += [(change.camera.camera_id, change.kind) for change in changes]
        return len(changes)

    def run(self, *options: str, answer: str | None = None) -> tuple[int, str]:
        self._patch.setattr(confirmation, "is_terminal", lambda: answer is not None)
        result = CliRunner().invoke(apply.command, [str(self._file), *options], input=answer)
        return result.exit_code, result.output


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Applied:
    return Applied(monkeypatch, tmp_path)


def test_what_would_be_removed_is_named_and_a_no_applies_nothing(applied: Applied) -> None:
    code, output = applied.run("--remove-missing", answer="n\n")
    assert code == 1
    assert "  cam-gone  Loket [lama]  clip.mp4\n" in output
    assert "The file does not name this camera: remove for good? [y/N]" in output
    assert applied.published == []


def test_without_a_terminal_it_takes_yes_and_says_so(applied: Applied) -> None:
    code, output = applied.run("--remove-missing")
    assert code == 2
    assert "--yes" in output
    assert applied.published == []
    assert applied.run("--remove-missing", "--yes")[0] == 0
    assert applied.published == [GONE, ("cam-kept", "changed")]


def test_a_yes_removes(applied: Applied) -> None:
    assert applied.run("--remove-missing", answer="y\n")[0] == 0
    assert GONE in applied.published


def test_nothing_is_asked_where_nothing_is_removed(applied: Applied) -> None:
    assert applied.run()[0] == 0
    assert applied.published == [("cam-kept", "changed")]
    assert applied.run("--remove-missing", "--dry-run")[0] == 0
