"""``tilik bench dashboards``: how fast the panels of the dashboards are answered, over a simulated city.

The engine makes the city (``tilik seed``), and every panel that asks ClickHouse is asked 10 times, as Grafana would,
over the period that its dashboard opens with, and over 7 and 30 days: with everything chosen, and with one value of
each choice, the first that fits the ones before it (figures that end in ``_one``). Beside the time until an answer was
there stands the engine's CPU time for it, which a busy machine hardly changes. Panels with the same SQL and interval
are asked once. Several GB of disk are needed for some minutes.
"""

from __future__ import annotations

import json
import re
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.local.testing import running_face
from services.aggregate.row_columns import RULESET
from services.cli.bench.measuring.process_usage import usage_of
from services.cli.bench.report import Figure, at_most, plain
from services.cli.city_registry.areas import read_areas
from services.cli.dashboards.preview.asking import Asking, View
from services.cli.dashboards.preview.documents import GENERATED, Dashboard, Panel
from services.cli.sample_city import ensure_areas
from services.cli.seed.cameras import LEAST_CAMERAS, seed_cameras
from services.cli.seed.city import City
from services.cli.seed.command import LONGEST_STATEMENT_SECONDS, seed_city
from services.runtime.clickhouse import connect
from services.runtime.errors import FatalError
from services.runtime.settings import ClickHouseSettings

CAMERAS, DAYS, RUNS = 1100, 30, 10
MEMORY_GIB: Final = 6.0
GOAL_P95_SECONDS: Final = 1.0
_WIDTH_PX: Final = 1000
_LONGER_DAYS: Final = (7, 30)
_UNITS_SECONDS: Final = {"m": 60, "h": 3600, "d": 86_400}
_STATE: Final = Path(".tilik")
_AHEAD_SECONDS: Final = 3 * 3600
"""The city must not be over before the last panel was asked: many ask for now."""

OPTIONS = (
    click.Option(["--cameras"], type=click.IntRange(LEAST_CAMERAS), default=CAMERAS, help=f"Default: {CAMERAS}."),
    click.Option(["--days"], type=click.IntRange(2, 90), default=DAYS, help=f"Default: {DAYS}."),
    click.Option(
        ["--runs"], type=click.IntRange(3), default=RUNS, help=f"Runs of a panel and period. Default: {RUNS}."
    ),
    click.Option(["--only"], default="", help="Dashboards whose name holds this, such as flooding."),
)


class Question(NamedTuple):
    """A panel over a period: the dashboard it is of, and how far back it looks."""

    dashboard: Dashboard
    panel: Panel
    period: timedelta

    @property
    def name(self) -> str:
        """Give a name for its figures, such as ``flooding_10_7d``."""
        hours = round(self.period.total_seconds() / 3600)
        period = f"{hours}h" if hours % 24 else f"{hours // 24}d"
        return f"{self.dashboard.uid.removeprefix('tilik-').replace('-', '_')}_{self.panel.id}_{period}"


def run(cameras: int = CAMERAS, days: int = DAYS, runs: int = RUNS, only: str = "") -> Sequence[Figure]:
    """Make the city and ask; takes about five minutes on two idle cores.

    Raises:
        FatalError: A panel was not answered.
        ConfigurationError: The names of the city's areas can't be had.
    """
    console = Console(stderr=True)
    ensure_areas(_STATE, console)
    made = seed_cameras(read_areas(_STATE), cameras, 1)
    with tempfile.TemporaryDirectory(prefix="tilik-bench-") as folder, running_face(Path(folder), MEMORY_GIB) as face:
        settings = ClickHouseSettings(port=face.port, database="tilik_seed")
        patient = settings.model_copy(update={"write_timeout_seconds": LONGEST_STATEMENT_SECONDS})
        city = City(made, days, int(time.time()) // 60 * 60, RULESET, ahead_s=_AHEAD_SECONDS, raw_hours=1)
        seeded = seed_city(patient, city, console)
        figures = [plain("rows", seeded.rows, "rows"), plain("seed_s", seeded.inserting_s + seeded.tiers_s, "s")]
        with closing(connect(patient, settings.database)) as client, _bars(console) as bars:
            asking = Asking(client, None)
            return [*measure(asking, face.supervisor.pid("clickhouse"), runs, days, bars, only), *figures]


@contextmanager
def _bars(console: Console) -> Iterator[Progress]:
    columns = (TextColumn("{task.description:32}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as bars:
        yield bars


def questions(days: int, only: str = "") -> list[Question]:
    """Give each panel of the English dashboards with each period that is not longer than ``days``."""
    found: dict[tuple[object, ...], Question] = {}
    for path in sorted(path for path in (GENERATED / "en").glob("*.json") if only in path.stem):
        text = path.read_bytes()
        dashboard, opens_with = msgspec.json.decode(text, type=Dashboard), _period(json.loads(text)["time"]["from"])
        periods = dict.fromkeys([opens_with, *(timedelta(days=d) for d in _LONGER_DAYS if d <= days)])
        for panel in dashboard.all_panels():
            sql = tuple(target.raw_sql for target in panel.targets if target.raw_sql)
            depends = any("$__" in part.replace("$__conditionalAll", "") for part in sql)
            for period in periods if depends else [opens_with]:
                if sql:
                    found.setdefault(
                        (sql, panel.interval, period if depends else ""), Question(dashboard, panel, period)
                    )
    return list(found.values())


def _period(text: str) -> timedelta:
    found = re.fullmatch(r"now-(\d+)([mhd])", text)
    if found is None:
        raise FatalError(f"a dashboard opens with {text}, which is not of the form now-7d")
    return timedelta(seconds=int(found[1]) * _UNITS_SECONDS[found[2]])


def measure(asking: Asking, engine_pid: int, runs: int, days: int, bars: Progress, only: str = "") -> Iterator[Figure]:
    """Ask each question as often as is to be, once before unmeasured.

    Raises:
        FatalError: One was not answered.
    """
    asked = questions(days, only)
    ones = {uid: one_of_each(asking, board) for uid, board in {q.dashboard.uid: q.dashboard for q in asked}.items()}
    bar = bars.add_task("asking", total=len(asked))
    p95s, cpus = {}, {}
    for number, question in enumerate(asked):
        if number % 20 == 0 and not bars.console.is_terminal:  # bars are drawn on terminals only
            bars.console.print(f"asking: {number} of {len(asked)}")
        one = ones[question.dashboard.uid]
        for name, chosen in ((question.name, dict.fromkeys(one)), (f"{question.name}_one", one)):
            p95s[name], cpus[name] = _ask(asking, engine_pid, runs, question, chosen)
        bars.advance(bar)
    slowest = max(p95s, key=lambda name: p95s[name])
    bars.console.print(f"the slowest: {slowest}")
    yield at_most("panel_p95_s_max", p95s[slowest], "s", GOAL_P95_SECONDS)
    yield plain("panel_cpu_s_max", max(cpus.values()), "s")
    yield plain("panels", len(asked), "panels")
    for name, p95 in p95s.items():
        yield plain(f"panel_p95_s_{name}", p95, "s")
        yield plain(f"panel_cpu_s_{name}", cpus[name], "s")


def one_of_each(asking: Asking, dashboard: Dashboard) -> Mapping[str, Sequence[str] | None]:
    """Give one value of each choice of a dashboard, the first that fits those before it; None where none is offered.

    Raises:
        RetryableError: ClickHouse is away, or refuses it.
    """
    chosen: dict[str, Sequence[str] | None] = {variable.name: None for variable in dashboard.templating.list}
    end = datetime.now(UTC)
    for variable in dashboard.templating.list:
        if variable.type == "query":
            offered = asking.values(variable, dashboard, View(end - timedelta(days=1), end, _WIDTH_PX, chosen))
            chosen[variable.name] = offered[:1] or None
    return chosen


def _ask(
    asking: Asking, engine_pid: int, runs: int, question: Question, chosen: Mapping[str, Sequence[str] | None]
) -> tuple[float, float]:
    """Give the 95th percentile of the time until a panel was answered, and the engine's mean CPU time, s."""
    seconds, cpu_before = [], 0.0
    for number in range(runs + 1):
        end = datetime.now(UTC)
        view = View(end - question.period, end, _WIDTH_PX, chosen)
        began = time.monotonic()
        results = asking.panel(question.panel, question.dashboard, view)
        if number:
            seconds.append(time.monotonic() - began)
        else:
            cpu_before = usage_of(engine_pid).cpu_seconds
        for target, result in zip(question.panel.targets, results, strict=True):
            if target.raw_sql and result.error:
                raise FatalError(f"{question.name} ({question.panel.title}): {result.error}")
    cpu = (usage_of(engine_pid).cpu_seconds - cpu_before) / runs
    return statistics.quantiles(seconds, n=20, method="inclusive")[-1], cpu
