"""The tables as ClickHouse has them: they are the declared rows, and migrations can be run again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner
from clickhouse_connect.driver.client import Client

from schemas.table import INSERTED_AT, TIME, Row, columns_of
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.migrate import choose_own_ruleset, known_migrations, migrate, migration_states
from services.aggregate.registry_rows import TABLE_TYPES
from services.aggregate.row_columns import RULESET
from services.aggregate.rows import CaptureCountersRow, DecisionRow, FrameOutcomeRow
from services.aggregate.tier_rows import TIER_TYPES
from services.cli.data_dictionary import DICTIONARY
from services.cli.store import command
from services.runtime.clickhouse import connect
from services.runtime.errors import ConfigurationError, RetryableError
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings

pytestmark = pytest.mark.integration

SAMPLES: dict[str, Any] = {
    "FixedString(32)": "a" * 32,
    "Bool": True,
    "Float64": 0.5,
    TIME: 1_700_000_000_123,
    "Array(LowCardinality(String))": ("a", "b"),
    "Array(Float64)": (0.25, 0.5),
    "Map(LowCardinality(String), UInt64)": {"late": 3},
    "String": "é\x00",
    "LowCardinality(String)": "w",
    "UInt16": 2**16 - 1,
    "UInt32": 2**32 - 1,
    "UInt64": 2**53 - 1,
}


def make_row(row_type: type[Row], **values: Any) -> Row:
    """Give a row with the largest value of each column, but for those that are said."""
    filled = {name: SAMPLES[column.sql] for name, column in columns_of(row_type).items()}
    if "water" in filled:
        filled["water"] = bytes(range(256)) + b"\xff" * 320
    return row_type(**{**filled, **values})


@pytest.fixture(scope="module")
def database(clickhouse_port: int) -> ClickHouseSettings:
    settings = ClickHouseSettings(port=clickhouse_port, database="store_tests")
    migrate(settings, known_migrations())
    return settings


@pytest.fixture
def client(database: ClickHouseSettings) -> Iterator[Client]:
    found = connect(database, database.database)
    yield found
    found.close()


def test_tables_are_the_declared_rows_column_by_column_both_ways(client: Client) -> None:
    stored: dict[str, list[tuple[Any, ...]]] = {}
    rows = client.query(
        "SELECT table, name, type, default_expression, comment FROM system.columns WHERE database = currentDatabase() "
        "AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree') "
        "ORDER BY table, position"
    ).result_rows
    for table, *column in rows:
        stored.setdefault(table, []).append(tuple(column))
    del stored["schema_migrations"]
    assert stored == {row_type.TABLE: list(declared_columns(row_type)) for row_type in TABLE_TYPES}


def declared_columns(row_type: type[Row]) -> Iterator[tuple[str, str, str, str]]:
    for name, column in {**columns_of(row_type), "inserted_at": INSERTED_AT}.items():
        sql, _, default = column.sql.partition(" DEFAULT ")
        yield name, sql, default, column.doc


def test_every_table_replaces_rows_by_the_declared_key_and_its_lifetime_counts_from_insertion(client: Client) -> None:
    keys = {row_type.TABLE: ", ".join(row_type.KEY) for row_type in TABLE_TYPES}
    rows = client.query(
        "SELECT name, engine_full, sorting_key, partition_key, comment FROM system.tables "
        "WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND name != 'schema_migrations'"
    ).result_rows
    assert {name: key for name, _, key, _, _ in rows} == keys
    for name, engine, key, partition, comment in rows:
        assert engine.startswith("ReplacingMergeTree(version)"), name
        assert comment
        assert re.findall(r"TTL (.*?) \+", engine) in ([], ["toDateTime(inserted_at)"]), name
        used = set(re.findall(r"[a-z_]+", partition)) & set(columns_of(next(t for t in TABLE_TYPES if name == t.TABLE)))
        assert used <= set(key.split(", ")), f"{name}: rows of one key could lie in two partitions"


def test_the_dictionary_is_the_database_column_by_column_and_every_column_has_a_comment(client: Client) -> None:
    rows = client.query(
        "SELECT table, name, type, comment FROM system.columns WHERE database = currentDatabase() AND table IN "
        "(SELECT name FROM system.tables WHERE database = currentDatabase() AND engine != 'MaterializedView') "
        "AND table != 'schema_migrations' ORDER BY table, position"
    ).result_rows
    stored: dict[str, list[tuple[str, ...]]] = {}
    for table, *column in rows:
        stored.setdefault(table, []).append(tuple(column))
    assert all(comment for columns in stored.values() for *_, comment in columns)
    parts = re.split(
        r"^### (\w+)$", DICTIONARY.read_text(encoding="utf-8").partition("## Refreshes")[0], flags=re.MULTILINE
    )[1:]
    written = {
        name: re.findall(r"^\| `(\w+)` \| ·? \| (.+?) \| (.+) \|$", text, re.MULTILINE)
        for name, text in zip(parts[::2], parts[1::2], strict=True)
    }
    assert written == stored


def test_the_views_that_fill_tiers_stand_in_the_dictionary_and_did_not_fail(client: Client) -> None:
    found = client.query("SELECT view, exception FROM system.view_refreshes WHERE database = currentDatabase()")
    assert {view: error for view, error in found.result_rows} == {f"{t.TABLE}_refresh": "" for t in TIER_TYPES}
    text = DICTIONARY.read_text(encoding="utf-8").partition("## Refreshes")[2]
    assert all(f"| {row_type.TABLE}_refresh | 5 minutes |" in text for row_type in TIER_TYPES)


@pytest.mark.parametrize(
    "row_type", [t for t in TABLE_TYPES if t not in TIER_TYPES], ids=lambda row_type: row_type.TABLE
)
def test_a_row_comes_back_as_it_was_written_and_the_larger_version_rules(
    database: ClickHouseSettings, client: Client, row_type: type[Row]
) -> None:
    store = RowStore(database)
    newest = make_row(row_type, version=2**64 - 1)
    for row in (make_row(row_type, version=2**60), newest, make_row(row_type, version=2**64 - 2)):
        store.write([row])
    store.close()
    picked = [
        f"toUnixTimestamp64Milli({name})" if column.sql == TIME else f"hex({name})" if name == "water" else name
        for name, column in columns_of(row_type).items()
    ]
    rows = client.query(f"SELECT {', '.join(picked)} FROM {row_type.TABLE} FINAL").result_rows
    wanted = [getattr(newest, name) for name in columns_of(row_type)]
    assert [[plain(value) for value in row] for row in rows] == [[plain(value) for value in wanted]]
    client.command(f"TRUNCATE TABLE {row_type.TABLE}")


def plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode() if len(value) == 32 else value.hex().upper()
    return list(value) if isinstance(value, tuple) else value


def test_what_is_not_durable_is_an_error() -> None:
    store = RowStore(ClickHouseSettings(port=9, connect_timeout_seconds=1))
    with pytest.raises(RetryableError, match="ClickHouse, connecting"):
        store.write([make_row(EpisodeRow)])


def test_a_missing_table_is_an_error_that_names_it(clickhouse_port: int) -> None:
    store = RowStore(ClickHouseSettings(port=clickhouse_port, database="default"))
    with pytest.raises(RetryableError, match="writing 1 rows to episodes"):
        store.write([make_row(EpisodeRow)])
    store.close()


def test_accounting_adds_up_and_a_deleted_outcome_shows(database: ClickHouseSettings, client: Client) -> None:
    outcomes = [("detected", ""), ("detected", ""), ("shed", "stale"), ("dead_lettered", "refused"), ("expired", "")]
    rows = [
        make_row(FrameOutcomeRow, camera_id="cam", owner_epoch=9, sequence=n, outcome=outcome, reason=reason, version=n)
        for n, (outcome, reason) in enumerate(outcomes)
    ]
    counters = make_row(CaptureCountersRow, camera_id="cam", owner_epoch=9, captured=5)
    store = RowStore(database)
    store.write([*rows, counters])
    store.write([*rows, counters])  # as after a crash
    query = "SELECT captured, detected, shed, dead_lettered, expired, difference FROM frame_accounting"
    assert client.query(query).result_rows == [(5, 2, 1, 1, 1, 0)]
    minutely = "SELECT frames, detected, shed_stale, dead_refused, expired, clock_skewed FROM frame_accounting_minutely"
    assert client.query(minutely).result_rows == [(5, 2, 1, 1, 1, 5)]
    client.command("DELETE FROM frame_outcomes WHERE outcome = 'shed'")
    assert client.query(query).result_rows == [(5, 2, 0, 1, 1, 1)]
    store.close()
    for row_type in (FrameOutcomeRow, CaptureCountersRow):
        client.command(f"TRUNCATE TABLE {row_type.TABLE}")


def test_the_last_decision_about_an_episode_is_its_review(database: ClickHouseSettings, client: Client) -> None:
    def decided(event_id: str, decision: str, at: int) -> Row:
        return make_row(
            DecisionRow, camera_id="c", event_id=event_id * 32, episode_id="e" * 32, decision=decision, decided_at=at
        )

    choose_own_ruleset(database)
    store = RowStore(database)
    episodes = [
        make_row(EpisodeRow, camera_id="c", episode_id=one * 32, review="suspected", ruleset=RULESET) for one in "ef"
    ]
    store.write([*episodes, decided("1", "episode_confirmed", 2), decided("2", "episode_rejected", 1)])
    rows = client.query("SELECT toString(episode_id), review FROM episodes_reviewed ORDER BY episode_id").result_rows
    assert rows == [("e" * 32, "confirmed"), ("f" * 32, "suspected")]
    store.write([decided("3", "episode_rejected", 3)])
    assert client.query("SELECT review FROM episodes_reviewed ORDER BY episode_id LIMIT 1").result_rows == [
        ("rejected",)
    ]
    store.close()
    for row_type in (EpisodeRow, DecisionRow):
        client.command(f"TRUNCATE TABLE {row_type.TABLE}")


def test_migrations_run_once_and_at_the_same_time_without_harm(clickhouse_port: int) -> None:
    settings = ClickHouseSettings(port=clickhouse_port, database="migrated_at_once")
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: migrate(settings, known_migrations()), range(3)))
    assert all(state.applied for state in migration_states(settings, known_migrations()))
    assert migrate(settings, known_migrations()) == []
    client = connect(settings, settings.database)
    assert client.query("SELECT count() FROM schema_migrations FINAL").result_rows == [(len(known_migrations()),)]
    client.close()


def test_a_migration_that_was_changed_afterwards_is_refused(database: ClickHouseSettings) -> None:
    first, *rest = known_migrations()
    changed = [replace(first, text=first.text + "\n-- changed\n"), *rest]
    for step in (migration_states, migrate):
        with pytest.raises(ConfigurationError, match=r"0001_tables\.sql was changed"):
            step(database, changed)


def test_the_command_shows_first_then_applies(clickhouse_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILIK_AGGREGATE_CLICKHOUSE__PORT", str(clickhouse_port))
    monkeypatch.setenv("TILIK_AGGREGATE_CLICKHOUSE__DATABASE", "by_command")

    def said(*arguments: str) -> tuple[int, str]:
        answer = CliRunner().invoke(command, arguments)
        return answer.exit_code, answer.output

    names = [migration.name for migration in known_migrations()]
    assert said("status") == (1, "".join(f"pending  {name}\n" for name in names))
    code, shown = said("migrate", "--dry-run")
    assert code == 0
    assert "CREATE TABLE IF NOT EXISTS detections" in shown
    assert said("status")[0] == 1, "a dry run changed something"
    applied = "".join(f"applied {name}\n" for name in names)
    assert said("migrate") == (0, f"{applied}ruleset {RULESET} is current for all time\n")
    assert said("status") == (0, "".join(f"applied  {name}\n" for name in names))
    assert said("migrate") == (0, "database by_command is up to date\n")
