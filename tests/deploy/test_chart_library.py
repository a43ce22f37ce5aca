"""The preview's chart library: only the pinned file counts as there."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local import chart_library
from deploy.local.chart_library import chart_library_folder, chart_library_is_there, fetch_chart_library


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with a library of one file, whose SHA-256 is that of ``charts``."""
    sha256 = "38edf99fd46462465404fefea8ac5bd0372e0963c7884c2b9ebfe0a88912c2f7"
    monkeypatch.setattr(chart_library, "SHA256", {"package/dist/charts.mjs": sha256})
    folder = chart_library_folder(tmp_path)
    folder.mkdir()
    (folder / "charts.mjs").write_text("charts")
    return tmp_path


def test_what_is_there_and_whole_is_not_fetched_again(state: Path) -> None:
    assert chart_library_is_there(state)
    assert fetch_chart_library(state, lambda _: None) == 0


@pytest.mark.parametrize("text", ["", "charts and something else"])
def test_a_file_that_is_not_the_pinned_one_does_not_count(state: Path, text: str) -> None:
    (chart_library_folder(state) / "charts.mjs").write_text(text)

    assert not chart_library_is_there(state)


def test_a_folder_without_the_file_does_not_count(tmp_path: Path) -> None:
    assert not chart_library_is_there(tmp_path)
