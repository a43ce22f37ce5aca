"""``tilik cameras history``: one camera's story in the terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click
import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli.cameras.cells import cell
from services.cli.cameras.list_view import STYLES
from services.cli.cameras.store import ownerships, statuses
from services.cli.cameras.story import Moment, tell
from services.cli.cameras.times import local, span
from services.cli.clickhouse import clickhouse_client, clickhouse_option, clickhouse_settings
from services.runtime.clock import now_ms
from services.runtime.errors import ConfigurationError

_HOURS = click.FloatRange(min=0, min_open=True, max=8784)
_OWNER_STYLES = {"owner": "cyan", "released": "cyan", "superseded": "bold red", "silent": "bold red"}


@click.command()
@click.argument("camera")
@click.option("--hours", type=_HOURS, default=24.0, show_default=True, help="How far back.")
@click.option("--json", "as_json", is_flag=True, help="Print an object for each moment, one a line; times in ms.")
@clickhouse_option
def command(camera: str, hours: float, as_json: bool, clickhouse: str | None) -> None:
    """Tell CAMERA's story: who owned it, when it was connected, live, stalled, backing off or refused, and why.

    Beside each state stands how long it lasted, and what was captured and missed meanwhile, by reason. Times are
    Asia/Jakarta. Counts come from the readers' reports, which are sent each minute and on each change, so the state
    that lasts can lack the last minute.
    """
    with clickhouse_client(clickhouse_settings(clickhouse)) as client:
        rows = statuses(client, camera, hours)
        owners = ownerships(client, camera)
    if not rows:
        raise ConfigurationError(
            f"nothing was reported of a camera {camera!r} in the last {hours:g} h; 'tilik cameras list' names the "
            "cameras, --hours looks further back"
        )
    moments = tell(rows, owners, now_ms())
    if as_json:
        for moment in moments:
            click.echo(json.dumps(msgspec.to_builtins(moment), ensure_ascii=False))
    else:
        Console().print(timeline(camera, moments))


def timeline(camera: str, moments: Sequence[Moment]) -> Table:
    """Give the story as a table; each new day says its date."""
    title = cell(f"{camera}, {local(moments[0].at_ms):%Y-%m-%d %H:%M} to {local(moments[-1].until_ms):%Y-%m-%d %H:%M}")
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", title_style="bold")
    table.add_column("Asia/Jakarta", no_wrap=True)
    table.add_column("what", no_wrap=True)
    table.add_column("for", justify="right", no_wrap=True)
    table.add_column("captured", justify="right", no_wrap=True)
    table.add_column("missed", overflow="fold")
    table.add_column("MB", justify="right", no_wrap=True)
    table.add_column("why", ratio=1, overflow="fold")
    day = ""
    for moment in moments:
        if (today := f"{local(moment.at_ms):%Y-%m-%d}") != day:
            table.add_row(Text(today, "bold"))
            day = today
        table.add_row(*_cells(moment))
    return table


def _cells(moment: Moment) -> tuple[str | Text, ...]:
    clock = f"{local(moment.at_ms):%H:%M:%S}"
    if moment.event in _OWNER_STYLES:
        style = _OWNER_STYLES[moment.event]
        who = f"{moment.owner or 'not known'}, epoch {moment.owner_epoch}: {moment.why}"
        return clock, Text(moment.event, style), "", "", "", "", cell(who, style)
    style = STYLES.get(moment.event, "")
    missed = ", ".join(f"{count:,} {reason}" for reason, count in sorted(moment.missed.items()))
    tries = moment.reconnects
    again = f"{tries} {'try' if tries == 1 else 'tries'} to connect" if tries else ""
    return (
        clock,
        Text(moment.event, style),
        span((moment.until_ms - moment.at_ms) / 1000),
        f"{moment.captured:,}" if moment.captured else "",
        cell(missed, "yellow"),
        f"{moment.bytes / 1e6:,.1f}" if moment.bytes else "",
        cell("; ".join(part for part in (moment.why, again) if part)),
    )
