"""``tilik ruleset list``."""

from __future__ import annotations

import sys

import click
import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.rows import CameraMinuteRow
from services.cli.cameras.cells import cell
from services.cli.clickhouse import clickhouse_client, clickhouse_option, clickhouse_settings
from services.cli.recompute.times import local_minute
from services.cli.ruleset.store import CurrentPeriod, RulesetFacts, Span, current_periods, rulesets


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object for all.")
@clickhouse_option
def command(as_json: bool, clickhouse: str | None) -> None:
    """List the rulesets with their rows, and which is current when."""
    with clickhouse_client(clickhouse_settings(clickhouse)) as client:
        found, current = rulesets(client), current_periods(client)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode({"rulesets": found, "current": current}) + b"\n")
        return
    console = Console()
    if not found:
        console.print("there are no rows yet")
        return
    console.print(_table(found, current))


def _table(found: list[RulesetFacts], current: list[CurrentPeriod]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("ruleset", "from", "until", "current"):
        table.add_column(heading)
    for heading in ("cameras", "minutes", "episodes"):  # not a topic: headings
        table.add_column(heading, justify="right")
    for facts in found:
        periods = [one.span for one in current if one.ruleset == facts.ruleset]
        table.add_row(
            cell(facts.ruleset, "bold" if periods else ""),
            local_minute(facts.span.since_ms),
            local_minute(facts.span.until_ms),
            "; ".join(map(told_span, periods)) or "no",
            str(facts.camera_count),
            f"{facts.rows.get(CameraMinuteRow.TABLE, 0):,}",
            f"{facts.rows.get(EpisodeRow.TABLE, 0):,}",
        )
    return table


def told_span(span: Span) -> str:
    """Give a period in words; one from 1970, or until 2200, has no such end."""
    since = "" if span.since_ms <= 0 else f"from {local_minute(span.since_ms)}"
    until = "" if span.until_ms >= _FAR_MS else f"until {local_minute(span.until_ms)}"
    return " ".join(filter(None, (since, until))) or "always"


_FAR_MS = 7_000_000_000_000
"""In the year 2191; the view current_rulesets says 2200 where a period has no end."""
