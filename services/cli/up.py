"""``tilik up``: the local platform and the services on a cameras.yaml, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import click

from deploy.local.platform import LocalStack, ServiceRun
from deploy.local.ports import HOST
from deploy.local.process import ProcessState, ProcessStatus
from deploy.local.settings import LocalSettings, local_settings
from services.ingest.registry.file import RegistryFile

SERVICES = ("ingest", "detect", "aggregate", "record", "portal")
_LOOK_SECONDS = 0.5


@click.command()
@click.argument("cameras", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--state", type=click.Path(file_okay=False, path_type=Path), help="Folder of data and logs.  [default: .tilik]"
)
@click.option("--kafka-port", type=click.IntRange(0, 65_535), help="Port of Kafka; 0: a free one.  [default: 9092]")
@click.option(
    "--clickhouse-port", type=click.IntRange(0, 65_535), help="Port of ClickHouse; 0: a free one.  [default: 8123]"
)
@click.option(
    "--service", "services", multiple=True, type=click.Choice(SERVICES), help="Only this service; may be repeated."
)
@click.option("--platform-only", is_flag=True, help="Kafka, its topics, ClickHouse and its tables; no service.")
def command(
    cameras: Path | None,
    state: Path | None,
    kafka_port: int | None,
    clickhouse_port: int | None,
    services: tuple[str, ...],
    platform_only: bool,
) -> None:
    """Start Kafka, ClickHouse and the services, and keep them running until Ctrl-C.

    CAMERAS is a cameras.yaml that is applied first, as `tilik cameras apply` does; without one the registry stays as it
    is. Settings of services come from the environment (TILIK_INGEST_..., TILIK_DETECT_..., TILIK_AGGREGATE_...).
    Data is kept: the next start goes on where this one ends.
    """
    wanted = {"state_dir": state, "kafka_port": kafka_port, "clickhouse_port": clickhouse_port}
    settings = local_settings().model_copy(update={name: value for name, value in wanted.items() if value is not None})
    chosen = () if platform_only else services or SERVICES
    wanted_cameras = _read(cameras)  # what is wrong with the file is said before anything is started
    stopping = _stop_on_signals()
    with LocalStack(settings) as stack:
        _start(stack, wanted_cameras, chosen, stopping)
        healthy = _watch(stack, stopping)
        click.echo("stopping ...")
    click.echo("stopped")
    if not healthy:
        sys.exit(1)


def _start(
    stack: LocalStack, cameras: RegistryFile | None, services: tuple[str, ...], stopping: threading.Event
) -> None:
    """Start one part after the other; a signal in between ends it before the next."""
    steps: list[Callable[[], None]] = [
        lambda: _start_platform(stack),
        lambda: _prepare(stack),
        lambda: _apply(stack, cameras),
        lambda: _start_services(stack, services),
    ]
    for step in steps:
        if stopping.is_set():
            return
        step()
    click.echo(f"logs: {stack.settings.state_dir / 'logs'}; Ctrl-C stops everything")


def _start_platform(stack: LocalStack) -> None:
    click.echo("starting Kafka and ClickHouse ...")
    fetched = stack.start_platform()
    if fetched is not None:
        megabytes = fetched.downloaded_bytes / 1e6
        click.echo(f"Kafka's jars: {megabytes:.0f} MB came over the network in {fetched.seconds:.1f} s")
    click.echo(f"Kafka {stack.bootstrap_servers}, ClickHouse http://{HOST}:{stack.clickhouse_port}")


def _prepare(stack: LocalStack) -> None:
    from services.aggregate.migrate import choose_own_ruleset, known_migrations, migrate
    from services.aggregate.settings import AggregateSettings
    from services.runtime.settings import load_settings
    from services.runtime.topics import ensure_topics

    created = ensure_topics(stack.kafka, "local")
    clickhouse = load_settings(AggregateSettings).clickhouse
    local = clickhouse.model_copy(update={"host": HOST, "port": stack.clickhouse_port})
    applied = migrate(local, known_migrations())
    choose_own_ruleset(local)
    click.echo(f"topics: {len(created)} created; tables: {len(applied)} migrations applied in {local.database}")


def _read(file: Path | None) -> RegistryFile | None:
    if file is None:
        return None
    from services.cli.cameras import read_wanted

    return read_wanted(file)


def _apply(stack: LocalStack, wanted: RegistryFile | None) -> None:
    if wanted is None:
        return
    from services.cli.cameras import publish_changes
    from services.cli.cameras.diff import plan_changes
    from services.runtime.camera_registry import read_registry

    changes = plan_changes(wanted.cameras, read_registry(stack.kafka), remove_missing=False, stated=wanted.stated)
    for change in changes:
        for notice in change.notices:
            click.echo(f"{change.camera.camera_id}: {notice}")
    count = publish_changes(stack.kafka, changes)
    click.echo(f"registry: {len(wanted.cameras)} cameras wanted, {count} of them new or changed")


def _start_services(stack: LocalStack, services: tuple[str, ...]) -> None:
    if not services:
        return
    click.echo(f"starting {', '.join(services)} ...")
    stack.start_services([ServiceRun(service, env=_extra(stack.settings, service)) for service in services])
    for name in services:
        status = stack.status()[name]
        click.echo(f"{name}: ready, process {status.pid}, http://{HOST}:{status.port}/metrics")


def _extra(settings: LocalSettings, service: str) -> dict[str, str]:
    if service != "detect":
        return {}
    from services.cli.models import fetch_weights

    downloads = settings.jars_dir or settings.state_dir
    if "TILIK_DETECT_MODELS_FOLDER" in os.environ:
        return {}
    fetch_weights(downloads / "models")
    return {"TILIK_DETECT_MODELS_FOLDER": str((downloads / "models").resolve())}


def _watch(stack: LocalStack, stopping: threading.Event) -> bool:
    """Tell what changes until a signal comes; False: something failed for good."""
    seen = stack.status()
    while not stopping.wait(_LOOK_SECONDS):
        if stack.wait(0):
            click.echo("the stack has stopped by itself: look into the logs", err=True)
            return False
        now = stack.status()
        for name, status in now.items():
            for line in _changes(seen[name], status):
                click.echo(line)
        seen = now
    return all(status.state != ProcessState.FAILED for status in seen.values())


def _changes(before: ProcessStatus, now: ProcessStatus) -> list[str]:
    lines = []
    if now.restart_count > before.restart_count:
        lines.append(f"{now.name}: ended with code {now.exit_code}, is started again; its log is {now.log}")
    if now.state == ProcessState.FAILED and before.state != ProcessState.FAILED:
        lines.append(f"{now.name}: ended with code {now.exit_code}, is not started again; its log is {now.log}")
    if now.state == ProcessState.READY and (before.state, before.pid) != (now.state, now.pid):
        lines.append(f"{now.name}: ready, process {now.pid}")
    return lines


def _stop_on_signals() -> threading.Event:
    """Turn the first Ctrl-C or SIGTERM into an event; the second Ctrl-C interrupts."""
    stopping = threading.Event()

    def stop(number: int, _: object) -> None:
        stopping.set()
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.default_int_handler)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    return stopping
