from __future__ import annotations

from pathlib import Path

import pytest

from schemas.generate import ASYNCAPI_FILE, GENERATED, documents, drift, main, write
from schemas.json_schema import CONTRACTS


def test_the_committed_documents_are_up_to_date() -> None:
    assert drift(GENERATED) == []


def test_there_is_one_document_a_value_type_and_the_asyncapi_document() -> None:
    assert set(documents()) == {contract.file_name for contract in CONTRACTS} | {ASYNCAPI_FILE}
    assert {path.name for path in GENERATED.iterdir()} == set(documents())


def test_what_is_written_has_no_drift_and_is_written_alike_again(tmp_path: Path) -> None:
    write(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert drift(tmp_path) == []
    write(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_an_edited_document_fails_the_check_and_the_diff_shows_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path)
    path = tmp_path / ASYNCAPI_FILE
    path.write_text(
        path.read_text(encoding="utf-8").replace('"partitions": 48', '"partitions": 12', 1), encoding="utf-8"
    )
    assert main(["--check", "--folder", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert any(line.startswith("-") and '"partitions": 12' in line for line in said.out.splitlines())
    assert any(line.startswith("+") and '"partitions": 48' in line for line in said.out.splitlines())
    assert "python -m schemas.generate" in said.err


def test_the_check_writes_nothing(tmp_path: Path) -> None:
    assert main(["--check", "--folder", str(tmp_path)]) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", ["missing", "left over", "no newline at the end"])
def test_a_missing_a_left_over_and_a_cut_document_are_drift(tmp_path: Path, change: str) -> None:
    write(tmp_path)
    path = tmp_path / "camera.schema.json"
    if change == "missing":
        path.unlink()
    elif change == "left over":
        (tmp_path / "gone.schema.json").write_text("{}\n")
    else:
        path.write_bytes(path.read_bytes().rstrip())
    assert drift(tmp_path) != []
    assert main(["--folder", str(tmp_path)]) == 0
    assert drift(tmp_path) == []
