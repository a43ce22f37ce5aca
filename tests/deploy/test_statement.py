"""Where SQL ends and data begins."""

from __future__ import annotations

import pytest

from deploy.local.clickhouse.statement import Statement, read_statement

FORMATS = {"json", "csv", "native", "tsv"}


def read(text: bytes) -> Statement:
    return read_statement(text, lambda name: name.lower() in FORMATS)


@pytest.mark.parametrize(
    ("text", "sql", "format_name"),
    [
        (b"SELECT 1", b"SELECT 1", None),
        (b"SELECT 1 FORMAT JSON", b"SELECT 1 ", "JSON"),
        (b"SELECT 1 format json SETTINGS max_threads = 1", b"SELECT 1  SETTINGS max_threads = 1", "json"),
        (b"SELECT 1 FORMAT JSON -- FORMAT CSV", b"SELECT 1  -- FORMAT CSV", "JSON"),
        (b"SELECT ' FORMAT CSV' FORMAT JSON;", b"SELECT ' FORMAT CSV' ;", "JSON"),
        (b"SELECT 'it''s \\' FORMAT CSV'", b"SELECT 'it''s \\' FORMAT CSV'", None),
        (b"SELECT $$ FORMAT CSV $$", b"SELECT $$ FORMAT CSV $$", None),
        (b"SELECT a AS format FROM t ORDER BY format DESC", b"SELECT a AS format FROM t ORDER BY format DESC", None),
        (b"SELECT (SELECT 1 FORMAT CSV)", b"SELECT (SELECT 1 FORMAT CSV)", None),
        (b"INSERT INTO t VALUES (1) FORMAT CSV", b"INSERT INTO t VALUES (1) FORMAT CSV", None),
    ],
)
def test_format_clause_is_taken_out_where_there_is_one(text: bytes, sql: bytes, format_name: str | None) -> None:
    statement = read(text)

    assert (statement.sql, statement.format_name, statement.data_start) == (sql, format_name, None)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (b"INSERT INTO t FORMAT CSV\n1,2\n", b"1,2\n"),
        (b"INSERT INTO t FORMAT CSV 1,2\n", b"1,2\n"),
        (b"INSERT INTO t FORMAT Native\r\n\n\x00", b"\n\x00"),
        (b"/* note */ insert into t (`format`, values) SETTINGS a = 'FORMAT x' format Native\n\x01\x02", b"\x01\x02"),
        (b"INSERT INTO t FORMAT CSV", b""),
    ],
)
def test_data_of_an_insert_begins_after_its_format(text: bytes, data: bytes) -> None:
    statement = read(text)

    assert statement.data_start is not None
    assert text[statement.data_start :] == data


@pytest.mark.parametrize(
    "text",
    [
        b"INSERT INTO t SELECT * FROM s FORMAT CSV",
        b"INSERT INTO t FROM INFILE 'x' FORMAT CSV",
        b"INSERT INTO t VALUES (1)",
    ],
)
def test_inserts_that_bring_their_rows_otherwise_have_no_data(text: bytes) -> None:
    assert read(text).data_start is None


def test_insert_is_turned_to_a_file_before_its_settings() -> None:
    statement = read(b"INSERT INTO t (a) SETTINGS x = 1 FORMAT CSV\n1")

    sql = statement.from_file("/f", lambda path: f"'{path}'").split()
    assert b" ".join(sql) == b"INSERT INTO t (a) FROM INFILE '/f' COMPRESSION 'none' SETTINGS x = 1 FORMAT CSV"


@pytest.mark.parametrize(
    ("text", "changes"),
    [(b"SET a = 1", True), (b"USE d", True), (b"CREATE TEMPORARY TABLE t (a Int8)", True), (b"SELECT 1", False)],
)
def test_what_lasts_in_a_session_is_known(text: bytes, changes: bool) -> None:
    assert read(text).changes_session is changes
