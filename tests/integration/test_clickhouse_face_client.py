"""The ClickHouse face against clickhouse-connect's own HTTP client, unmodified."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import clickhouse_connect
import numpy as np
import psutil
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError

from deploy.local.testing import RunningFace, running_face

pytestmark = pytest.mark.integration

ROWS = 100_000


@pytest.fixture(scope="module")
def face(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFace]:
    with running_face(tmp_path_factory.mktemp("face")) as running:
        yield running


def connect(face: RunningFace, **options: Any) -> Any:
    return clickhouse_connect.get_client(host="127.0.0.1", port=face.port, tz_mode="aware", **options)


@pytest.fixture
def client(face: RunningFace) -> Iterator[Any]:
    client = connect(face)
    yield client
    client.close()


def fresh_table(client: Any, name: str, columns: str = "id UInt64, name String, at DateTime64(3, 'UTC')") -> str:
    client.command(f"CREATE OR REPLACE TABLE {name} ({columns}) ENGINE = MergeTree ORDER BY tuple()")
    return name


def test_queries_give_typed_rows_with_names(client: Any) -> None:
    result = client.query(
        "SELECT 1 AS a, 'x' AS b, toDateTime64('2026-01-02 03:04:05.678', 3, 'UTC') AS c, [1, 2] AS d"
    )

    assert result.column_names == ("a", "b", "c", "d")
    assert result.result_rows == [(1, "x", datetime(2026, 1, 2, 3, 4, 5, 678000, UTC), [1, 2])]


@pytest.mark.parametrize("condition", ["LIMIT 0", "WHERE number > 9"])
def test_results_without_rows_have_their_columns(client: Any, condition: str) -> None:
    result = client.query(f"SELECT number, toString(number) AS text FROM numbers(5) {condition}")

    assert result.result_rows == []
    assert result.column_names == ("number", "text")
    assert [kind.name for kind in result.column_types] == ["UInt64", "String"]


def test_low_cardinality_columns_survive_an_empty_result(client: Any) -> None:
    result = client.query("SELECT toLowCardinality('a') AS word, map('k', 1) AS pairs WHERE 0")

    assert [kind.name for kind in result.column_types] == ["LowCardinality(String)", "Map(String, UInt8)"]


def test_commands_give_a_value_or_a_summary(client: Any) -> None:
    assert client.command("SELECT 41 + 1") == 42
    assert client.command("SHOW TABLES LIKE 'no_such_%'") == ""
    summary = client.command("CREATE TABLE IF NOT EXISTS commands (a UInt8) ENGINE = Memory")
    assert summary.query_id()


def test_bound_parameters_reach_the_engine(client: Any) -> None:
    text = "it's a \\ tab\tand\na line 'ö'"
    rows = client.query(
        "SELECT {text:String}, {many:Array(UInt16)}, {at:DateTime64(3, 'UTC')}, {nothing:Nullable(String)}",
        parameters={"text": text, "many": [1, 2], "at": datetime(2026, 5, 6, tzinfo=UTC), "nothing": None},
    ).result_rows

    assert rows == [(text, [1, 2], datetime(2026, 5, 6, tzinfo=UTC), None)]


def test_many_parameters_come_as_a_form(client: Any) -> None:
    text = "x" * 20_000

    assert client.query("SELECT length({text:String})", parameters={"text": text}).first_row == (20_000,)


def test_settings_hold_for_one_query(client: Any) -> None:
    sql = "SELECT getSetting('max_block_size')"

    assert client.query(sql, settings={"max_block_size": 1234}).first_row == (1234,)
    assert client.query(sql).first_row != (1234,)


def test_database_of_the_client_is_that_of_its_queries(face: RunningFace, client: Any) -> None:
    client.command("CREATE DATABASE IF NOT EXISTS elsewhere")
    other = connect(face, database="elsewhere")

    assert other.command("SELECT currentDatabase()") == "elsewhere"
    assert client.command("SELECT currentDatabase()") == "default"
    other.close()


@pytest.mark.parametrize("compression", [False, "lz4", "zstd", "gzip"])
def test_inserted_rows_come_back(face: RunningFace, compression: Any) -> None:
    client = connect(face, compress=compression)
    table = fresh_table(client, f"inserts_{compression}")
    at = datetime(2026, 7, 8, 9, 10, 11, 120000, UTC)
    rows = [[number, f"name {number}", at] for number in range(1000)]

    summary = client.insert(table, rows, column_names=["id", "name", "at"])

    assert summary.written_rows == 1000
    assert client.query(f"SELECT * FROM {table} ORDER BY id").result_rows == [tuple(row) for row in rows]
    client.close()


def test_insert_of_many_rows_is_whole(client: Any) -> None:
    table = fresh_table(client, "many", "id UInt64, word LowCardinality(String), value Float64")
    columns = [np.arange(ROWS), [f"w{n % 50}" for n in range(ROWS)], np.linspace(0, 1, ROWS)]

    client.insert(table, columns, column_names=["id", "word", "value"], column_oriented=True)

    counted = client.query(f"SELECT count(), sum(id), uniqExact(word) FROM {table}").first_row
    assert counted == (ROWS, ROWS * (ROWS - 1) // 2, 50)


@pytest.mark.parametrize("compression", [None, "zstd", "lz4", "gzip"])
def test_raw_inserts_in_other_formats(client: Any, compression: str | None) -> None:
    table = fresh_table(client, "raw", "id UInt64, name String")
    block = b'{"id": 1, "name": "a"}\n{"id": 2, "name": "b"}\n'

    client.raw_insert(table, ["id", "name"], encoded(block, compression), fmt="JSONEachRow", compression=compression)

    assert client.query(f"SELECT * FROM {table} ORDER BY id").result_rows == [(1, "a"), (2, "b")]


def encoded(data: bytes, compression: str | None) -> bytes:
    from deploy.local.clickhouse.compression import encoder_for

    encoder = encoder_for(compression or "")
    return encoder.encode(data) + encoder.finish()


def test_repeated_insert_with_its_token_adds_nothing(client: Any) -> None:
    client.command(
        "CREATE OR REPLACE TABLE tokens (id UInt64) ENGINE = MergeTree ORDER BY id "
        "SETTINGS non_replicated_deduplication_window = 100"
    )
    for _ in range(2):
        client.insert("tokens", [[1], [2]], column_names=["id"], settings={"insert_deduplication_token": "0:1"})

    assert client.command("SELECT count() FROM tokens") == 2


def test_million_rows_stream_in_little_memory(face: RunningFace, client: Any) -> None:
    engine = psutil.Process(face.supervisor.pid("clickhouse"))
    streamed_rows(client, engine)  # the engine's own buffers are there now
    before = engine.memory_info().rss

    rows, most = streamed_rows(client, engine)

    assert rows == 1_000_000
    assert most - before < 150e6  # the result is 310 MB: it is never held whole, let alone twice


def streamed_rows(client: Any, engine: psutil.Process) -> tuple[int, int]:
    most = rows = 0
    with client.query_np_stream("SELECT number, repeat('x', 300) AS text FROM numbers(1000000)") as blocks:
        for block in blocks:
            rows += len(block)
            most = max(most, engine.memory_info().rss)
    return rows, most


def test_waiting_client_gets_a_million_rows_too(client: Any) -> None:
    assert len(client.query("SELECT number FROM numbers(1000000)").result_columns[0]) == 1_000_000


def test_errors_carry_clickhouse_code_name_and_text(client: Any) -> None:
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE") as caught:
        client.query("SELECT * FROM no_such_table")

    assert caught.value.code == 60


def test_failing_inserts_leave_nothing(client: Any) -> None:
    table = fresh_table(client, "refused", "id UInt8, CONSTRAINT small CHECK id < 10")

    with pytest.raises(DatabaseError, match="VIOLATED_CONSTRAINT"):
        client.insert(table, [[1], [11]], column_names=["id"])

    assert client.command(f"SELECT count() FROM {table}") == 0


def test_error_in_mid_stream_is_an_error(client: Any) -> None:
    sql = "SELECT throwIf(number = 700000, 'too far') FROM numbers(1000000)"
    with pytest.raises(StreamFailureError, match="too far"), client.query_row_block_stream(sql) as blocks:
        for _ in blocks:
            pass
    assert client.ping()


def test_session_keeps_what_was_set_and_nothing_else(face: RunningFace) -> None:
    client = connect(face, session_id="one")
    client.command("SET max_block_size = 4321")
    client.command("CREATE TEMPORARY TABLE mine (a UInt8)")
    client.insert("mine", [[7]], column_names=["a"])

    sql = "SELECT a, getSetting('max_block_size') FROM mine"
    assert client.query(sql, settings={"max_block_size": 99}).first_row == (7, 99)
    assert client.query(sql).first_row == (7, 4321)
    with connect(face) as other, pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        other.query("SELECT a FROM mine")
    client.close()


def test_clients_work_beside_each_other(face: RunningFace, client: Any) -> None:
    table = fresh_table(client, "shared", "worker UInt8, id UInt32")

    def work(worker: int) -> int:
        own = connect(face)
        for turn in range(5):
            own.insert(table, [[worker, turn * 100 + n] for n in range(100)], column_names=["worker", "id"])
        count = own.query(f"SELECT uniqExact(id) FROM {table} WHERE worker = {worker}").first_row[0]
        own.close()
        return int(count)

    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(work, range(8)))

    assert counts == [500] * 8


def test_data_survives_a_kill(tmp_path: Path) -> None:
    with running_face(tmp_path) as face:
        client = connect(face)
        table = fresh_table(client, "kept", "id UInt64")
        client.insert(table, [[n] for n in range(1000)], column_names=["id"])
        killed = face.supervisor.pid("clickhouse")
        os.kill(killed, signal.SIGKILL)
        face.supervisor.wait_until_ready("clickhouse", killed)

        assert client.command(f"SELECT sum(id) FROM {table}") == 499_500
        client.close()


def test_running_query_is_let_finish_at_the_end(tmp_path: Path) -> None:
    answers: list[int] = []
    with running_face(tmp_path) as face:
        client = connect(face)
        slow = threading.Thread(target=lambda: answers.append(client.command("SELECT 5 + sleep(3)")))
        slow.start()
        deadline = time.monotonic() + 20
        while not client_is_busy(face):
            assert slow.is_alive(), "the query ended before it was seen to run"
            assert time.monotonic() < deadline
        face.supervisor.stop()
        slow.join()
        client.close()

    assert answers == [5]


def client_is_busy(face: RunningFace) -> bool:
    with connect(face) as watcher:
        return bool(watcher.command("SELECT count() FROM system.processes WHERE query LIKE 'SELECT 5 + sleep%'"))
