"""``tilik cameras list``: the registry with how each camera is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import NamedTuple

import click
from rich.console import Console, RenderableType
from rich.live import Live as LiveView

from services.cli.cameras.list_view import LiveTable, registry_table
from services.cli.cameras.rows import STANDINGS, CameraRow, Live, rows_of
from services.cli.cameras.selection import Area, area_option
from services.cli.cameras.store import camera_facts, coverage, newest_pictures
from services.cli.cameras.times import local
from services.cli.clickhouse import clickhouse_client, clickhouse_option, clickhouse_settings
from services.cli.cluster import bootstrap_option, kafka_settings
from services.runtime.camera_registry import CameraRegistry, CameraRevisions
from services.runtime.clock import now_ms
from services.runtime.errors import RetryableError
from services.runtime.settings import ClickHouseSettings

_REFRESH_SECONDS = 5.0
"""Between two looks of ``--watch``: a status comes each minute and on each change of state."""
_REGISTRY_SECONDS = 15.0
_CURRENT_SECONDS = 8.0
"""How long ``--watch`` waits for Kafka's word that the registry is current: its client gives up on a call after 5 s."""

Chosen = Callable[[CameraRow], bool]


@click.command()
@area_option
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
    area: Area,
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
    be reached, the registry alone is shown, and that is said; so it is with --watch, also where Kafka goes away.

    \b
    refused      it does not want us, or we must not go there: a person must change something
    no_owner     no worker reads it; owned_twice: two do ('tilik cameras coverage' tells more)
    unknown      nothing was written of any camera for 150 s: look at aggregate, then at ingest
    backing_off  the connection failed; it is tried again
    stalled      connected, but no picture comes
    connecting   on its way
    stopped      its footage is over, or its worker stopped and no other has begun yet
    live         pictures come
    active       the registry wants it read; more is not known, since ClickHouse can't be reached
    paused       a person has decided so; removed: likewise
    """

    def chosen(row: CameraRow) -> bool:
        there = with_removed or row.camera.state != "removed" or "removed" in standings
        return there and area.holds(row.camera) and (not standings or row.standing in standings)

    registry = CameraRegistry(kafka_settings(bootstrap), "tilik-list")
    settings = clickhouse_settings(clickhouse)
    with closing(registry):
        registry.wait_until_current(_REGISTRY_SECONDS)
        if watch:
            _watch(registry, settings, chosen)
        else:
            _print(_look(registry.revisions, settings, chosen), as_json)


class Look(NamedTuple):
    """What is known at ``at_ms``. ``notes`` say what is not, and why; ``is_live``: ClickHouse could be asked."""

    rows: list[CameraRow]
    notes: list[str]
    is_live: bool
    at_ms: int


def _print(look: Look, as_json: bool) -> None:
    if as_json:
        for note in look.notes:
            click.echo(note, err=True)
        for row in look.rows:
            click.echo(json.dumps(row.as_json(), ensure_ascii=False))
    else:
        Console().print(_table(look))


def _watch(registry: CameraRegistry, settings: ClickHouseSettings, chosen: Chosen) -> None:
    current_ms = now_ms()
    with LiveView(console=Console(), screen=True, auto_refresh=False) as view:
        while True:
            old = []
            try:
                registry.wait_until_current(_CURRENT_SECONDS)
                current_ms = now_ms()
            except RetryableError as error:
                old = [f"the registry is as of {local(current_ms):%H:%M:%S}: {error}"]
            look = _look(registry.revisions, settings, chosen, old)
            view.update(_table(look), refresh=True)
            time.sleep(_REFRESH_SECONDS)


def _look(revisions: CameraRevisions, settings: ClickHouseSettings, chosen: Chosen, known: Sequence[str] = ()) -> Look:
    cameras, at_ms, notes = revisions.all_latest(), now_ms(), list(known)
    live: Live | None = None
    still = ""
    try:
        live = _live(settings)
        still = live.standstill(cameras, at_ms)
    except RetryableError as error:
        notes.append(f"only the registry is known, not how the cameras are: {error}")
    if still:
        notes.append(still)
    rows = [row for row in rows_of(cameras, live, bool(still)) if chosen(row)]
    return Look(rows, notes, live is not None, at_ms)


def _live(settings: ClickHouseSettings) -> Live:
    with clickhouse_client(settings) as client:
        return Live(camera_facts(client), coverage(client), newest_pictures(client))


def _table(look: Look) -> RenderableType:
    return LiveTable(look.rows, look.at_ms, look.notes) if look.is_live else registry_table(look.rows, look.notes)
