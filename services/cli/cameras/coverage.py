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
from services.cli.cameras.cells import cell
from services.cli.cameras.rows import newest_sign, standstill
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

    Exit code 1: a camera has no owner, or two; or that is not known, since nothing was written of any camera for 150 s.
    Which cameras there must be comes from the registry in Kafka, who owns them from ClickHouse. An owner is a worker
    whose last word on the camera is less than 150 s old, and who has not let it go; so for that long after a worker
    died, its cameras can still be shown as its own.
    """
    cameras = read_registry(kafka_settings(bootstrap)).all_latest()
    active = [camera for camera in cameras if camera.state == "active"]
    if not active:
        nothing = f"none of {len(cameras)} cameras is active" if cameras else "the registry holds no camera"
        click.echo(f"{nothing}: there is nothing to own", err=True)
        return
    with clickhouse_client(clickhouse_settings(clickhouse)) as client:
        known = coverage(client)
    rows = covered(active, known)
    still = standstill(active, newest_sign(known), now_ms())
    shown = [row for row in rows if not only_faults or not row.covered]
    _print(shown, rows, still, as_json)
    if still or not all(row.covered for row in rows):
        sys.exit(1)


def _print(shown: Sequence[Coverage], rows: Sequence[Coverage], still: str, as_json: bool) -> None:
    if still:
        click.echo(still, err=True)
    if not as_json:
        Console().print(coverage_table(shown, rows, now_ms(), bool(still)))
        return
    for row in shown:
        click.echo(json.dumps(msgspec.to_builtins(row), ensure_ascii=False))


def covered(active: Sequence[Camera], known: dict[str, Coverage]) -> list[Coverage]:
    """Give a row for each camera that is to be owned, faults first; one that the store does not know has no owner."""
    rows = [
        known.get(camera.camera_id) or msgspec.structs.replace(_NEVER, camera_id=camera.camera_id) for camera in active
    ]
    return sorted(rows, key=lambda row: (row.covered, row.owners_now == 0, row.camera_id))


def coverage_table(
    shown: Sequence[Coverage], rows: Sequence[Coverage], at_ms: int, stands_still: bool = False
) -> Table:
    """Give the table of ``shown``; its title counts all ``rows``. ``stands_still``: what they say is old."""
    table = Table(title=_title(rows, stands_still), box=SIMPLE_HEAD, title_justify="left")
    for heading in ("camera", "owner", "since", "epoch", "last sign", "exactly one"):
        table.add_column(heading, no_wrap=heading != "owner", overflow="fold")
    for row in shown:
        table.add_row(
            cell(row.camera_id),
            cell(row.owner or (f"none; last was {row.last_owner}" if row.last_owner else "none")),
            f"{local(row.since_ms):%Y-%m-%d %H:%M:%S}" if row.since_ms else "never",
            str(row.owner_epoch) if row.owner_epoch else "",
            f"{span((at_ms - row.active_ms) / 1000)} ago" if row.active_ms else "",
            _verdict(row, stands_still),
        )
    return table


def _title(rows: Sequence[Coverage], stands_still: bool) -> Text:
    if stands_still:
        return Text(f"{len(rows):,} active cameras: who owns them now is not known", "yellow")
    none = sum(row.owners_now == 0 for row in rows)
    several = sum(row.owners_now > 1 for row in rows)
    exact = sum(row.covered for row in rows)
    title = Text(f"{len(rows):,} active cameras: {exact:,} owned by exactly one worker", "green" if exact else "")
    if none or several:
        title.append(f", {none:,} by none, {several:,} by more than one", "bold red")
    return title


def _verdict(row: Coverage, stands_still: bool) -> Text:
    if stands_still:
        return Text("unknown", "yellow")
    if row.covered:
        return Text("yes", "green")
    return Text("no owner" if row.owners_now == 0 else f"{row.owners_now} owners", "bold red")
