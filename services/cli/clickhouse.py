"""Which ClickHouse a subcommand asks: ``--clickhouse``, else the aggregation's settings."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager

import click
from clickhouse_connect.driver.client import Client
from pydantic import ValidationError

from services.aggregate.settings import AggregateSettings
from services.runtime.clickhouse import ClickHouseFailedError, connect
from services.runtime.errors import RetryableError
from services.runtime.settings import ClickHouseSettings, load_settings

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


@contextmanager
def clickhouse_client(settings: ClickHouseSettings) -> Iterator[Client]:
    """Give a client of the database, for as long as it is used.

    Raises:
        RetryableError: ClickHouse is away, or something asked of it failed. Where it can't be reached that is all that
            is said: its library says it in hundreds of words, and logs them too.
    """
    for name in ("urllib3", "clickhouse_connect"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        with closing(connect(settings, settings.database)) as client:
            yield client
    except ClickHouseFailedError as error:
        text = str(error.__cause__ or error)
        away = "Failed to establish" in text or "timed out" in text or "Max retries" in text
        told = "can't be reached" if away else f"says: {text[:300]}"
        raise RetryableError(f"ClickHouse at {settings.host}:{settings.port} {told}") from error
