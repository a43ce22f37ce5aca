"""``tilik export``: what is asked for, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from clickhouse_connect.driver.client import Client
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from services.aggregate.marts import MARTS, mart
from services.cli.cameras.times import LOCAL_TIME
from services.cli.clickhouse import clickhouse_client, clickhouse_option, clickhouse_settings
from services.cli.export.writing import Format, Selection, already_there, count_rows, write_file
from services.runtime.errors import ConfigurationError

_DAYS = 30
_LONGEST_SILENCE_SECONDS = 600.0
"""Between two pieces of an answer: rows come only when all of them have been put into order."""
_DAY = click.DateTime(["%Y-%m-%d"])
_LIST = "\n".join(f"  {one.name}\n      {one.question}" for one in MARTS)


@dataclass(frozen=True)
class _Options:
    """What the command line says, one field for each option."""

    first: datetime | None
    last: datetime | None
    cameras: tuple[str, ...]
    format_name: Format | None
    output: Path | None

    @property
    def written_as(self) -> Format:
        """Give the format: as said, or as the file is named."""
        is_csv = self.output is not None and self.output.suffix.lower() == ".csv"
        return self.format_name or ("csv" if is_csv else "parquet")


@click.command(epilog=f"\b\nMarts, and a question that each answers:\n{_LIST}")
@click.argument("mart_name", metavar="MART", type=click.Choice([one.name for one in MARTS]))
@click.option("--from", "first", type=_DAY, metavar="DAY", help=f"First day. Default: {_DAYS} days up to --to.")
@click.option("--to", "last", type=_DAY, metavar="DAY", help="Last day, itself included. Default: today.")
@click.option("--camera", "cameras", multiple=True, metavar="ID", help="Only this camera's rows. May be repeated.")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["parquet", "csv"]),
    help="Default: what the name of --output ends with, else parquet.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write; nothing is written over. Default: MART_FROM_TO.FORMAT in this folder.",
)
@clickhouse_option
def command(mart_name: str, clickhouse: str | None, **said: Any) -> None:
    """Write a mart's rows of some days to a Parquet or CSV file.

    Days are Asia/Jakarta's, such as 2026-11-01, and both ends are included; times in the file are UTC. CSV is UTF-8
    with a header. Rows come in the same order each time. The file appears only when it is whole, however large it is.
    docs/data-dictionary.md says what each column means, docs/data-tour.md how to ask without files.

    \b
      tilik export flood_daily_by_kelurahan --from 2026-11-01 --to 2026-11-30
      tilik export parking_cases --from 2026-11-24 --output cases.csv

    Exit code 1: ClickHouse is away or refused; 2: the command line; 78: the file can't be written, or is there already.
    """
    options = _Options(**said)
    selection = _selection(mart_name, options)
    path = _free_path(selection, options)
    settings = clickhouse_settings(clickhouse).model_copy(update={"write_timeout_seconds": _LONGEST_SILENCE_SECONDS})
    with clickhouse_client(settings) as client:
        rows = _export(client, selection, options.written_as, path)
    click.echo(f"{rows} rows of {mart_name} from {selection.first} to {selection.last} in {path}")
    if not rows:
        click.echo("there is nothing in these days: ask for others with --from and --to", err=True)


def _selection(mart_name: str, options: _Options) -> Selection:
    chosen = mart(mart_name)
    assert chosen is not None, "click lets only names of marts pass"
    until = options.last.date() if options.last else datetime.now(LOCAL_TIME).date()
    since = options.first.date() if options.first else until - timedelta(days=_DAYS - 1)
    if since > until:
        raise click.UsageError(f"--from {since} lies after --to {until}")
    if options.cameras and "camera_id" not in chosen.order:
        raise click.UsageError(f"{mart_name} has rows of places, not of cameras: leave --camera out")
    return Selection(chosen, since, until, options.cameras)


def _free_path(selection: Selection, options: _Options) -> Path:
    named = f"{selection.mart.name}_{selection.first}_{selection.last}.{options.written_as}"
    path = options.output or Path(named)
    if path.exists():
        raise already_there(path)
    if not path.absolute().parent.is_dir():
        raise ConfigurationError(f"{path} can't be written: there is no folder {path.parent}")
    return path


def _export(client: Client, selection: Selection, format_name: Format, path: Path) -> int:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        expected = count_rows(client, selection)
        bar = bars.add_task(f"{selection.mart.name}: {expected:,} rows", total=None, told="")

        def advance(size: int, rows: int) -> None:
            total = float(expected) if rows else None  # of Parquet only its end tells how many rows there are
            bars.update(bar, completed=rows, total=total, told=f"{size / 1e6:,.1f} MB")

        return write_file(client, selection, format_name, path, advance)
