"""``tilik cameras list``: the registry with how each camera is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import closing

import click
from rich.console import Console, RenderableType
from rich.live import Live as LiveView

from services.aggregate.settings import ClickHouseSettings
from services.cli.cameras.list_view import LiveTable, registry_table
from services.cli.cameras.rows import STANDINGS, CameraRow, Live, rows_of
from services.cli.cameras.selection import in_kelurahan
from services.cli.cameras.store import camera_facts, coverage, newest_pictures
from services.cli.clickhouse import clickhouse_client, clickhouse_option, clickhouse_settings
from services.cli.cluster import bootstrap_option, kafka_settings
from services.runtime.camera_registry import CameraRegistry, CameraRevisions
from services.runtime.clock import now_ms
from services.runtime.errors import RetryableError

_REFRESH_SECONDS = 5.0
"""Between two looks of ``--watch``: a status comes each minute and on each change of state."""
_REGISTRY_SECONDS = 15.0

Chosen = Callable[[CameraRow], bool]


@click.command()
@click.option("--kelurahan", metavar="NAME", help="Only cameras of this kelurahan.")
@click.option(
    "--state",
    "standings",
    multiple=True,
    type=click.Choice(STANDINGS),
    help="Only cameras in this state; may be given several times.",
)
@click.option("--json", "as_json", is_flag=True, help="Newest revisions with how they are ('live'), an object a line.")
@click.option("--watch", is_flag=True, help="Show it anew every 5 seconds, until Ctrl-C.")
@click.option("--all", "with_removed", is_flag=True, help="Also cameras that were removed.")
@bootstrap_option
@clickhouse_option
def command(  # noqa: PLR0913  (one for each option)
    *,
    kelurahan: str | None,
    standings: tuple[str, ...],
    as_json: bool,
    watch: bool,
    with_removed: bool,
    bootstrap: str | None,
    clickhouse: str | None,
) -> None:
    """List the cameras and how they are, trouble first.

    The registry comes from Kafka. How a camera is comes from ClickHouse: its state and since when, the age of its
    newest picture, frames a second, bytes a day, what is decoded, its owner, and what is wrong. Where ClickHouse can't
    be reached, the registry alone is shown, and that is said.

    \b
    refused      it does not want us, or we must not go there: a person must change something
    no_owner     no worker reads it; owned_twice: two do ('tilik cameras coverage' tells more)
    backing_off  the connection failed; it is tried again
    stalled      connected, but no picture comes
    """

    def chosen(row: CameraRow) -> bool:
        there = with_removed or row.camera.state != "removed" or "removed" in standings
        here = kelurahan is None or in_kelurahan(row.camera, kelurahan)
        return there and here and (not standings or row.standing in standings)

    registry = CameraRegistry(kafka_settings(bootstrap), "tilik-list")
    settings = clickhouse_settings(clickhouse)
    with closing(registry):
        registry.wait_until_current(_REGISTRY_SECONDS)
        if watch:
            _watch(registry.revisions, settings, chosen)
        else:
            _print(*_look(registry.revisions, settings, chosen), as_json)


def _print(rows: Sequence[CameraRow], missing: str, as_json: bool) -> None:
    if missing:
        click.echo(missing, err=True)
    if as_json:
        for row in rows:
            click.echo(json.dumps(row.as_json(), ensure_ascii=False))
    else:
        Console().print(_table(rows, missing))


def _watch(revisions: CameraRevisions, settings: ClickHouseSettings, chosen: Chosen) -> None:
    with LiveView(console=Console(), screen=True, auto_refresh=False) as view:
        while True:
            view.update(_table(*_look(revisions, settings, chosen)), refresh=True)
            time.sleep(_REFRESH_SECONDS)


def _look(revisions: CameraRevisions, settings: ClickHouseSettings, chosen: Chosen) -> tuple[list[CameraRow], str]:
    """Give the rows, and a sentence where how the cameras are can't be told."""
    try:
        live, missing = _live(settings), ""
    except RetryableError as error:
        live, missing = None, f"only the registry is known, not how the cameras are: {error}"
    return [row for row in rows_of(revisions.all_latest(), live) if chosen(row)], missing


def _live(settings: ClickHouseSettings) -> Live:
    with clickhouse_client(settings) as client:
        return Live(camera_facts(client), coverage(client), newest_pictures(client))


def _table(rows: Sequence[CameraRow], missing: str) -> RenderableType:
    return registry_table(rows, missing) if missing else LiveTable(rows, now_ms())
