"""``tilik cameras apply``: make the registry say what a file says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from services.cli.cameras.confirmation import ask, yes_option
from services.cli.cameras.diff import CameraChange, plan_changes
from services.cli.cameras.publishing import publish_changes, read_wanted
from services.cli.cluster import bootstrap_option, kafka_settings
from services.runtime.camera_registry import read_registry

_MARKS = {"added": ("+", "green"), "changed": ("~", "yellow"), "removed": ("-", "red"), "unchanged": ("=", "white")}

_QUESTION = "The file does not name {them}: remove for good?"


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--remove-missing", is_flag=True, help="Remove cameras that the file does not name; else they stay.")
@yes_option
@click.option("--offline", is_flag=True, help="Only check the file; needs no Kafka.")
@bootstrap_option
def command(
    *, file: Path, dry_run: bool, remove_missing: bool, yes: bool, offline: bool, bootstrap: str | None
) -> None:
    """Make the registry say what FILE says.

    Everything that is wrong with FILE is told at once, with line and path, and then nothing is applied (exit code 78).
    A changed camera gets its next revision; running it again changes nothing. Readers of a camera restart only where
    its source, sampling rate or private zones changed. What --remove-missing removes is named and asked about first.

    What people decided by command stays: a camera that was paused or removed stays so unless FILE says `state: active`,
    and no file makes a camera public: that takes `tilik cameras approve`. `public: false` withdraws it.

    \b
    cameras:
      - camera_id: loket-tembalang-1
        name: Loket Kecamatan Tembalang
        kind: counter                # counter, market, street, pump
        place: {kecamatan: Tembalang, kelurahan: Tembalang, latitude: -7.05, longitude: 110.44}
        source: {kind: mjpeg, url: "http://10.20.0.15/video", secret: tembalang}
        opening_hours: {weekdays: {mon: [{start: 08:00, end: 15:00}]}}
        zones:
          - {zone_id: antre, purpose: queue, polygon: [[0.1, 0.4], [0.6, 0.4], [0.6, 1.0], [0.1, 1.0]]}
    """
    wanted = read_wanted(file)
    if offline:
        click.echo(f"{file}: {len(wanted.cameras)} cameras, nothing wrong")
        return
    kafka = kafka_settings(bootstrap)
    changes = plan_changes(wanted.cameras, read_registry(kafka), remove_missing, wanted.stated)
    show_changes(changes)
    if dry_run:
        click.echo("nothing applied (--dry-run)")
        return
    ask([change.camera for change in changes if change.kind == "removed"], _QUESTION, yes)
    if (count := publish_changes(kafka, changes)) > 0:
        click.echo(f"applied {count} changes")


def show_changes(changes: Sequence[CameraChange]) -> None:
    """Print what becomes of each camera that changes, or of which there is something to know."""
    for change in changes:
        if change.kind == "unchanged" and not change.notices:
            continue
        mark, color = _MARKS[change.kind]
        camera = change.camera
        click.secho(f"{mark} {camera.camera_id}  {camera.name}  (revision {camera.revision})", fg=color)
        for item in change.fields:
            click.echo(f"    {item.path}: {item.before} → {item.after}")
        for notice in change.notices:
            click.secho(f"    ! {notice}", fg="yellow")
    counts = {kind: sum(change.kind == kind for change in changes) for kind in _MARKS}
    click.echo(", ".join(f"{count} {kind}" for kind, count in counts.items()))
