"""Filling a database with the simulated city: the plan, then the rows of every table, in the engine.

cameras ─► plan (spans) ─► minutes, a day at a time ─► episodes, stays, decisions ─► statuses, ownerships ─► raw frames
"""

# ruff: noqa: S608  (statements are made of numbers and of this package's own words)

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from clickhouse_connect.driver.client import Client
from rich.progress import Progress

from services.aggregate.registry_rows import CameraRow
from services.cli.seed.accounting import accounting_statements
from services.cli.seed.cameras import SeedCamera
from services.cli.seed.city import City
from services.cli.seed.episodes import episode_statements
from services.cli.seed.minutes import minute_statements
from services.cli.seed.plan import CAMERAS, TABLES, plan_statements
from services.cli.seed.raw import raw_statements
from services.runtime.clickhouse import translated_errors

_BLOCK_ROWS: Final = 2_000_000
_AT_ONCE: Final = 2
"""Insertions of minutes at a time: each keeps one core busy, and some 500 MB."""
_REGISTRY: Final = """SELECT camera_id, 1 AS revision, name, kind, kecamatan, kelurahan, rw, rt, latitude, longitude,
    source_kind, sample_fps, '1x1' AS tiles, kind = 'market' AS record, number % 5 != 0 AS public, 'active' AS state,
        1 AS version
FROM seed_cameras"""


def fill(client: Client, city: City, bars: Progress) -> float:
    """Insert everything but the tiers, and give the seconds. The tables must be there, and empty.

    Raises:
        RetryableError: ClickHouse is away, or refused a statement; what was inserted before it stays.
    """
    began = time.monotonic()
    with translated_errors("planning the simulated city"):
        make_plan(client, city, bars)
    _insert_all(client, [(CameraRow.TABLE, _REGISTRY), *minute_statements(city)], bars, at_once=_AT_ONCE)
    rest = [*episode_statements(city), *accounting_statements(city), *raw_statements(city)]
    _insert_all(client, rest, bars, at_once=1)  # each rests on what was inserted before it
    with translated_errors("dropping the plan"):
        drop_plan(client)
    return time.monotonic() - began


def _insert_all(client: Client, steps: Sequence[tuple[str, str]], bars: Progress, at_once: int) -> None:
    """Insert what SELECTs give, several at once; the first that fails lets no other begin."""
    bar = bars.add_task("inserting", total=len(steps))

    def insert(number: int, table: str, select: str) -> None:
        bars.update(bar, description=f"inserting {table}")
        if number % 20 == 0 and not bars.console.is_terminal:  # bars are drawn on terminals only
            bars.console.print(f"inserting: {number} of {len(steps)}")
        with translated_errors(f"inserting the simulated city's {table}"):
            _insert(client, table, select)
        bars.advance(bar)

    with ThreadPoolExecutor(at_once) as threads:
        inserted = [threads.submit(insert, number, *step) for number, step in enumerate(steps)]
        try:
            for one in inserted:
                one.result()
        finally:
            threads.shutdown(cancel_futures=True)


def drop_plan(client: Client) -> None:
    """Drop the tables that only the making needs."""
    for table in TABLES:
        client.command(f"DROP TABLE IF EXISTS {table} SYNC")


def make_plan(client: Client, city: City, bars: Progress) -> None:
    """Make the tables of spans that everything rests on, in place of those that are there."""
    drop_plan(client)
    client.command(CAMERAS)
    names = SeedCamera.__slots__
    client.insert("seed_cameras", [[getattr(c, name) for name in names] for c in city.cameras], column_names=names)
    statements = list(plan_statements(city))
    bar = bars.add_task("planning", total=len(statements))
    for table, statement in statements:
        bars.update(bar, description=f"planning {table.removeprefix('seed_')}")
        client.command(statement)
        bars.advance(bar)


def _insert(client: Client, table: str, select: str) -> None:
    """Insert what a SELECT gives under the names of the table's columns; other names are steps on the way."""
    given = {row[0] for row in client.query(f"DESCRIBE ({select})").result_rows}
    has = client.query(
        "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {table:String}",
        parameters={"table": table},
    ).result_rows
    columns = ", ".join(f"`{name}`" for (name,) in has if name in given)
    client.command(
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM ({select})",
        settings={"max_insert_threads": 1, "min_insert_block_size_rows": _BLOCK_ROWS, "async_insert": 0},
    )
