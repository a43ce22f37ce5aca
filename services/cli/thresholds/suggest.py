"""``tilik thresholds suggest``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

import click
import yaml
from clickhouse_connect.driver.client import Client
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from services.cli.cameras.cells import cell
from services.cli.clickhouse import clickhouse_client, clickhouse_option, clickhouse_settings
from services.cli.recompute.times import instant_ms
from services.cli.ruleset.store import Span
from services.cli.thresholds.suggestion import FEW_VERDICTS, Reviewed, Suggestion, suggestions
from services.runtime.clickhouse import translated_errors

_ALL: Final = "all"
_NAMED_CAMERAS: Final = 8

_QUERY: Final = """
    SELECT e.camera_id, c.kind, trim(concat(e.episode_type, ' ', e.kind)), e.review = 'confirmed',
        dateDiff('millisecond', e.started_at, if(e.phase = 'ended', e.ended_at, e.last_seen_at)) / 1000,
        e.dwell_s, e.peak_ratio, e.why_names, e.why_values, e.why_thresholds
    FROM episodes_reviewed AS e
    LEFT JOIN (
        SELECT camera_id, argMax(r.kind, r.revision) AS kind FROM cameras AS r FINAL GROUP BY camera_id
    ) AS c ON c.camera_id = e.camera_id
    WHERE e.review IN ('confirmed', 'rejected')
        AND toUnixTimestamp64Milli(e.started_at) >= {since:Int64}
        AND toUnixTimestamp64Milli(e.started_at) < {until:Int64}
    ORDER BY e.camera_id, e.started_at
"""


@click.command()
@click.option("--by", type=click.Choice(["camera", "kind", _ALL]), default="kind", show_default=True, help="For whom.")
@click.option(
    "--camera", "patterns", multiple=True, metavar="ID", help="Only cameras of this id or pattern; repeatable."
)
@click.option("--since", metavar="TIME", help="Only episodes that began from this time on.")
@click.option("--until", metavar="TIME", help="Only episodes that began before this time.")
@click.option(
    "--keep", type=click.FloatRange(0.5, 1.0), default=0.95, show_default=True, help="Part of the confirmed that stays."
)
@clickhouse_option
def command(
    by: str, patterns: tuple[str, ...], since: str | None, until: str | None, keep: float, clickhouse: str | None
) -> None:
    """Suggest thresholds that fit what people confirmed and rejected.

    For each threshold: the one that keeps 95 % of the confirmed episodes and drops most of the rejected ones. What it
    rests on goes to standard error, the suggestions to standard output, as a file for `tilik recompute --rules`. Try
    them so: a figure that an episode reached says that it may stay, and the recomputation says whether it does.
    """
    span = Span().common(Span(instant_ms(since) if since else 0, instant_ms(until) if until else Span().until_ms))
    with clickhouse_client(clickhouse_settings(clickhouse)) as client:
        reviewed = _reviewed(client, span)
    meant = [e for e in reviewed if not patterns or any(fnmatchcase(e.camera_id, pattern) for pattern in patterns)]
    console = Console(stderr=True)
    strange: list[str] = []
    if by == "kind":
        meant, strange = of_a_known_kind(meant)
    if strange:
        console.print(left_out(strange), highlight=False, markup=False, soft_wrap=True)
    found = suggestions(meant, _GROUPS[by], keep)
    if not found:
        console.print(f"nobody has confirmed or rejected an episode{' of another camera' if strange else ''} yet")
        return
    console.print(suggestions_table(found))
    if any(one.rests_on_few for one in found):
        console.print(f"* fewer than {FEW_VERDICTS} verdicts: one more may change it", highlight=False)
    click.echo(rules_yaml(found, by), nl=False)


_GROUPS: Final[dict[str, Callable[[Reviewed], str]]] = {
    "camera": lambda episode: episode.camera_id,
    "kind": lambda episode: episode.camera_kind,
    _ALL: lambda episode: _ALL,
}


def of_a_known_kind(reviewed: Sequence[Reviewed]) -> tuple[list[Reviewed], list[str]]:
    """Give the episodes of cameras whose kind is known, and the ids of the other cameras, sorted."""
    known = [episode for episode in reviewed if episode.camera_kind]
    return known, sorted({episode.camera_id for episode in reviewed if not episode.camera_kind})


def left_out(camera_ids: Sequence[str]) -> str:
    """Tell of cameras whose kind is not known, and what to do about it."""
    named = ", ".join(camera_ids[:_NAMED_CAMERAS])
    more = f" and {len(camera_ids) - _NAMED_CAMERAS} more" if len(camera_ids) > _NAMED_CAMERAS else ""
    return f"left out, since ClickHouse's table of cameras does not say their kind: {named}{more}; --by camera has them"


def rules_yaml(found: Sequence[Suggestion], by: str) -> str:
    """Give the suggestions as a file for ``tilik recompute --rules``; without any it changes nothing."""
    parts: dict[str, dict[str, dict[str, float]]] = {}
    for one in found:
        if one.value is not None:
            parts.setdefault(one.group, {}).setdefault(one.rule, {})[one.field] = one.value
    head = "# thresholds suggested from verdicts: see docs/recompute.md\n"
    if not parts:
        return f"{head}rules: {{}}\n"
    content: dict[str, Any] = {"rules": parts[_ALL]} if by == _ALL else {"kinds" if by == "kind" else by + "s": parts}
    return head + yaml.safe_dump(content, sort_keys=False)


def suggestions_table(found: Sequence[Suggestion]) -> Table:
    """Give what the suggestions rest on."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("for", "threshold"):
        table.add_column(heading)
    for heading in ("now", "suggested", "confirmed kept", "rejected dropped"):
        table.add_column(heading, justify="right")
    for one in found:
        table.add_row(
            cell(one.group),
            f"{one.rule}.{one.field}{' *' if one.rests_on_few else ''}",
            f"{one.now:g}",
            "as it is" if one.value is None else f"{one.value:g}",
            f"{one.kept} of {one.confirmed}",
            f"{one.dropped} of {one.rejected}",
        )
    return table


def _reviewed(client: Client, span: Span) -> list[Reviewed]:
    with translated_errors("reading reviewed episodes"):
        rows = client.query(_QUERY, parameters={"since": span.since_ms, "until": span.until_ms}).result_rows
    return [_episode(row) for row in rows]


def _episode(row: Sequence[Any]) -> Reviewed:
    names, values, thresholds = row[7:]
    return Reviewed(
        camera_id=row[0],
        camera_kind=row[1],
        what=row[2],
        confirmed=bool(row[3]),
        duration_s=float(row[4]),
        dwell_s=float(row[5]),
        peak_ratio=float(row[6]),
        figures=dict(zip(names, values, strict=True)),
        thresholds=dict(zip(names, thresholds, strict=True)),
    )
