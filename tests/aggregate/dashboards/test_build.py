from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.aggregate.dashboards.build import documents, drift, write
from services.aggregate.dashboards.registry import dashboards
from tests.aggregate.dashboards.sound import make_dashboard


def test_the_committed_files_are_what_the_dashboards_say() -> None:
    assert list(drift(documents(dashboards()))) == []


def test_files_lie_by_language_and_lead_to_the_portal_that_is_said(tmp_path: Path) -> None:
    write(documents([make_dashboard()], "https://kamera.example"), tmp_path)
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.json")}
    assert files == {"en/tilik-sound.json", "id/tilik-sound-id.json"}
    document = json.loads((tmp_path / "en" / "tilik-sound.json").read_text(encoding="utf-8"))
    assert document["templating"]["list"][-1]["query"] == "https://kamera.example"


def test_a_changed_a_missing_and_a_superfluous_file_are_drift(tmp_path: Path) -> None:
    texts = documents([make_dashboard()])
    write(texts, tmp_path)
    assert list(drift(texts, tmp_path)) == []
    (tmp_path / "en" / "tilik-sound.json").write_text("{}", encoding="utf-8")
    (tmp_path / "id" / "tilik-sound-id.json").unlink()
    (tmp_path / "en" / "tilik-old.json").write_text("{}", encoding="utf-8")
    told = "".join(drift(texts, tmp_path))
    assert {"tilik-sound.json", "tilik-sound-id.json", "tilik-old.json"} == {
        line.rsplit("/", 1)[1] for line in told.splitlines() if line.startswith("+++ ")
    }


def test_an_unknown_name_is_an_error_that_names_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="no dashboard weather; there are city_now, flooding"):
        dashboards(["weather"])
