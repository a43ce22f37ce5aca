"""New revisions of cameras into the registry, safely beside others who do the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from schemas.cameras import Camera
from services.cli.cameras.diff import CameraChange
from services.ingest.registry.file import RegistryFile, read_registry_file
from services.runtime import registry_publishing
from services.runtime.errors import ConfigurationError
from services.runtime.kafka import OutgoingRecord, events_producer
from services.runtime.loop import deliver
from services.runtime.settings import KafkaSettings

_DELIVERY_SECONDS = 35.0
_BATCH = 100
"""Cameras that are published between two steps of the bar: some 10 ms of a broker's time."""


def read_wanted(file: Path) -> RegistryFile:
    """Read a cameras.yaml; what is only advised against is said on standard error.

    Raises:
        ConfigurationError: It can't be read, or something in it is wrong: all of that, with lines.
    """
    wanted = read_registry_file(file)
    for warning in wanted.warnings:
        click.echo(f"{file}: warning: {warning}", err=True)
    if wanted.faults:
        raise ConfigurationError(f"{len(wanted.faults)} things are wrong; nothing was applied\n{wanted.explain()}")
    return wanted


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
    """Publish new revisions with a bar, and look that they are the ones that rule.

    Raises:
        RetryableError: Kafka did not take all of them, or someone else published the same revision at the same time.
    """
    registry_publishing.publish(kafka, cameras, lambda records: _deliver(kafka, records))


def _deliver(kafka: KafkaSettings, records: Sequence[OutgoingRecord]) -> None:
    producer = events_producer(kafka)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    is_short = len(records) <= _BATCH
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=is_short) as bars:
        bar = bars.add_task("publishing", total=len(records))
        for start in range(0, len(records), _BATCH):
            batch = records[start : start + _BATCH]
            deliver(producer, batch, _DELIVERY_SECONDS)
            bars.advance(bar, len(batch))
