"""``tilik store``: bring ClickHouse's tables up to date, or say where they stand."""

from __future__ import annotations

import sys

import click

from services.aggregate.migrate import choose_first_ruleset, known_migrations, migrate, migration_states
from services.aggregate.settings import AggregateSettings
from services.runtime.settings import ClickHouseSettings, load_settings


@click.group()
def command() -> None:
    """Look after ClickHouse's tables.

    Which ClickHouse is said by TILIK_AGGREGATE_CLICKHOUSE__HOST, __PORT, __USER, __PASSWORD and __DATABASE.
    """


@command.command("migrate")
@click.option("--dry-run", is_flag=True, help="Show the statements that would be run, and change nothing.")
def migrate_command(dry_run: bool) -> None:
    """Apply the migrations that have not been applied yet. Safe to run again, and from several places at once.

    In a new database this program's ruleset becomes current. In an older one what is current stays so until a service
    with new rules starts.
    """
    settings = _clickhouse()
    if dry_run:
        pending = [state.migration for state in migration_states(settings, known_migrations()) if not state.applied]
        for migration in pending:
            click.echo(f"-- {migration.name}\n" + ";\n\n".join(migration.statements) + ";\n")
    else:
        pending = migrate(settings, known_migrations())
        for migration in pending:
            click.echo(f"applied {migration.name}")
        if (choice := choose_first_ruleset(settings)) is not None:
            click.echo(f"ruleset {choice.ruleset} is current for all time")
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


def _clickhouse() -> ClickHouseSettings:
    return load_settings(AggregateSettings).clickhouse
