"""A client of ClickHouse's HTTP interface: the one place where its library's errors become ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from services.runtime.errors import RetryableError
from services.runtime.settings import ClickHouseSettings


class ClickHouseFailedError(RetryableError):
    """ClickHouse is away, or did not do what it was asked."""


@contextmanager
def translated_errors(doing: str) -> Iterator[None]:
    """Turn every failure of ClickHouse or of the way to it into a ClickHouseFailedError that says what was being done.

    Also an error that no retry would mend, such as a missing table, is one to wait on: nothing that was captured may be
    lost, and the text says what a person must do.
    """
    try:
        yield
    except (ClickHouseError, OSError) as error:
        raise ClickHouseFailedError(f"ClickHouse, {doing}: {error}") from error


def connect(settings: ClickHouseSettings, database: str = "") -> Client:
    """Give a connected client; statements without a database's name mean ``database``. Blocks.

    Raises:
        RetryableError: ClickHouse is away, refuses the user, or there is no such database.
    """
    with translated_errors(f"connecting to {settings.host}:{settings.port}"):
        client: Client = clickhouse_connect.get_client(
            host=settings.host,
            port=settings.port,
            interface="https" if settings.secure else "http",
            username=settings.user,
            password=settings.password.get_secret_value(),
            database=database or "__default__",
            connect_timeout=settings.connect_timeout_seconds,
            send_receive_timeout=settings.write_timeout_seconds,
            autogenerate_session_id=False,  # inserts and reads from several threads would wait for each other
            query_retries=0,
            compress="lz4",
        )
    return client
