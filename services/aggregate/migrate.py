"""Bring ClickHouse's tables up to date: numbered SQL files, forward only.

    files of sql/ ─► which are not in schema_migrations? ─► their statements in order ─► note number, name, checksum

    choices of rulesets ─► is there one for this program's? ─► else a service that starts makes it current

ClickHouse has no locks and no transactions for this. So every statement can be run again without harm (a test holds
them to that), and two runs at once end in the same tables as one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files

from clickhouse_connect.driver.client import Client

from schemas.table import UNSET_MS
from services.aggregate.row_columns import RULESET
from services.aggregate.ruleset_rows import RulesetChoiceRow
from services.runtime.clickhouse import connect, translated_errors
from services.runtime.clock import now_ms
from services.runtime.errors import ConfigurationError
from services.runtime.logging import get_logger
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings

log = get_logger(__name__)

_FILE_NAME = re.compile(r"^(?P<number>[0-9]{4})_[a-z0-9_]+\.sql$")
_END_OF_STATEMENT = re.compile(r";[ \t]*$", re.MULTILINE)

_MINUTE_MS = 60_000
_LAST_MINUTE = """
SELECT toUnixTimestamp64Milli(max(minute)), argMax(ruleset, minute)
FROM camera_minutes
WHERE ruleset != {ruleset:String} AND match(ruleset, '^[0-9]+$')
    AND minute <= fromUnixTimestamp64Milli({now:Int64}, 'UTC')
    AND minute > fromUnixTimestamp64Milli({now:Int64}, 'UTC') - INTERVAL 31 DAY
"""
"""Of services: a name that is a number is theirs. A clock that runs ahead does not count; 0: there is none."""

_MIGRATIONS_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations
(
    `number`     UInt32 COMMENT 'Number of the migration; they are applied in its order',
    `name`       String COMMENT 'Name of its file',
    `checksum`   FixedString(64) COMMENT 'SHA-256 of the file, hex',
    `applied_at` DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was applied'
)
ENGINE = ReplacingMergeTree ORDER BY number
COMMENT 'Which migrations have been applied'
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """Give the SHA-256 of the file, hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def statements(self) -> list[str]:
        """Give the statements; each ends with a semicolon at the end of a line."""
        return [text for part in _END_OF_STATEMENT.split(self.text) if (text := part.strip())]


@dataclass(frozen=True, slots=True)
class MigrationState:
    """Where a migration stands."""

    migration: Migration
    applied: bool


def known_migrations() -> list[Migration]:
    """Give the migrations that this program brings, by number.

    Raises:
        ConfigurationError: Two have one number, or a file has a name of another form.
    """
    found: dict[int, Migration] = {}
    for entry in (files("services.aggregate") / "sql").iterdir():
        match = _FILE_NAME.match(entry.name)
        if match is None:
            raise ConfigurationError(f"services/aggregate/sql/{entry.name} is not named like 0001_what_it_does.sql")
        number = int(match["number"])
        if number in found:
            raise ConfigurationError(f"{entry.name} and {found[number].name} have the same number")
        found[number] = Migration(number, entry.name, entry.read_text(encoding="utf-8"))
    return [found[number] for number in sorted(found)]


def migration_states(settings: ClickHouseSettings, migrations: Sequence[Migration]) -> list[MigrationState]:
    """Tell of each migration whether it has been applied; changes nothing. Blocks.

    Raises:
        RetryableError: ClickHouse is away.
        ConfigurationError: A file was changed after it had been applied.
    """
    client = connect(settings)
    try:
        return _states(client, settings.database, migrations)
    finally:
        client.close()


def migrate(settings: ClickHouseSettings, migrations: Sequence[Migration]) -> list[Migration]:
    """Apply what has not been applied yet, and give it. Creates the database if need be. Blocks.

    A database that knows later migrations than this program is left as it is: they only add, so that an older service
    can go on during a roll-out.

    Raises:
        RetryableError: ClickHouse is away, or refused a statement; what was applied before it stays.
        ConfigurationError: A file was changed after it had been applied.
    """
    client = connect(settings)
    try:
        with translated_errors("creating the database"):
            client.command(f"CREATE DATABASE IF NOT EXISTS {settings.database}")
        client.database = settings.database
        with translated_errors("creating the table of migrations"):
            client.command(_MIGRATIONS_TABLE)
        pending = [s.migration for s in _states(client, settings.database, migrations) if not s.applied]
        for migration in pending:
            _apply(client, migration)
    finally:
        client.close()
    return pending


def choose_first_ruleset(settings: ClickHouseSettings) -> RulesetChoiceRow | None:
    """Make this program's ruleset current for all time if none was ever chosen, and give that choice. Blocks.

    For whoever prepares a database, perhaps long before the services are replaced.

    Raises:
        RetryableError: ClickHouse is away, or has not been migrated.
    """
    return None if _chosen_rulesets(settings) else _choose(settings, UNSET_MS, "the first ruleset of this database")


def choose_own_ruleset(settings: ClickHouseSettings) -> RulesetChoiceRow | None:
    """Make this program's ruleset current if no choice names it yet, and give that choice. Blocks.

    For a service that starts. The first choice of a database holds for all time. A later one holds from the last minute
    on that was judged under other rules: it was not complete then, and is written again as a whole, and so is what
    nobody has judged since. Where there is none, it holds from this minute on. Minutes that a service with other rules
    still judges after that are hidden; the log says how to show them. What people have chosen since is left as it is.
    Two that choose at once do no harm: they choose the same.

    Raises:
        RetryableError: ClickHouse is away, or has not been migrated.
    """
    chosen = _chosen_rulesets(settings)
    if not chosen:
        return choose_first_ruleset(settings)
    if RULESET in chosen:
        return None
    now = now_ms()
    client = connect(settings, settings.database)
    try:
        with translated_errors("reading what other rulesets judged last"):
            parameters = {"ruleset": RULESET, "now": now}
            [(last_minute, former)] = client.query(_LAST_MINUTE, parameters=parameters).result_rows
    finally:
        client.close()
    choice = _choose(settings, last_minute or now - now % _MINUTE_MS, "a service started with these rules")
    if last_minute:
        log.warning("aggregate.ruleset_replaced", ruleset=RULESET, former=former, repair=_repair(former, choice))
    return choice


def _repair(former: str, choice: RulesetChoiceRow) -> str:
    """Give the command that shows what a service with the former rules judged after a choice, up to its last minute."""
    since = datetime.fromtimestamp(choice.from_at / 1000, UTC).strftime("%Y-%m-%dT%H:%MZ")
    return f"tilik ruleset use {former} --since {since} --reason 'judged while services were replaced'"


def _chosen_rulesets(settings: ClickHouseSettings) -> set[str]:
    client = connect(settings, settings.database)
    try:
        with translated_errors("reading which rulesets were chosen"):
            return {name for (name,) in client.query("SELECT DISTINCT ruleset FROM ruleset_choices").result_rows}
    finally:
        client.close()


def _choose(settings: ClickHouseSettings, from_at: int, reason: str) -> RulesetChoiceRow:
    now = now_ms()
    choice = RulesetChoiceRow(
        from_at=from_at,
        until_at=UNSET_MS,
        ruleset=RULESET,
        chosen_at=now,
        chosen_by="aggregate",
        reason=reason,
        version=now,
    )
    with closing(RowStore(settings)) as store:
        store.write([choice])
    return choice


def _apply(client: Client, migration: Migration) -> None:
    for statement in migration.statements:
        with translated_errors(f"applying {migration.name}"):
            client.command(statement)
    with translated_errors(f"noting {migration.name}"):
        client.insert(
            "schema_migrations",
            [[migration.number, migration.name, migration.checksum]],
            column_names=["number", "name", "checksum"],
            settings={"async_insert": 0},
        )


def _states(client: Client, database: str, migrations: Sequence[Migration]) -> list[MigrationState]:
    applied = _applied_checksums(client, database)
    for migration in migrations:
        checksum = applied.get(migration.number)
        if checksum is not None and checksum != migration.checksum:
            raise ConfigurationError(
                f"{migration.name} was changed after it had been applied to the database {database}: restore the file, "
                "and put the change into a new migration; or start with an empty database"
            )
    return [MigrationState(migration, migration.number in applied) for migration in migrations]


def _applied_checksums(client: Client, database: str) -> dict[int, str]:
    with translated_errors("reading which migrations have been applied"):
        there = client.query(
            "SELECT count() FROM system.tables WHERE database = {database:String} AND name = 'schema_migrations'",
            parameters={"database": database},
        )
        if there.result_rows[0][0] == 0:
            return {}
        rows = client.query(
            "SELECT number, toString(checksum) FROM {database:Identifier}.schema_migrations FINAL",
            parameters={"database": database},
        ).result_rows
    return {int(number): str(checksum) for number, checksum in rows}
