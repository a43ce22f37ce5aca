"""``tilik ruleset compare``: what two rulesets found differently."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TextIO

import click
import msgspec
from msgspec import Struct
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from services.cli.cameras.cells import cell
from services.cli.clickhouse import clickhouse_client, clickhouse_option, clickhouse_settings
from services.cli.recompute.times import instant_ms, local_minute
from services.cli.ruleset.comparison import DayChange, EpisodePair, Sums, day_changes, paired
from services.cli.ruleset.store import (
    MINUTE_TABLES,
    Span,
    camera_spans,
    differing_minutes,
    episodes,
    minute_sums,
)
from services.runtime.errors import ConfigurationError

SUMS = ("flood_minutes", "parking_cases", "unattended_minutes", "invalid_minutes")


class Comparison(Struct, frozen=True):
    """What differs between two rulesets, where both have rows.

    ``cameras`` were compared, from ``since_ms`` until ``until_ms``; ``only_a`` and ``only_b`` are cameras that have
    rows under one of them alone.
    """

    a: str
    b: str
    cameras: int
    since_ms: int
    until_ms: int
    only_a: list[str]
    only_b: list[str]
    days: list[DayChange]
    episodes: list[EpisodePair]


@click.command()
@click.argument("a")
@click.argument("b")
@click.option(
    "--camera", "patterns", multiple=True, metavar="ID", help="Only cameras of this id or pattern; repeatable."
)
@click.option("--since", metavar="TIME", help="Only from this time on; Asia/Jakarta unless it says a zone.")
@click.option("--until", metavar="TIME", help="Only before this time.")
@click.option("--episodes", "with_episodes", is_flag=True, help="Name each episode that differs.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with each episode that differs.")
@click.option("--csv", "as_csv", is_flag=True, help="A line for each camera and day.")
@clickhouse_option
def command(  # noqa: PLR0913, PLR0917  (one for each option)
    a: str,
    b: str,
    patterns: tuple[str, ...],
    since: str | None,
    until: str | None,
    with_episodes: bool,
    as_json: bool,
    as_csv: bool,
    clickhouse: str | None,
) -> None:
    """Tell what ruleset B found differently from ruleset A, by camera and day.

    Compared is where both have rows: of each camera the common time. Episodes count for the day on which they began;
    they are the same if both begin and end within a second of each other. Days are Asia/Jakarta's.
    """
    within = Span().common(Span(instant_ms(since) if since else 0, instant_ms(until) if until else Span().until_ms))
    with clickhouse_client(clickhouse_settings(clickhouse)) as client:
        spans_a, spans_b = (camera_spans(client, name, within) for name in (a, b))
        for name, spans in ((a, spans_a), (b, spans_b)):
            if not spans:
                raise ConfigurationError(f"there are no minutes of ruleset {name}; 'tilik ruleset list' says of which")
        spans = {one: spans_a[one].common(spans_b[one]) for one in _meant(spans_a.keys() & spans_b.keys(), patterns)}
        spans = {camera_id: span for camera_id, span in spans.items() if span}
        if not spans:
            raise ConfigurationError(f"no camera has minutes of both {a} and {b} at the same time")
        pairs = paired(episodes(client, a, spans), episodes(client, b, spans))
        days = day_changes(pairs, differing_minutes(client, a, b, spans), minute_sums(client, a, b, spans))
    found = Comparison(
        a,
        b,
        len(spans),
        min(span.since_ms for span in spans.values()),
        max(span.until_ms for span in spans.values()),
        _meant(spans_a.keys() - spans_b.keys(), patterns),
        _meant(spans_b.keys() - spans_a.keys(), patterns),
        days,
        [pair for pair in pairs if pair.change],
    )
    _show(found, with_episodes, as_json, as_csv)


def _meant(camera_ids: set[str], patterns: Sequence[str]) -> list[str]:
    return sorted(one for one in camera_ids if not patterns or any(fnmatchcase(one, each) for each in patterns))


def _show(found: Comparison, with_episodes: bool, as_json: bool, as_csv: bool) -> None:
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    elif as_csv:
        write_csv(found.days, sys.stdout)
    else:
        _print(found, with_episodes, Console())


def write_csv(days: Sequence[DayChange], file: TextIO) -> None:
    """Write a line for each camera and day; a sum that is the same on both sides is left empty."""
    tables = [row_type.TABLE for row_type in MINUTE_TABLES]
    writer = csv.writer(file, lineterminator="\n")
    sums = [f"{name}_{side}" for name in SUMS for side in ("a", "b")]
    episodes_of = ["episodes_only_a", "episodes_only_b", "episodes_changed"]
    writer.writerow(["camera_id", "day", *episodes_of, *[f"{table}_differing" for table in tables], *sums])
    for day in days:
        both = [day.sums.get(name) for name in SUMS]
        figures = [value for one in both for value in (("", "") if one is None else (f"{one.a:g}", f"{one.b:g}"))]
        counts = [getattr(day, name) for name in episodes_of]
        writer.writerow([day.camera_id, day.day, *counts, *[day.minutes.get(table, 0) for table in tables], *figures])


def _print(found: Comparison, with_episodes: bool, console: Console) -> None:
    period = f"{local_minute(found.since_ms)} to {local_minute(found.until_ms)}"
    compared = f"{found.cameras} camera{'s' if found.cameras > 1 else ''}, {period}"
    console.print(f"A = {found.a}, B = {found.b}; {compared}", highlight=False, markup=False)
    for name, cameras in ((found.a, found.only_a), (found.b, found.only_b)):
        if cameras:
            named = ", ".join(cameras[:5]) + (f" and {len(cameras) - 5} more" if len(cameras) > 5 else "")
            console.print(
                f"not compared, since only {name} has minutes of them: {named}", highlight=False, markup=False
            )
    if not found.days:
        console.print("nothing differs: the same minutes, the same episodes")
        return
    console.print(_days_table(found.days))
    if with_episodes and found.episodes:
        console.print(_episodes_table(found.episodes))


def _days_table(days: Sequence[DayChange]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_footer=True)
    totals = Counter[str]()
    sums = {name: Sums() for name in SUMS}
    for day in days:
        totals.update(
            only_a=day.episodes_only_a,
            only_b=day.episodes_only_b,
            changed=day.episodes_changed,
            minutes=sum(day.minutes.values()),
        )
        for name, one in day.sums.items():
            sums[name].a += one.a
            sums[name].b += one.b
    table.add_column("camera", "all")
    table.add_column("day", str(len(days)))
    headings = {"only_a": "episodes only A", "only_b": "only B", "changed": "changed", "minutes": "minutes differ"}
    for name, heading in headings.items():
        table.add_column(heading, str(totals[name]), justify="right")
    differing = [name for name in SUMS if any(name in day.sums for day in days)]
    for name in differing:
        table.add_column(name.replace("_", " "), _arrow(sums[name]), justify="right")
    for day in days:
        counts = (day.episodes_only_a, day.episodes_only_b, day.episodes_changed, sum(day.minutes.values()))
        figures = [_arrow(day.sums.get(name)) for name in differing]
        table.add_row(cell(day.camera_id), day.day, *[str(count) if count else "" for count in counts], *figures)
    return table


def _episodes_table(pairs: Sequence[EpisodePair]) -> Table:
    table = Table("camera", "what", "zone", "A", "B", box=SIMPLE_HEAD, pad_edge=False)
    for pair in pairs:
        either = pair.either
        sides = [
            "none" if one is None else f"{local_minute(one.start_ms)}, {one.minutes:.1f} min{', open' * one.is_open}"
            for one in pair
        ]
        table.add_row(cell(either.camera_id), either.what.replace("_", " "), cell(either.zone_id), *sides)
    return table


def _arrow(sums: Sums | None) -> str:
    if sums is None or abs(sums.a - sums.b) < 1e-9:
        return ""
    return f"{sums.a:.4g} → {sums.b:.4g}"
