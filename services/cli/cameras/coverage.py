"""``tilik cameras coverage``: whether exactly one worker owns each camera."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click
import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from schemas.cameras import Camera
from services.cli.cameras.store import Coverage, coverage
from services.cli.cameras.times import local, span
from services.cli.clickhouse import clickhouse_client, clickhouse_option, clickhouse_settings
from services.cli.cluster import bootstrap_option, kafka_settings
from services.runtime.camera_registry import read_registry
from services.runtime.clock import now_ms

_NEVER = Coverage(
    camera_id="", covered=False, owners_now=0, owner="", owner_epoch=0, since_ms=0, last_owner="", active_ms=0
)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print an object a line.")
@click.option("--faults", "only_faults", is_flag=True, help="Only cameras that no worker owns, or more than one.")
@bootstrap_option
@clickhouse_option
def command(as_json: bool, only_faults: bool, bootstrap: str | None, clickhouse: str | None) -> None:
    """Tell who owns each active camera, since when and under which epoch.

    Exit code 1: a camera has no owner, or two. Which cameras there must be comes from the registry in Kafka, who owns
    them from ClickHouse. An owner is a worker whose last word on the camera is less than 150 s old, and who has not
    let it go; so for that long after a worker died, its cameras can still be shown as its own.
    """
    active = [camera for camera in read_registry(kafka_settings(bootstrap)).all_latest() if camera.state == "active"]
    with clickhouse_client(clickhouse_settings(clickhouse)) as client:
        known = coverage(client)
    rows = covered(active, known)
    shown = [row for row in rows if not only_faults or not row.covered]
    if as_json:
        for row in shown:
            click.echo(json.dumps(msgspec.to_builtins(row), ensure_ascii=False))
    else:
        Console().print(coverage_table(shown, rows, now_ms()))
    if not all(row.covered for row in rows):
        sys.exit(1)


def covered(active: Sequence[Camera], known: dict[str, Coverage]) -> list[Coverage]:
    """Give a row for each camera that is to be owned, faults first; one that the store does not know has no owner."""
    rows = [
        known.get(camera.camera_id) or msgspec.structs.replace(_NEVER, camera_id=camera.camera_id) for camera in active
    ]
    return sorted(rows, key=lambda row: (row.covered, row.owners_now == 0, row.camera_id))


def coverage_table(shown: Sequence[Coverage], rows: Sequence[Coverage], at_ms: int) -> Table:
    """Give the table of ``shown``; its title counts all ``rows``."""
    none = sum(row.owners_now == 0 for row in rows)
    several = sum(row.owners_now > 1 for row in rows)
    exact = sum(row.covered for row in rows)
    title = Text(f"{len(rows):,} active cameras: {exact:,} owned by exactly one worker", "green" if exact else "")
    if none or several:
        title.append(f", {none:,} by none, {several:,} by more than one", "bold red")
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left")
    for heading in ("camera", "owner", "since", "epoch", "last sign", "exactly one"):
        table.add_column(heading, no_wrap=heading != "owner", overflow="fold")
    for row in shown:
        table.add_row(
            row.camera_id,
            row.owner or (f"none; last was {row.last_owner}" if row.last_owner else "none"),
            f"{local(row.since_ms):%Y-%m-%d %H:%M:%S}" if row.since_ms else "never",
            str(row.owner_epoch) if row.owner_epoch else "",
            f"{span((at_ms - row.active_ms) / 1000)} ago" if row.active_ms else "",
            Text("yes", "green") if row.covered else Text(_fault(row), "bold red"),
        )
    return table


def _fault(row: Coverage) -> str:
    return "no owner" if row.owners_now == 0 else f"{row.owners_now} owners"
