"""Which ClickHouse a subcommand asks: ``--clickhouse``, else the aggregation's settings."""

from __future__ import annotations

import logging

import click
from pydantic import ValidationError

from services.aggregate.settings import AggregateSettings, ClickHouseSettings
from services.runtime.settings import load_settings

clickhouse_option = click.option(
    "--clickhouse",
    metavar="HOST:PORT",
    help="ClickHouse's HTTP interface; else TILIK_AGGREGATE_CLICKHOUSE__HOST and __PORT. User, password and database "
    "are always those of TILIK_AGGREGATE_CLICKHOUSE__*.",
)


def clickhouse_settings(place: str | None) -> ClickHouseSettings:
    """Give how to reach ClickHouse; ``place`` is what ``--clickhouse`` says.

    Raises:
        ConfigurationError: A variable of the environment is wrong.
    """
    settings = load_settings(AggregateSettings).clickhouse
    if place is None:
        return settings
    host, colon, port = place.rpartition(":")
    try:
        told = {"host": host, "port": int(port)} if colon and host else {"host": place}
        return ClickHouseSettings.model_validate(settings.model_dump() | told)
    except (ValueError, ValidationError) as error:
        raise click.BadParameter(f"{place!r} is not HOST:PORT") from error


def keep_client_quiet() -> None:
    """Let ClickHouse's client log nothing on the terminal: what hinders it is told by the command itself."""
    for name in ("urllib3", "clickhouse_connect"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
