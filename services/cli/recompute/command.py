"""``tilik recompute``: judge events again, under the same rules or others."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from schemas.cameras import Camera
from services.aggregate.recompute_period import ALL_TABLES, END_OF_TIME_MS, JUDGED_TABLES, Period
from services.aggregate.row_columns import RULESET
from services.cli.clickhouse import clickhouse_client, clickhouse_option, clickhouse_settings
from services.cli.cluster import bootstrap_option, kafka_settings
from services.cli.recompute.event_lines import EventLines
from services.cli.recompute.overrides import Overrides, read_cameras, read_overrides, ruleset_label
from services.cli.recompute.planning import (
    approximations,
    camera_tasks,
    entries_of,
    kept_no_more,
    open_at_start,
    partition_tasks,
    period_of,
    require_a_name_for_what_is_approximate,
    selected,
)
from services.cli.recompute.pool import run_tasks
from services.cli.recompute.progress import Extent, HistoryEnd, RunProgress, digest_of, forget_runs, stored_run
from services.cli.recompute.room import RowsOfRun
from services.cli.recompute.row_files import PARTS, join_parts, written_tables
from services.cli.recompute.times import duration_ms, instant_ms
from services.cli.recompute.work import Done, Task, Work, judge_lines
from services.runtime.camera_registry import read_registry
from services.runtime.clock import now_ms
from services.runtime.settings import ClickHouseSettings, KafkaSettings

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@dataclass(frozen=True)
class Options:
    """What the command line says, one field for each option."""

    source: str
    registry: Path | None
    rules: Path | None
    patterns: tuple[str, ...]
    since: str | None
    until: str | None
    warm_up: str
    ruleset: str | None
    out: Path | None
    into: str | None
    replace: bool
    current_too: bool
    processes: int
    resume: bool
    state: Path
    bootstrap: str | None
    clickhouse: str | None


@dataclass(frozen=True)
class Wanted:
    """What is to be done, read and checked."""

    options: Options
    work: Work
    overrides: Overrides
    kafka: KafkaSettings


@click.command()
@click.option("--from", "source", required=True, metavar="FILE|kafka|clickhouse", help="Where the events are.")
@click.option(
    "--cameras", "registry", type=_FILE, help="cameras.yaml to judge under, whatever revision an event names."
)
@click.option("--rules", type=_FILE, help="rules.yaml with thresholds to judge by instead of the cameras' own.")
@click.option(
    "--camera", "patterns", multiple=True, metavar="ID", help="Only cameras of this id or pattern; repeatable."
)
@click.option(
    "--since", metavar="TIME", help="First minute that is written: a day, or a time; Asia/Jakarta unless said."
)
@click.option("--until", metavar="TIME", help="The minute after the last one.")
@click.option("--warm-up", default="24h", show_default=True, help="Judged before --since, and not written.")
@click.option(
    "--ruleset", metavar="NAME", help="Name of the rows; else the rules' version and a digest of what differs."
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder to write.")
@click.option("--into", type=click.Choice(["clickhouse"]), help="Write beside the rows that are there.")
@click.option("--replace", is_flag=True, help="Delete rows of that name first, of the same cameras and period.")
@click.option("--current-too", is_flag=True, help="Replace also current rows; people see holes until it is done.")
@click.option("--processes", type=click.IntRange(1), default=os.cpu_count() or 1, help="Processes; default: all cores.")
@click.option("--resume/--no-resume", default=True, show_default=True, help="Go on with the same run, if interrupted.")
@click.option(
    "--state", type=click.Path(path_type=Path), default=Path(".tilik"), help="Where unfinished runs are noted."
)
@bootstrap_option
@clickhouse_option
def command(**options: Any) -> None:
    """Compute windows, stays and episodes anew: from a file, from the topic, or from ClickHouse's raw tables.

    With a file (JSON Lines, as `tilik detect` writes them) say --cameras. --out writes one JSON Lines file a table,
    sorted by key, without operational columns: equal events give equal bytes. --into clickhouse writes judged rows
    under the name of a ruleset, beside those that are there; `tilik ruleset` compares them and makes one current.

    Runs the live service's rules; like there, the last 5 seconds of each camera are not judged yet. Exit code 1: some
    cameras failed; the others are whole. docs/recompute.md tells how to ask what other rules would have found.
    """
    run(Options(**options), Console(stderr=True))


def run(options: Options, console: Console) -> None:
    """Do what the command line says."""
    if options.source in {"kafka", "clickhouse"}:
        wanted = _wanted(options)
        _announce(wanted.work, console)
        failed = _recompute(wanted, console)
    else:
        failed = _recompute_file(options, Path(options.source), console)
    if failed:
        sys.exit(1)


def _wanted(options: Options) -> Wanted:
    overrides = read_overrides(options.rules, options.registry)
    return Wanted(options, _work(options, overrides), overrides, kafka_settings(options.bootstrap))


def _work(options: Options, overrides: Overrides) -> Work:
    if (options.out is None) == (options.into is None):
        raise click.UsageError("say where rows go: --out FOLDER, or --into clickhouse")
    ruleset, period = ruleset_label(options.ruleset, overrides), _period(options)
    from_topic = options.source == "kafka"
    if options.out is None:
        require_a_name_for_what_is_approximate(ruleset, period, from_topic=from_topic)
    is_whole = not period.is_cut and period.until_ms == END_OF_TIME_MS
    live = not overrides and is_whole and options.source != "clickhouse"
    return Work(
        source="clickhouse" if options.source == "clickhouse" else "kafka" if from_topic else "file",
        period=period,
        ruleset=ruleset,
        tables=ALL_TABLES if options.out is not None and live else JUDGED_TABLES,
        kafka=kafka_settings(options.bootstrap) if from_topic else None,
        store=clickhouse_settings(options.clickhouse),
        folder=options.out,
    )


def _period(options: Options) -> Period:
    since, until = (None if text is None else instant_ms(text) for text in (options.since, options.until))
    return period_of(since, until, duration_ms(options.warm_up))


def _recompute(wanted: Wanted, console: Console) -> bool:
    """Do the tasks of a source that many processes share, and tell whether any failed."""
    tasks = _tasks(wanted, console)
    progress = _progress(wanted)
    begun = progress.begun() if wanted.options.resume else None
    done = {} if begun is None else progress.done()
    if begun is None:
        end = HistoryEnd(now_ms(), {task.name: task.end_offset for task in tasks if task.partition >= 0})
        extent = _extent(wanted.work.period, tasks)
        _make_room(wanted.options, wanted.work, extent)
        progress.start_over(end, extent)
    else:
        end = begun.end
        told = f"{sum(task.name in done for task in tasks)} of {len(tasks)} tasks are done"
        say(console, f"going on with the run that was interrupted: {told} (--no-resume starts over)")
    pending = [
        replace(task, end_offset=end.offsets.get(task.name, task.end_offset)) for task in tasks if task.name not in done
    ]
    work = replace(wanted.work, end_ms=end.at_ms)
    if work.source == "clickhouse" and work.folder is None:
        work = replace(work, halves=progress.halves, inputs=progress.inputs)
    ended = list(done.values())
    for one in run_tasks(work, pending, wanted.options.processes, console) if pending else ():
        progress.note(one)
        ended.append(one)
    return _conclude(work, ended, progress, console)


def _conclude(work: Work, ended: Sequence[Done], progress: RunProgress, console: Console) -> bool:
    failed = [one for one in ended if one.fault]
    for one in sorted(failed, key=lambda one: one.name):
        say(console, f"{one.name} failed: {one.fault}")
    if work.folder is not None and not failed:
        join_parts(work.folder, written_tables(work.tables))
    if failed:
        say(console, f"{len(failed)} of {len(ended)} tasks failed; the same command does these again")
    else:
        progress.forget()
    _summarize(work, ended, console)
    return bool(failed)


def _summarize(work: Work, ended: Sequence[Done], console: Console) -> None:
    counts: dict[str, int] = {}
    for one in ended:
        for table, count in (one.rows or {}).items():
            counts[table] = counts.get(table, 0) + count
    for sentence in kept_no_more(ended, work.period):
        say(console, sentence)
    written = ", ".join(f"{count} {table}" for table, count in counts.items() if count) or "none"
    events, passed_over = sum(one.events for one in ended), sum(one.passed_over for one in ended)
    where = work.folder if work.folder is not None else "ClickHouse"
    say(console, f"{events} events judged, {passed_over} passed over; ruleset {work.ruleset}; {where}: {written}")


def _tasks(wanted: Wanted, console: Console) -> list[Task]:
    revisions = read_registry(wanted.kafka).all()
    entries = entries_of(revisions, wanted.overrides)
    if useless := wanted.overrides.without_effect_on(revisions):
        say(console, f"in the file of rules, no camera is meant by {', '.join(useless)}")
    if wanted.work.source == "kafka":
        return partition_tasks(wanted.kafka, entries, wanted.options.patterns)
    with clickhouse_client(_store(wanted.work)) as client:
        tasks = camera_tasks(client, entries, wanted.work.period, wanted.options.patterns)
        if told := open_at_start(client, [task.name for task in tasks], wanted.work.period):
            say(console, told)
    return tasks


def _extent(period: Period, tasks: Sequence[Task]) -> Extent:
    ids = {entry.camera_id for task in tasks for entry in task.entries} | {t.name for t in tasks if t.partition < 0}
    return Extent(sorted(ids), period.since_ms, period.until_ms)


def _make_room(options: Options, work: Work, extent: Extent) -> None:
    """Take care that no rows of another computation are left under the name, nor a run that would write some.

    Raises:
        ConfigurationError: There are such rows, and nobody said that they may go.
    """
    if work.folder is not None:
        join_parts(work.folder, ())
        return
    if work.ruleset != RULESET:
        with clickhouse_client(_store(work)) as client:
            rows = RowsOfRun(client, work.ruleset, extent.cameras, work.period)
            rows.make_room(may_go=options.replace, current_too=options.current_too)
    forget_runs(_runs(options), work.ruleset, extent)


def _runs(options: Options) -> Path:
    return options.state / "recompute"


def _progress(wanted: Wanted) -> RunProgress:
    work = wanted.work
    place = [work.store.host, work.store.port, work.store.database] if work.store else []
    inputs = digest_of(
        [work.source, work.period, work.ruleset, RULESET, sorted(work.tables), place],
        [wanted.kafka.bootstrap_servers, wanted.overrides.digest(), wanted.options.patterns],
    )
    if work.folder is not None:
        return RunProgress(work.folder / PARTS / "progress.jsonl", inputs)
    return stored_run(_runs(wanted.options), work.ruleset, inputs)


def _recompute_file(options: Options, source: Path, console: Console) -> bool:
    if not source.is_file():
        raise click.UsageError(f"--from {source}: there is no such file; or say kafka, or clickhouse")
    if options.registry is None:
        raise click.UsageError("events of a file are judged under a cameras.yaml: say --cameras")
    rules = read_overrides(options.rules, None)
    work = _work(options, rules)
    cameras = tuple(rules.applied(camera) for camera in read_cameras(options.registry))
    meant = selected([camera.camera_id for camera in cameras], options.patterns)
    _make_room(options, work, Extent(meant, work.period.since_ms, work.period.until_ms))
    _announce(work, console)
    lines, done = _judge_file(work, source, cameras, options.patterns, console)
    if work.folder is not None:
        join_parts(work.folder, written_tables(work.tables))
    say(console, f"{lines.good_count} events read, {lines.bad_count} lines passed over")
    _summarize(work, [done], console)
    return False


def _judge_file(
    work: Work, source: Path, cameras: tuple[Camera, ...], patterns: Sequence[str], console: Console
) -> tuple[EventLines, Done]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with source.open("rb") as file, Progress(*columns, TimeRemainingColumn(), console=console) as bars:
        bar = bars.add_task("events", total=source.stat().st_size)
        lines = EventLines(file, {camera.camera_id for camera in cameras}, lambda text: say(console, text))
        wanted = lines.of(patterns, lambda: bars.update(bar, completed=lines.read_bytes))
        done = judge_lines(work, cameras, wanted)
        bars.update(bar, completed=lines.read_bytes)
    return lines, done


def _announce(work: Work, console: Console) -> None:
    for sentence in approximations(work.period):
        say(console, sentence)
    if work.folder is not None:
        say(console, "as live, the last 5 s of each camera are accounted for, but wait for later frames to be judged")


def _store(work: Work) -> ClickHouseSettings:
    return work.store or ClickHouseSettings()


def say(console: Console, text: str) -> None:
    """Print a line as it is."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)
