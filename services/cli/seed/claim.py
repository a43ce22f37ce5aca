"""Whose database it is: a simulated city goes where there is nothing, and only what was seeded is ever dropped."""

# ruff: noqa: S608  (names of tables come from ClickHouse itself)

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.client import Client

from services.aggregate.migrate import Migration, known_migrations
from services.cli.seed.cameras import PREFIX
from services.cli.seed.city import City
from services.cli.seed.plan import TABLES
from services.runtime.clickhouse import connect, translated_errors
from services.runtime.errors import ConfigurationError
from services.runtime.settings import ClickHouseSettings

_MARK: Final = """CREATE TABLE seeded_city (
    cameras UInt32, days UInt32, until DateTime('UTC'), seed Int64, raw_hours UInt32,
    complete Bool, noted_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = MergeTree ORDER BY noted_at
COMMENT 'Says that everything in this database is a simulated city, made by tilik seed'"""
_OURS: Final = ("schema_migrations", "ruleset_choices", "seeded_city")
_CREATED: Final = re.compile(
    r"^CREATE (?:OR REPLACE )?(?:TABLE|VIEW|MATERIALIZED VIEW|DICTIONARY) (?:IF NOT EXISTS )?(\w+)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Found:
    """What is in a database: its name, whether it is there, seeded, which city, and in words what others have there."""

    database: str
    exists: bool
    seeded: bool
    told: str
    foreign: str


def made_by(migrations: Iterable[Migration]) -> frozenset[str]:
    """Give the names of the tables and views that migrations make."""
    return frozenset(name for migration in migrations for name in _CREATED.findall(migration.text))


def look(settings: ClickHouseSettings) -> Found:
    """Look into the database; blocks.

    Raises:
        RetryableError: ClickHouse is away.
    """
    with closing(connect(settings)) as client, translated_errors(f"looking into the database {settings.database}"):
        tables = client.query(
            "SELECT name, ifNull(total_rows, 0), has(groupArray(c.name), 'camera_id') FROM system.tables AS t "
            "LEFT JOIN system.columns AS c ON c.database = t.database AND c.table = t.name "
            "WHERE t.database = {database:String} GROUP BY t.name, t.total_rows ORDER BY t.name",
            parameters={"database": settings.database},
        ).result_rows
        there = client.query(
            "SELECT count() FROM system.databases WHERE name = {database:String}",
            parameters={"database": settings.database},
        ).result_rows[0][0]
        client.database = settings.database if there else None
        seeded = any(name == "seeded_city" for name, _, _ in tables)
        told = _told(client) if seeded else ""
        made = made_by(known_migrations())
        foreign = (_foreign(client, *table, made=made, seeded=seeded) for table in tables)
        first = next(filter(None, foreign), "")
    return Found(settings.database, bool(there), seeded, told, first)


def _foreign(client: Client, table: str, rows: int, has_camera_id: bool, *, made: frozenset[str], seeded: bool) -> str:
    """Say what of a table no simulated city has: the whole table, or rows in it; empty: nothing."""
    if table in _OURS or (seeded and table in TABLES):
        return ""
    if table not in made:
        return f"{table},"
    if not rows or (seeded and not has_camera_id):
        return ""
    query = f"SELECT 1 FROM `{table}` WHERE NOT startsWith(camera_id, '{PREFIX}') LIMIT 1"
    return "" if seeded and not client.query(query).result_rows else f"rows in {table}"


def _told(client: Client) -> str:
    rows = client.query(
        "SELECT cameras, days, until, seed, complete FROM seeded_city ORDER BY noted_at DESC LIMIT 1"
    ).result_rows
    if not rows:
        return "the beginning of a simulated city"
    cameras, days, until, seed, complete = rows[0]
    whole = "" if complete else ", not complete"
    return f"a simulated city of {cameras} cameras, {days} days until {until:%Y-%m-%d %H:%M} UTC, seed {seed}{whole}"


def refuse_what_is_not_ours(found: Found) -> None:
    """Let only a database pass that is empty or holds nothing but a simulated city.

    Raises:
        ConfigurationError: It holds something else.
    """
    if found.foreign:
        raise ConfigurationError(
            f"the database {found.database} holds {found.foreign} that tilik seed did not make: it is left as it is; "
            "choose another one with --database"
        )


def claim(client: Client) -> None:
    """Mark the database as one that holds a simulated city, before its first row."""
    with translated_errors("marking the database as a simulated city"):
        client.command(_MARK)


def note(client: Client, city: City, complete: bool) -> None:
    """Note which city it is."""
    row = [len(city.cameras), city.days, city.until_s, city.seed, city.raw_hours, complete]
    with translated_errors("noting which simulated city it is"):
        names = ["cameras", "days", "until", "seed", "raw_hours", "complete"]  # not a topic: a column
        client.insert("seeded_city", [row], column_names=names)


def drop(settings: ClickHouseSettings) -> None:
    """Drop the database; blocks.

    Raises:
        RetryableError: ClickHouse is away or refused.
    """
    with closing(connect(settings)) as client, translated_errors(f"dropping the database {settings.database}"):
        client.command(f"DROP DATABASE IF EXISTS {settings.database} SYNC")
