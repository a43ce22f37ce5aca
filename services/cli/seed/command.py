"""``tilik seed``: fill a database with a simulated city, for dashboards, questions and benchmarks to show something."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import click
from clickhouse_connect.driver.client import Client
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from services.aggregate.migrate import choose_own_ruleset, known_migrations, migrate
from services.aggregate.row_columns import RULESET
from services.aggregate.tier_rows import TIER_TYPES
from services.cli.city_registry.areas import read_areas
from services.cli.clickhouse import clickhouse_option, clickhouse_settings
from services.cli.sample_city import ensure_areas
from services.cli.seed.cameras import LEAST_CAMERAS, seed_cameras
from services.cli.seed.city import City
from services.cli.seed.claim import claim, drop, look, note, refuse_what_is_not_ours
from services.cli.seed.filling import fill
from services.cli.seed.tiers import refresh_tiers, start_tiers, stop_tiers
from services.runtime.clickhouse import connect, translated_errors
from services.runtime.errors import ConfigurationError
from services.runtime.settings import ClickHouseSettings

CAMERAS, DAYS = 1100, 30
LONGEST_STATEMENT_SECONDS: Final = 600.0
_MOST_AHEAD_MINUTES: Final = 1440


class Seeded(NamedTuple):
    """What was made, and how long that took."""

    rows: int
    size_bytes: int
    inserting_s: float
    tiers_s: float


@click.command()
@click.option("--days", type=click.IntRange(2, 90), default=DAYS, show_default=True)
@click.option("--cameras", type=click.IntRange(LEAST_CAMERAS, 20_000), default=CAMERAS, show_default=True)
@click.option("--database", default="tilik_seed", show_default=True, help="Where to; made if it is not there.")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d"]),
    help="When it ends, UTC. Default: now. Episodes that go on then are open.",
)
@click.option(
    "--ahead-minutes",
    type=click.IntRange(0, _MOST_AHEAD_MINUTES),
    default=120,
    show_default=True,
    help="How long minutes go on after that, so that what asks for now finds a city that lives.",
)
@click.option("--raw-hours", type=click.IntRange(0, 24), default=1, show_default=True, help="Hours of raw frames.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same one gives the same city.")
@click.option("--replace", is_flag=True, help="Drop the simulated city that is there first.")
@click.option("--drop", "only_drop", is_flag=True, help="Drop the simulated city that is there, and make none.")
@click.option(
    "--state", type=click.Path(path_type=Path, file_okay=False), default=Path(".tilik"), show_default=True,
    help="Folder for what Tilik fetches on this machine: the names of the city's areas, 1 MB.",
)  # fmt: skip
@clickhouse_option
def command(  # noqa: PLR0913, PLR0917  (one for each option)
    days: int, cameras: int, database: str, until: datetime | None, ahead_minutes: int, raw_hours: int, seed: int,
    replace: bool, only_drop: bool, state: Path, clickhouse: str | None,
) -> None:  # fmt: skip
    """Fill a database with a plausible city that is made up, in the engine.

    Rain floods what lies low, vehicles stand at kerbs in the rush hours, counters open late, cameras fail. Ids begin
    with seed-, names with Simulated; nothing in it happened. It refuses a database that holds anything else.
    """
    settings = _settings(clickhouse, database)
    found = look(settings)
    refuse_what_is_not_ours(found)
    if found.seeded and not (replace or only_drop):
        raise ConfigurationError(f"{database} holds {found.told} already; --replace makes it anew, --drop removes it")
    if found.seeded:
        drop(settings)
        click.echo(f"dropped {found.told}")
    elif only_drop:
        click.echo(f"there is no simulated city in {database}")
    if not only_drop:
        console = Console(stderr=True)
        ensure_areas(state, console)
        until_s = int((until or datetime.now(UTC)).replace(tzinfo=UTC).timestamp()) // 60 * 60
        made = seed_cameras(read_areas(state), cameras, seed)
        city = City(made, days, until_s, RULESET, seed, ahead_minutes * 60, raw_hours)
        _tell(seed_city(settings, city, console), city, database)


def _settings(place: str | None, database: str) -> ClickHouseSettings:
    told = clickhouse_settings(place)
    if database == told.database:
        raise ConfigurationError(
            f"{database} is the services' own database (TILIK_AGGREGATE_CLICKHOUSE__DATABASE): a simulated city needs "
            "another one"
        )
    patient = {"database": database, "write_timeout_seconds": LONGEST_STATEMENT_SECONDS}
    ClickHouseSettings.model_validate({"database": database})
    return told.model_copy(update=patient)


def seed_city(settings: ClickHouseSettings, city: City, console: Console) -> Seeded:
    """Make the tables and fill them; the database must be empty or missing. Blocks for minutes; progress is shown.

    Raises:
        RetryableError: ClickHouse is away, or refused a statement: what was made so far stays, and is marked as seeded.
        FatalError: A tier could not be filled.
    """
    with closing(connect(settings)) as client, translated_errors(f"creating the database {settings.database}"):
        client.command(f"CREATE DATABASE IF NOT EXISTS {settings.database}")
    columns = (TextColumn("{task.description:32}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with (
        closing(connect(settings, settings.database)) as client,
        Progress(*columns, TimeElapsedColumn(), console=console) as bars,
    ):
        claim(client)
        note(client, city, complete=False)
        migrate(settings, known_migrations())
        choose_own_ruleset(settings)
        stop_tiers(client)
        inserting_s = fill(client, city, bars)
        bar = bars.add_task("filling the tiers", total=len(TIER_TYPES))
        tiers_s = refresh_tiers(client, lambda: bars.advance(bar))
        start_tiers(client)
        note(client, city, complete=True)
        return Seeded(*_size(client), inserting_s, tiers_s)


def _size(client: Client) -> tuple[int, int]:
    [(rows, size)] = client.query(
        "SELECT sum(rows), sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()"
    ).result_rows
    return int(rows), int(size)


def _tell(seeded: Seeded, city: City, database: str) -> None:
    until = datetime.fromtimestamp(city.until_s, UTC)
    first, took = until - timedelta(days=city.days), seeded.inserting_s + seeded.tiers_s
    period = f"{first:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC"
    click.echo(f"{database}: a simulated city of {len(city.cameras):,} cameras, {period}")
    size = f"{seeded.rows:,} rows, {seeded.size_bytes / 1e6:,.0f} MB"
    click.echo(f"{size}, in {took:.0f} s, {seeded.tiers_s:.0f} s of it the tiers")
