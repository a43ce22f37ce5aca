"""``tilik dashboards check``: find what is wrong with the dashboards before somebody looks at them."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import click
from clickhouse_connect.driver.client import Client

from deploy.local.testing import running_face
from services.aggregate.dashboards.build import GENERATED
from services.aggregate.dashboards.checks.everything import findings
from services.aggregate.dashboards.checks.finding import Json
from services.aggregate.dashboards.checks.sql import Chosen, Describe, ResultColumn
from services.aggregate.metrics import AGGREGATE_METRICS
from services.aggregate.migrate import known_migrations, migrate
from services.cli.dashboards.macros import expand
from services.detect.metrics import DETECT_METRICS
from services.ingest.metrics import INGEST_METRICS
from services.runtime.clickhouse import connect, translated_errors
from services.runtime.errors import ConfigurationError
from services.runtime.settings import ClickHouseSettings
from services.webhooks.metrics import WEBHOOK_METRICS

METRICS = (*INGEST_METRICS, *DETECT_METRICS, *AGGREGATE_METRICS, *WEBHOOK_METRICS)
"""Of all services; some share those of the loop."""

_END = datetime(2026, 1, 2, tzinfo=UTC)
_SPAN = timedelta(days=1)
_INTERVAL_SECONDS = 60


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--no-engine", is_flag=True, help="Do not start ClickHouse's engine: tables and columns go unchecked.")
def command(files: tuple[Path, ...], no_engine: bool) -> None:
    """Check the dashboards' FILES, or all that are committed; each finding is a line, with what to do.

    Their SQL is asked of ClickHouse's engine, with Tilik's tables, empty, in a folder that goes away afterwards. Exit
    code 1: something is wrong.
    """
    documents = read(files or sorted(GENERATED.rglob("*.json")))
    if no_engine:
        found = list(findings(documents, METRICS, expanded))
    else:
        with empty_store() as describe:
            found = list(findings(documents, METRICS, expanded, describe))
    for finding in found:
        click.echo(str(finding))
    if found:
        sys.exit(1)
    click.echo(f"{len(documents)} files are right{', apart from tables and columns' if no_engine else ''}")


def read(files: Sequence[Path]) -> list[Json]:
    """Read dashboards.

    Raises:
        ConfigurationError: A file is not a JSON object.
    """
    documents = []
    for path in files:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ConfigurationError(f"{path} is not JSON: {error}") from error
        if not isinstance(document, dict):
            raise ConfigurationError(f"{path} holds no dashboard: a JSON object is expected")
        documents.append(document)
    return documents


def expanded(sql: str, chosen: Chosen) -> str:
    """Expand macros and variables of a statement for some day."""
    return expand(sql, start=_END - _SPAN, end=_END, interval_seconds=_INTERVAL_SECONDS, chosen=chosen)


@contextmanager
def empty_store() -> Iterator[Describe]:
    """Start ClickHouse's engine with Tilik's tables; give what tells the columns of a statement's result.

    Raises:
        FatalError: It did not become ready.
    """
    with tempfile.TemporaryDirectory(prefix="tilik-check-") as folder, running_face(Path(folder), 1.0) as face:
        settings = ClickHouseSettings(host="127.0.0.1", port=face.port)
        migrate(settings, known_migrations())
        client = connect(settings, settings.database)
        try:
            yield cache(lambda sql: _columns(client, sql))  # both languages, and most dashboards, ask the same
        finally:
            client.close()


def _columns(client: Client, sql: str) -> list[ResultColumn]:
    """Run a statement over empty tables, which takes what a plan takes, and give the columns of its result.

    Raises:
        RetryableError: The engine refuses it; the text has the engine's reason.
    """
    with translated_errors("asked for the columns of a panel"):
        result = client.query(sql)
    types = [kind.name for kind in result.column_types]
    return [ResultColumn(name, kind) for name, kind in zip(result.column_names, types, strict=True)]
