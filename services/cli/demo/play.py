"""The demonstration from start to end: stage → platform → services → live view → ending → books."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path

import msgspec
from clickhouse_connect.driver.client import Client
from rich.console import Console
from rich.live import Live

from deploy.local.footage import Footage, ensure_footage
from deploy.local.platform import LocalStack, ServiceRun
from deploy.local.ports import HOST, free_port
from deploy.local.settings import LocalSettings
from schemas.topics import FRAMES
from services.aggregate.migrate import choose_own_ruleset, known_migrations, migrate
from services.aggregate.settings import AggregateSettings
from services.cli.cameras.diff import plan_changes
from services.cli.cameras.publishing import publish
from services.cli.dashboards.preview.process import preview_process
from services.cli.demo.accounting import account
from services.cli.demo.ending import end_run
from services.cli.demo.ownership import ownership
from services.cli.demo.portal import DemoPortal, shown_cameras
from services.cli.demo.readings import Readings, read_cameras, read_processes
from services.cli.demo.stage import Stage, camera_ids, forget_former_runs, set_stage
from services.cli.demo.summary import Summary, faults, summarise, summary_table
from services.cli.demo.view import Surroundings, line, picture, save_screenshot
from services.cli.setup import set_up
from services.detect.settings import DetectSettings
from services.runtime.camera_registry import read_registry
from services.runtime.clickhouse import connect
from services.runtime.clock import now_ms
from services.runtime.errors import FatalError, RetryableError
from services.runtime.settings import ClickHouseSettings, load_settings
from services.runtime.topics import ensure_topics

FIRST_ROW_SECONDS = 120.0
"""Without a row after so long, the demonstration ends: something is wrong that waiting won't mend."""

_INGEST_WORKERS = ("ingest-1", "ingest-2")
"""Two, so that it can be seen that they share the cameras."""
_LOOK_SECONDS = 1.0
_LINE_SECONDS = 5.0


class DemoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says. ``seconds`` counts from the first row on; 0: until Ctrl-C."""

    local: LocalSettings
    seconds: float
    keep: bool
    json_path: Path | None
    screenshot: Path | None


class Playing:
    """A demonstration that runs: the stack, what plays on it, and how to ask."""

    def __init__(
        self, stack: LocalStack, stage: Stage, clickhouse: ClickHouseSettings, folder: Path, portal: DemoPortal
    ) -> None:
        self.stack = stack
        self.stage = stage
        self.client: Client = connect(clickhouse, clickhouse.database)
        self.surroundings = Surroundings(
            stack.bootstrap_servers,
            stack.clickhouse_port,
            clickhouse.database,
            folder / "logs",
            stage.footage.rendered,
            stack.status()["dashboards"].port,
            portal.lines(),
        )
        self.outcomes_before = self.read().outcomes  # of former runs, where their data was kept

    def read(self) -> Readings:
        """Ask for everything that the view shows."""
        return Readings(read_cameras(self.client, self.stage.cameras), read_processes(self.stack.status()))


def play(options: DemoOptions, console: Console) -> list[str]:
    """Run the demonstration, and give what is wrong with it at the end, a sentence each.

    Raises:
        ConfigurationError: Something is missing on this machine, or a port is in foreign hands.
        FatalError: A process did not become ready.
        RetryableError: Kafka or ClickHouse went away for good.
    """
    began = time.monotonic()
    downloads = options.local.jars_dir or options.local.state_dir
    set_up(downloads, console)
    footage = ensure_footage(downloads, lambda _: None)  # the line about it has just been printed
    with LocalStack(options.local) as stack:
        _say_what_was_kept(options, console)
        playing = _start(stack, footage, options.local.state_dir, console)
        with _until_told_to_stop() as stopping:
            last = _watch(playing, options, console, stopping, began)
        if options.screenshot is not None:
            save_screenshot(
                picture(last, playing.surroundings, f"Tilik: {len(last.cameras)} cameras"), options.screenshot
            )
        return _finish(playing, options, console, began)


def _say_what_was_kept(options: DemoOptions, console: Console) -> None:
    folder = options.local.state_dir
    if options.keep:
        console.print(f"data of former runs in {folder} is kept: every figure counts them as well", highlight=False)
    elif forget_former_runs(folder):
        console.print(f"data of the former run in {folder} is deleted; --keep would keep it", highlight=False)


def _start(stack: LocalStack, footage: Footage, folder: Path, console: Console) -> Playing:
    console.print("starting Kafka, ClickHouse and the cameras …")
    with ThreadPoolExecutor(1) as beside:  # the clip is encoded while Java starts
        stage_ready = beside.submit(_start_cameras, stack, footage, folder)
        stack.start_platform()
        stage = stage_ready.result()
    ensure_topics(stack.kafka, "local")
    clickhouse = load_settings(AggregateSettings).clickhouse.model_copy(
        update={"host": HOST, "port": stack.clickhouse_port}
    )
    migrate(clickhouse, known_migrations())
    choose_own_ruleset(clickhouse)
    console.print("starting detect, aggregate, record and ingest …")
    stack.start_services(_services(stack.settings))
    downloads = stack.settings.jars_dir or stack.settings.state_dir
    dashboards = preview_process(stack.clickhouse_port, clickhouse.database, downloads)
    stack.start_processes([dashboards])
    portal = DemoPortal(folder)
    stack.start_services([portal.run(dashboards.port)])
    playing = Playing(stack, stage, clickhouse, folder, portal)
    # Last: what is captured before there is a detector would only grow stale.
    changes = plan_changes(stage.cameras, read_registry(stack.kafka), remove_missing=True)
    if cameras := shown_cameras(changes, now_ms()):
        publish(stack.kafka, cameras)
    console.print(f"{len(stage.cameras)} cameras are in the registry")
    return playing


def _start_cameras(stack: LocalStack, footage: Footage, folder: Path) -> Stage:
    stage = set_stage(folder, footage, free_port())
    stack.start_processes([stage.camera_server()])
    return stage


def _services(local: LocalSettings) -> list[ServiceRun]:
    models = load_settings(DetectSettings).models_folder
    if not models.is_absolute():
        models = (local.jars_dir or local.state_dir) / "models"
    detect = {
        "TILIK_DETECT_MODELS_FOLDER": str(models.resolve()),
        "TILIK_DETECT_THREADS": str(max(1, len(os.sched_getaffinity(0)) - 1)),  # a core for Kafka and the others
    }
    ingest = {
        "TILIK_INGEST_ALLOWED_NETWORKS": '["loopback"]',  # the demonstration's cameras are on this machine
        "TILIK_INGEST_STATUS_EVERY_SECONDS": "10",
    }
    workers = [ServiceRun("ingest", name, ingest) for name in _INGEST_WORKERS]
    return [ServiceRun("detect", env=detect), ServiceRun("aggregate"), ServiceRun("record"), *workers]


@contextmanager
def _until_told_to_stop() -> Iterator[threading.Event]:
    """Turn Ctrl-C and SIGTERM into an event, for as long as the view runs; the second one then works as ever."""
    stopping = threading.Event()
    before = {number: signal.signal(number, lambda *_: stopping.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _watch(
    playing: Playing, options: DemoOptions, console: Console, stopping: threading.Event, began: float
) -> Readings:
    """Show the view until the time is over or somebody stops it; give the last readings."""
    started = time.monotonic()
    first_row: float | None = None
    readings = playing.read()
    live = Live(console=console, auto_refresh=False) if console.is_terminal else None
    with live or nullcontext():
        show = _shower(live, playing.surroundings, console, options)
        while not stopping.is_set() and not _over(started, first_row, options.seconds):
            readings = playing.read()
            if first_row is None and readings.outcomes > playing.outcomes_before:
                first_row = time.monotonic()
                console.print(f"the first row was in ClickHouse {first_row - began:.1f} s after the start")
            show(readings, time.monotonic() - started)
            if playing.stack.wait(0):
                raise FatalError(f"the stack has stopped by itself: look into {playing.surroundings.logs}")
            stopping.wait(_LOOK_SECONDS)
    if first_row is None and not stopping.is_set():
        raise RetryableError(
            f"no row came to ClickHouse in {FIRST_ROW_SECONDS:g} s: look into {playing.surroundings.logs}"
        )
    return readings


def _over(started: float, first_row: float | None, seconds: float) -> bool:
    if first_row is None:
        return time.monotonic() - started > FIRST_ROW_SECONDS
    return seconds > 0 and time.monotonic() - first_row >= seconds


def _shower(
    live: Live | None, surroundings: Surroundings, console: Console, options: DemoOptions
) -> Callable[[Readings, float], None]:
    """Give what shows readings: a picture that is replaced, or, without a terminal, a line every few seconds."""
    if live is not None:
        ends = f"ends {options.seconds:g} s after the first row" if options.seconds else "Ctrl-C ends it"

        def replace(readings: Readings, elapsed: float) -> None:
            headline = f"Tilik: {len(readings.cameras)} cameras, {elapsed:.0f} s; {ends}"
            live.update(picture(readings, surroundings, headline), refresh=True)

        return replace
    for text in surroundings.lines():
        console.print(text, highlight=False, soft_wrap=True)
    next_line = 0.0

    def print_line(readings: Readings, elapsed: float) -> None:
        nonlocal next_line
        if elapsed >= next_line:
            next_line = elapsed + _LINE_SECONDS
            console.print(line(readings, elapsed), highlight=False, soft_wrap=True)

    return print_line


def _finish(playing: Playing, options: DemoOptions, console: Console, began: float) -> list[str]:
    ids = camera_ids(playing.stage.cameras)
    statuses = playing.stack.status()
    owned = ownership(ids, [statuses[name].port for name in _INGEST_WORKERS])
    end_run(playing.client, playing.stack.kafka, ids, lambda text: console.print(text, highlight=False))
    books = account(playing.client, playing.stack.kafka, load_settings(DetectSettings).group)
    summary = summarise(playing.client, len(ids), books, owned)
    console.print(summary_table(summary))
    if options.json_path is not None:
        _write(options.json_path, summary)
    retention_seconds = int(FRAMES.settings["retention.ms"]) / 1000
    outlasts_retention = options.keep or time.monotonic() - began >= retention_seconds
    return faults(summary, books, outlasts_retention=outlasts_retention)


def _write(path: Path, summary: Summary) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n")
