"""``tilik cameras``: bring the registry of cameras up to date from a file, and list it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from schemas.cameras import CAMERA_CODEC, Camera
from schemas.topics import CAMERAS
from services.cli.cameras_diff import CameraChange, plan_changes
from services.cli.cluster import bootstrap_option, kafka_settings
from services.ingest.registry_file import read_registry_file
from services.runtime.camera_registry import CameraRevisions, read_registry
from services.runtime.errors import ConfigurationError, RetryableError
from services.runtime.kafka import OutgoingRecord, events_producer
from services.runtime.logging import redact_url
from services.runtime.loop import deliver
from services.runtime.settings import KafkaSettings

_MARKS = {"added": ("+", "green"), "changed": ("~", "yellow"), "removed": ("-", "red"), "unchanged": ("=", "white")}
_DELIVERY_SECONDS = 35.0


@click.group()
def command() -> None:
    """Bring the registry of cameras up to date from a cameras.yaml, and list it.

    The registry keeps every revision of every camera. A camera is known by its camera_id (a-z, 0-9, ".", "_", "-"; 3 to
    64 characters), which never changes: statistics and recordings go by it. docs/cameras.md says how to write the file:
    sources, secrets, zones (polygons in 0-1 from the top left), timetables (Asia/Jakarta).
    """


@command.command("apply")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--remove-missing", is_flag=True, help="Remove cameras that the file does not name; else they stay.")
@click.option("--offline", is_flag=True, help="Only check the file; needs no Kafka.")
@bootstrap_option
def apply_command(file: Path, dry_run: bool, remove_missing: bool, offline: bool, bootstrap: str | None) -> None:
    """Make the registry say what FILE says.

    Everything that is wrong with FILE is told at once, with line and path, and then nothing is applied (exit code 78).
    A changed camera gets its next revision; running it again changes nothing. Readers of a camera restart only where
    its source, sampling rate or private zones changed.

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
        click.echo(f"{file}: {len(wanted)} cameras, nothing wrong")
        return
    kafka = kafka_settings(bootstrap)
    changes = plan_changes(wanted, read_registry(kafka), remove_missing)
    _show(changes)
    if dry_run:
        click.echo("nothing applied (--dry-run)")
    elif (count := publish_changes(kafka, changes)) > 0:
        click.echo(f"applied {count} changes")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the newest revisions as JSON, one a line.")
@click.option("--all", "with_removed", is_flag=True, help="Also those that were removed.")
@bootstrap_option
def list_command(as_json: bool, with_removed: bool, bootstrap: str | None) -> None:
    """List the newest revision of each camera."""
    latest = read_registry(kafka_settings(bootstrap)).all_latest()
    cameras = [camera for camera in latest if with_removed or camera.state != "removed"]
    if as_json:
        for camera in cameras:
            click.echo(json.dumps(msgspec.to_builtins(camera), ensure_ascii=False))
    else:
        Console().print(_table(cameras))


def read_wanted(file: Path) -> tuple[Camera, ...]:
    """Read a cameras.yaml; what is only advised against is said on standard error.

    Raises:
        ConfigurationError: It can't be read, or something in it is wrong: all of that, with lines.
    """
    wanted = read_registry_file(file)
    for warning in wanted.warnings:
        click.echo(f"{file}: warning: {warning}", err=True)
    if wanted.faults:
        raise ConfigurationError(f"{len(wanted.faults)} things are wrong; nothing was applied\n{wanted.explain()}")
    return wanted.cameras


def publish_changes(kafka: KafkaSettings, changes: Sequence[CameraChange]) -> int:
    """Publish what is not unchanged, and give how many cameras that were.

    Raises:
        RetryableError: As ``publish`` does.
    """
    news = [change.camera for change in changes if change.kind != "unchanged"]
    if news:
        publish(kafka, news)
    return len(news)


def publish(kafka: KafkaSettings, cameras: Sequence[Camera]) -> None:
    """Publish new revisions, and look that they are the ones that rule.

    Raises:
        RetryableError: Kafka did not take all of them, or someone else published the same revision at the same time.
    """
    records = [
        OutgoingRecord(CAMERAS.name, camera.camera_id.encode(), CAMERA_CODEC.encode(camera)) for camera in cameras
    ]
    deliver(events_producer(kafka), records, _DELIVERY_SECONDS)
    beaten = _beaten(cameras, read_registry(kafka))
    if beaten:
        raise RetryableError(f"changed by someone else at the same time, run it again: {', '.join(beaten)}")


def _beaten(cameras: Sequence[Camera], registry: CameraRevisions) -> list[str]:
    return [c.camera_id for c in cameras if registry.find(c.camera_id, c.revision) != c]


def _show(changes: Sequence[CameraChange]) -> None:
    for change in changes:
        if change.kind == "unchanged":
            continue
        mark, color = _MARKS[change.kind]
        camera = change.camera
        click.secho(f"{mark} {camera.camera_id}  {camera.name}  (revision {camera.revision})", fg=color)
        for item in change.fields:
            click.echo(f"    {item.path}: {item.before} → {item.after}")
    counts = {kind: sum(change.kind == kind for change in changes) for kind in _MARKS}
    click.echo(", ".join(f"{count} {kind}" for kind, count in counts.items()))


def _table(cameras: Sequence[Camera]) -> Table:
    table = Table(title=f"{len(cameras)} cameras")
    for heading in ("camera", "name", "kind", "kelurahan", "source", "fps", "zones", "state", "public", "revision"):
        table.add_column(
            heading, justify="right" if heading in ("fps", "revision") else "left", no_wrap=heading == "camera"
        )
    for camera in cameras:
        table.add_row(
            camera.camera_id,
            camera.name,
            camera.kind,
            camera.place.kelurahan,
            f"{camera.source.kind} {redact_url(camera.source.url)}",
            f"{camera.sample_fps:g}",
            " ".join(sorted({zone.purpose for zone in camera.zones})),
            camera.state,
            "yes" if camera.public else "no",
            str(camera.revision),
        )
    return table
