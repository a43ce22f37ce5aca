"""``tilik bench store``: how fast ClickHouse answers the documented questions, and what a camera's day takes on disk.

The engine makes a city's rows itself (``tilik seed``): minutes, episodes, decisions and statuses of 30 days, and three
hours of raw rows. Then the tiers are filled, and each question of docs/questions.md is asked 20 times with other days
and weeks. Beside the time that an answer took stands the engine's CPU time for it, on average: a busy machine hardly
changes it. A camera's day takes what its minutes take, 1,440 times what a status does, and 86,400 times what a raw
frame does. Several GB of disk are needed for a few minutes.
"""

from __future__ import annotations

import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import click
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.local.testing import running_face
from services.aggregate.migrate import choose_own_ruleset, known_migrations, migrate
from services.aggregate.row_columns import RULESET
from services.aggregate.tier_rows import TIER_TYPES
from services.cli.bench.measuring.process_usage import usage_of
from services.cli.bench.measuring.store_questions import QUESTIONS, Period, Question
from services.cli.bench.report import Figure, at_least, at_most, plain
from services.cli.city_registry.areas import read_areas
from services.cli.sample_city import ensure_areas
from services.cli.seed.cameras import LEAST_CAMERAS, SeedCamera, seed_cameras
from services.cli.seed.city import City
from services.cli.seed.filling import fill
from services.cli.seed.tiers import refresh_tiers, stop_tiers
from services.runtime.clickhouse import connect
from services.runtime.errors import ConfigurationError, FatalError
from services.runtime.settings import ClickHouseSettings

CAMERAS, DAYS = 1100, 30
RUNS = 20
MEMORY_GIB = 6.0
GOAL_P95_SECONDS = 1.0
GOAL_ROWS = 50_000_000
_NEEDED_BYTES_PER_CAMERA, _NEEDED_BYTES_PER_CAMERA_DAY = 4_000_000, 60_000
"""Of the raw day and of the minutes; twice what is left after merges, for merged parts stay for a while."""
_STATE = Path(".tilik")
_RAW_HOURS = 3
_LONGEST_STATEMENT_SECONDS = 600.0
_MINUTES = ("camera_minutes", "counter_minutes", "parking_minutes", "flood_minutes")
_FRAMES = ("detections", "frame_outcomes")
_DAY_SECONDS, _DAY_MINUTES = 86_400, 1440

OPTIONS = (
    click.Option(["--cameras"], type=click.IntRange(LEAST_CAMERAS), default=CAMERAS, help=f"Default: {CAMERAS}."),
    click.Option(["--days"], type=click.IntRange(2), default=DAYS, help=f"Days of minutes. Default: {DAYS}."),
    click.Option(["--runs"], type=click.IntRange(5), default=RUNS, help=f"Runs of a question. Default: {RUNS}."),
    click.Option(["--seed"], type=int, default=1, help="Of the days and weeks that are asked for. Default: 1."),
)


def run(cameras: int = CAMERAS, days: int = DAYS, runs: int = RUNS, seed: int = 1) -> Sequence[Figure]:
    """Measure; takes about five minutes on two idle cores.

    Raises:
        ConfigurationError: There is not enough room on the disk, or the names of the city's areas can't be had.
    """
    ensure_areas(_STATE, Console(stderr=True))
    made = seed_cameras(read_areas(_STATE), cameras, seed=1)
    needed = cameras * (_NEEDED_BYTES_PER_CAMERA + days * _NEEDED_BYTES_PER_CAMERA_DAY)
    with _folder(needed) as folder, running_face(folder, MEMORY_GIB) as face:
        settings = ClickHouseSettings(port=face.port)
        migrate(settings, known_migrations())
        choose_own_ruleset(settings)
        patient = settings.model_copy(update={"write_timeout_seconds": _LONGEST_STATEMENT_SECONDS})
        with closing(connect(patient, settings.database)) as client:
            asking = Asking(client, face.supervisor.pid("clickhouse"), runs, random.Random(seed))  # noqa: S311
            return measure(asking, made, days)


class Asking(NamedTuple):
    """How questions are asked: of which engine, how often, and the chance that draws what varies."""

    client: Client
    engine_pid: int
    runs: int
    chance: random.Random


def measure(asking: Asking, cameras: Sequence[SeedCamera], days: int) -> list[Figure]:
    """Fill a migrated, empty database and measure. Progress goes to stderr."""
    client = asking.client
    until_s = int(time.time()) // 60 * 60
    city = City(cameras, days, until_s, RULESET, raw_hours=_RAW_HOURS)
    columns = (TextColumn("{task.description:32}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bars:
        stop_tiers(client)  # they wait until the end, as one refresh of all
        inserting = fill(client, city, bars)
        bar = bars.add_task("filling the tiers", total=2)
        filling = refresh_tiers(client)
        bars.advance(bar)
        keeping = refresh_tiers(client)
        bars.advance(bar)
        last = datetime.fromtimestamp(until_s, UTC).date() - timedelta(days=1)
        period = (last - timedelta(days=days - 2), last)
        bar = bars.add_task("asking", total=len(QUESTIONS))
        answers: dict[str, Answered] = {}
        for question in QUESTIONS:
            answers[question.name] = ask(asking, question, period)
            bars.advance(bar)
    times = {"insert_s": inserting, "tiers_fill_s": filling, "tiers_refresh_s": keeping}
    figures = [*query_figures(answers), *(plain(name, seconds, "s") for name, seconds in times.items())]
    return [*figures, *_sizes(client, len(cameras), days)]


class Answered(NamedTuple):
    """What a question took: 95th percentile of the time until its answer was there, and the engine's mean CPU time."""

    p95_s: float
    cpu_s: float


def ask(asking: Asking, question: Question, period: Period) -> Answered:
    """Ask a question as often as is to be, once before unmeasured.

    Raises:
        FatalError: It failed, or no run had an answer, so that nothing would be measured.
    """
    seconds, rows, cpu_before = [], 0, 0.0
    for number in range(asking.runs + 1):
        parameters = question.draw(asking.chance, period)
        began = time.monotonic()
        try:
            rows += len(asking.client.query(question.sql, parameters=parameters).result_rows)
        except ClickHouseError as error:
            raise FatalError(f"{question.name}: {error}") from error
        if number:
            seconds.append(time.monotonic() - began)
        else:
            cpu_before = usage_of(asking.engine_pid).cpu_seconds
    if not rows:
        raise FatalError(f"{question.name} was never answered with a row")
    cpu = usage_of(asking.engine_pid).cpu_seconds - cpu_before
    return Answered(statistics.quantiles(seconds, n=20, method="inclusive")[-1], cpu / asking.runs)


def query_figures(answers: dict[str, Answered]) -> Iterator[Figure]:
    """Give the figures of the questions; the slowest decides."""
    yield at_most("query_p95_s_max", max(answer.p95_s for answer in answers.values()), "s", GOAL_P95_SECONDS)
    yield plain("query_cpu_s_max", max(answer.cpu_s for answer in answers.values()), "s")
    for name, answer in answers.items():
        yield plain(f"query_p95_s_{name}", answer.p95_s, "s")
        yield plain(f"query_cpu_s_{name}", answer.cpu_s, "s")


def _sizes(client: Client, cameras: int, days: int) -> Iterator[Figure]:
    """Give rows and bytes; a table of minutes counts for all cameras, also those that have none in it."""
    sizes: dict[str, tuple[int, int]] = {
        table: (int(rows), int(size))
        for table, rows, size in client.query(
            "SELECT table, sum(rows), sum(bytes_on_disk) FROM system.parts "
            "WHERE active AND database = currentDatabase() GROUP BY table"
        ).result_rows
    }
    rows = sum(count for count, _ in sizes.values())
    goal = GOAL_ROWS if cameras >= CAMERAS and days >= DAYS else 0
    yield at_least("rows", rows, "rows", goal) if goal else plain("rows", rows, "rows")
    yield plain("bytes", sum(size for _, size in sizes.values()), "bytes")
    by_table = {table: sizes[table][1] / cameras / days for table in (*_MINUTES, "episodes")}
    statuses, size = sizes["camera_statuses"]
    by_table["camera_statuses"] = size / statuses * _DAY_MINUTES
    by_table["tiers"] = sum(sizes[t.TABLE][1] for t in TIER_TYPES if t.TABLE in sizes) / cameras / days
    for table in _FRAMES:
        count, size = sizes[table]
        by_table[table] = size / count * _DAY_SECONDS
        yield plain(f"bytes_per_frame_{table}", size / count, "bytes")
    yield plain("bytes_per_camera_day", sum(by_table.values()), "bytes")
    for table, size_per_day in by_table.items():
        yield plain(f"bytes_per_camera_day_{table}", size_per_day, "bytes")


@contextmanager
def _folder(needed_bytes: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tilik-bench-") as folder:
        free = shutil.disk_usage(folder).free
        Console(stderr=True).print(f"{free / 1e9:.0f} GB are free in {folder}; up to {needed_bytes / 1e9:.1f} are used")
        if free < needed_bytes:
            raise ConfigurationError(f"{folder} has {free / 1e9:.1f} GB free, {needed_bytes / 1e9:.1f} are needed")
        yield Path(folder)
