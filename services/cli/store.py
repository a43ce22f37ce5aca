"""``tilik store``: bring ClickHouse's tables up to date, or say where they stand."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from services.aggregate.migrate import choose_own_ruleset, known_migrations, migrate, migration_states
from services.aggregate.settings import AggregateSettings, ClickHouseSettings
from services.aggregate.table import UNSET_MS
from services.runtime.settings import load_settings


@click.group()
def command() -> None:
    """Look after ClickHouse's tables.

    Which ClickHouse is said by TILIK_AGGREGATE_CLICKHOUSE__HOST, __PORT, __USER, __PASSWORD and __DATABASE.
    """


@command.command("migrate")
@click.option("--dry-run", is_flag=True, help="Show the statements that would be run, and change nothing.")
def migrate_command(dry_run: bool) -> None:
    """Apply the migrations that have not been applied yet. Safe to run again, and from several places at once."""
    settings = _clickhouse()
    if dry_run:
        pending = [state.migration for state in migration_states(settings, known_migrations()) if not state.applied]
        for migration in pending:
            click.echo(f"-- {migration.name}\n" + ";\n\n".join(migration.statements) + ";\n")
    else:
        pending = migrate(settings, known_migrations())
        for migration in pending:
            click.echo(f"applied {migration.name}")
        if (choice := choose_own_ruleset(settings)) is not None:
            since = "for all time" if choice.from_at == UNSET_MS else f"from {_utc(choice.from_at)} on"
            click.echo(f"ruleset {choice.ruleset} is current {since}")
    if not pending:
        click.echo(f"database {settings.database} is up to date")


@command.command("status")
def status_command() -> None:
    """Tell of each migration whether it has been applied. Exit code 1: some have not."""
    settings = _clickhouse()
    states = migration_states(settings, known_migrations())
    for state in states:
        click.echo(f"{'applied' if state.applied else 'pending'}  {state.migration.name}")
    if not all(state.applied for state in states):
        sys.exit(1)


def _utc(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%MZ")


def _clickhouse() -> ClickHouseSettings:
    return load_settings(AggregateSettings).clickhouse
