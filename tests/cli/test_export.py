"""What ``tilik export`` makes of its command line, and how it counts what it has written."""

from __future__ import annotations

import errno
import os
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from urllib3.exceptions import ProtocolError

from services.aggregate.marts import MARTS
from services.cli.export.command import command
from services.cli.export.counting import CsvRows, parquet_rows
from services.cli.export.writing import Format, Selection, write_file
from services.runtime.errors import ConfigurationError, RetryableError


class Answer:
    """A client whose answer ends as a lost connection ends: with an error, or too early."""

    def __init__(self, pieces: list[bytes], error: Exception | None) -> None:
        self._pieces, self._error = pieces, error

    def raw_stream(self, *_: object, **__: object) -> Answer:
        return self

    def read(self, _: int) -> bytes:
        if self._pieces:
            return self._pieces.pop(0)
        if self._error:
            raise self._error
        return b""

    def close(self) -> None:
        pass


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["parking_cases", "--clickhouse", "127.0.0.1:1", *arguments])


def test_the_help_names_every_mart_with_a_question() -> None:
    text = " ".join(CliRunner().invoke(command, ["--help"]).output.split())
    assert all(f"{mart.name} {mart.question}" in text for mart in MARTS)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--from", "2026-11-02", "--to", "2026-11-01"), "--from 2026-11-02 lies after --to 2026-11-01"),
        (("--from", "yesterday"), "'yesterday' does not match the format"),
        (("--format", "xlsx"), "'xlsx' is not one of"),
    ],
)
def test_a_command_line_that_can_t_be_meant_is_refused(arguments: tuple[str, ...], told: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert told in result.output


def test_places_have_no_cameras() -> None:
    result = CliRunner().invoke(command, ["flood_daily_by_kelurahan", "--camera", "cam-1"])
    assert (result.exit_code, "leave --camera out" in result.output) == (2, True)


def test_a_file_that_is_there_is_kept_and_nothing_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text("mine")
    result = run("--output", str(path))
    assert isinstance(result.exception, ConfigurationError)
    assert "is there already" in str(result.exception)
    assert path.read_text() == "mine"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    result = run("--output", str(tmp_path / "none" / "cases.csv"))
    assert isinstance(result.exception, ConfigurationError)
    assert "there is no folder" in str(result.exception)


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_rows_of_csv_are_counted_however_it_is_cut(size: int) -> None:
    text = b'"name","note"\n"a","one\nline ""and""\nmore"\n"b",""\n"c","""\n"""\n'
    counted = CsvRows()
    for start in range(0, len(text), size):
        counted.feed(text[start : start + size])
    assert counted.rows == 3


def parquet(path: Path, footer: bytes, magic: bytes = b"PAR1") -> Path:
    path.write_bytes(b"PAR1....." + footer + len(footer).to_bytes(4, "little") + magic)
    return path


def test_a_parquet_file_that_is_cut_off_has_no_rows_to_tell(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ends before its footer"):
        parquet_rows(parquet(tmp_path / "a", b"\x15\x02", magic=b"..."))
    with pytest.raises(ValueError, match="cut off"):
        parquet_rows(parquet(tmp_path / "b", b"\x15\x02\x19"))
    with pytest.raises(ValueError, match="no field 3"):
        parquet_rows(parquet(tmp_path / "c", b"\x15\x02\x00"))
    (tmp_path / "d").write_bytes(b"")
    with pytest.raises(ValueError, match="ends before its footer"):
        parquet_rows(tmp_path / "d")


@pytest.mark.parametrize(
    ("format_name", "error"), [("csv", ProtocolError("lost")), ("parquet", ProtocolError("lost")), ("parquet", None)]
)
def test_a_connection_that_is_lost_in_the_middle_leaves_no_file(
    tmp_path: Path, format_name: Format, error: Exception | None
) -> None:
    client: Any = Answer([b"PAR1 or a header\n", b"some rows\n"], error)
    selection = Selection(MARTS[0], date(2026, 5, 1), date(2026, 5, 2))
    told: list[int] = []
    with pytest.raises(RetryableError, match=r"try again|was lost while"):
        write_file(client, selection, format_name, tmp_path / "file", lambda size, _: told.append(size))
    assert told == [17, 27]
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_came_meanwhile_is_kept(tmp_path: Path) -> None:
    client: Any = Answer([b"header\n"], None)
    selection = Selection(MARTS[0], date(2026, 5, 1), date(2026, 5, 2))
    path = tmp_path / "file.csv"

    def come(size: int, rows: int) -> None:
        path.write_text("theirs")

    with pytest.raises(ConfigurationError, match="is there already"):
        write_file(client, selection, "csv", path, come)
    assert path.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system as exFAT is: it has no hard links."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("no_links")
def test_a_file_system_without_hard_links_gets_its_file_and_keeps_what_came_meanwhile(tmp_path: Path) -> None:
    selection = Selection(MARTS[0], date(2026, 5, 1), date(2026, 5, 2))
    pieces = [b"header\n", b"row\n"]
    client: Any = Answer(list(pieces), None)
    assert write_file(client, selection, "csv", tmp_path / "a.csv", lambda *_: None) == 1
    assert (tmp_path / "a.csv").read_bytes() == b"".join(pieces)
    again: Any = Answer([b"other\n"], None)
    with pytest.raises(ConfigurationError, match="is there already"):
        write_file(again, selection, "csv", tmp_path / "a.csv", lambda *_: None)
    assert (tmp_path / "a.csv").read_bytes() == b"".join(pieces)
    assert list(tmp_path.iterdir()) == [tmp_path / "a.csv"]


@pytest.mark.usefixtures("no_links")
def test_a_copy_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    client: Any = Answer([b"header\n"], None)
    selection = Selection(MARTS[0], date(2026, 5, 1), date(2026, 5, 2))
    with pytest.raises(ConfigurationError, match="No space left"):
        write_file(client, selection, "csv", tmp_path / "a.csv", lambda *_: None)
    assert list(tmp_path.iterdir()) == []
