"""A database of its own for a few literal rows, and what views say about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from services.aggregate.migrate import known_migrations, migrate
from services.aggregate.tier_rows import TIER_TYPES
from services.cli.seed.tiers import stop_tiers
from services.runtime.clickhouse import connect
from services.runtime.settings import ClickHouseSettings


class StoreScene:
    """Rows are said as columns; a column that is not said has its type's default."""

    def __init__(self, client: Client, settings: ClickHouseSettings) -> None:
        self.client, self.settings = client, settings

    def insert(self, table: str, *rows: dict[str, Any]) -> None:
        block = b"\n".join(msgspec.json.encode(row) for row in rows)
        settings = {"date_time_input_format": "best_effort", "async_insert": 0}
        self.client.raw_insert(table, insert_block=block, fmt="JSONEachRow", settings=settings)

    def choose(self, ruleset: str, chosen_at: str, from_at: str = "1970-01-01", until_at: str = "1970-01-01") -> None:
        """Make a ruleset current; ``chosen_at`` orders the choices."""
        choice = {"ruleset": ruleset, "chosen_at": chosen_at, "from_at": from_at, "until_at": until_at}
        self.insert("ruleset_choices", choice)

    def refresh(self, *tiers: str) -> None:
        for tier in tiers:
            for step in ("START", "REFRESH", "WAIT", "STOP"):
                self.client.command(f"SYSTEM {step} VIEW {tier}_refresh")

    def ask(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.client.query(query, parameters=parameters).result_rows]

    def clear(self) -> None:
        for (table,) in self.ask(
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' "
            "AND name != 'schema_migrations' AND total_rows > 0"
        ):
            self.client.command(f"TRUNCATE TABLE {table}")


@contextmanager
def store_scene(port: int, database: str) -> Iterator[StoreScene]:
    """Migrate a database; its tiers are filled only when a test says so."""
    settings = ClickHouseSettings(port=port, database=database)
    migrate(settings, known_migrations())
    with closing(connect(settings, database)) as client:
        for row_type in TIER_TYPES:
            client.command(f"SYSTEM WAIT VIEW {row_type.TABLE}_refresh")
        stop_tiers(client)
        yield StoreScene(client, settings)
