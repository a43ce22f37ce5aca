"""``tilik ruleset use``: make a ruleset current in a period."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from contextlib import closing

import click

from schemas.table import UNSET_MS
from services.aggregate.row_columns import RULESET
from services.aggregate.ruleset_rows import RulesetChoiceRow
from services.cli.cameras import confirmation
from services.cli.clickhouse import clickhouse_client, clickhouse_option, clickhouse_settings
from services.cli.recompute.times import instant_ms, local_minute
from services.cli.ruleset.listing import told_span
from services.cli.ruleset.store import CurrentPeriod, Span, camera_spans, current_periods, missing_minutes
from services.runtime.clock import now_ms
from services.runtime.errors import ConfigurationError
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings

_NAMED_CAMERAS = 10


@click.command()
@click.argument("name")
@click.option("--since", metavar="TIME", help="From this time on; else from the ruleset's first minute.")
@click.option("--until", metavar="TIME", help="Before this time; else up to the ruleset's last minute. Live: for ever.")
@click.option("--reason", required=True, help="Why; kept with the choice.")
@click.option("--by", metavar="NAME", help="Who chooses; else this system's user.")
@click.option("--partial", is_flag=True, help="Also where it has no rows of cameras that the current one has.")
@confirmation.yes_option
@clickhouse_option
def command(  # noqa: PLR0913, PLR0917  (one for each option)
    name: str,
    since: str | None,
    until: str | None,
    reason: str,
    by: str | None,
    partial: bool,
    yes: bool,
    clickhouse: str | None,
) -> None:
    """Make ruleset NAME current in a period: what the views current_* show.

    Choices are kept; where they overlap, the latest one rules. So choosing the former one again for the same period
    takes it back. Where another ruleset than the live one was chosen, it is named, and you are asked; --yes says it
    beforehand. --partial says something else: that minutes may be hidden.
    """
    settings = clickhouse_settings(clickhouse)
    chosen_by = _person(by)
    if not reason.strip():
        raise click.UsageError("--reason must say why")
    with clickhouse_client(settings) as client:
        span = _span(list(camera_spans(client, name, Span()).values()), name, since, until)
        missing = missing_minutes(client, name, span)
        covered = covered_choices(current_periods(client), name, span)
    for line in _warnings(missing, name):
        click.echo(line, err=True)
    if missing and not partial:
        raise ConfigurationError(f"{name} would hide those minutes: choose another period, or say --partial")
    _ask(covered, name, yes)
    _write(settings, name, span, chosen_by, reason.strip())
    click.echo(f"{name} is current from {_told(span.since_ms)} until {_told(span.until_ms)}")


def _person(by: str | None) -> str:
    try:
        name = (by if by is not None else getpass.getuser()).strip()
    except (ImportError, KeyError, OSError) as error:
        raise click.UsageError("this system does not know who you are: say --by") from error
    if not name:
        raise click.UsageError("--by must say a name")
    return name


def _span(found: list[Span], name: str, since: str | None, until: str | None) -> Span:
    """Give the period that is chosen; the live ruleset goes on for ever, another one ends with its last minute.

    Raises:
        ConfigurationError: There are no rows of the ruleset, or the period is empty.
    """
    if not found:
        raise ConfigurationError(
            f"there are no minutes of ruleset {name}; 'tilik ruleset list' says of which there are"
        )
    end_ms = Span().until_ms if name == RULESET else max(span.until_ms for span in found)
    span = Span(
        instant_ms(since) if since else min(span.since_ms for span in found),
        instant_ms(until) if until else end_ms,
    )
    if not span:
        raise ConfigurationError("the period is empty")
    return span


def _warnings(missing: dict[str, int], name: str) -> list[str]:
    lines = [f"{name} lacks {count} minutes of {camera_id}" for camera_id, count in missing.items()]
    more = len(lines) - _NAMED_CAMERAS
    return lines[:_NAMED_CAMERAS] + ([f"and minutes of {more} more cameras"] if more > 0 else [])


def covered_choices(current: Iterable[CurrentPeriod], name: str, span: Span) -> list[CurrentPeriod]:
    """Give where a choice of ``name`` would take the place of what somebody chose: neither itself nor the live one."""
    found = (CurrentPeriod(one.ruleset, one.span.common(span)) for one in current if one.ruleset not in {name, RULESET})
    return [one for one in found if one.span]


def _ask(covered: list[CurrentPeriod], name: str, yes: bool) -> None:
    """Name what would be current no more, and ask.

    Raises:
        click.Abort: The answer is no.
        click.UsageError: Nobody can be asked, since there is no terminal.
    """
    for one in covered:
        click.echo(f"{one.ruleset}, current {told_span(one.span)}, would be so no more", err=True)
    if yes or not covered:
        return
    question = f"{name} takes its place. Go on? (--since and --until say a shorter period)"
    if not confirmation.is_terminal():
        raise click.UsageError(f"{question} Nobody can be asked here, without a terminal: --yes says so beforehand")
    click.confirm(question, abort=True)


def _write(settings: ClickHouseSettings, name: str, span: Span, by: str, reason: str) -> None:
    now = now_ms()
    choice = RulesetChoiceRow(
        from_at=span.since_ms,
        until_at=UNSET_MS if span.until_ms == Span().until_ms else span.until_ms,
        ruleset=name,
        chosen_at=now,
        chosen_by=by,
        reason=reason,
        version=now,
    )
    with closing(RowStore(settings)) as store:
        store.write([choice])


def _told(at_ms: int) -> str:
    return "further notice" if at_ms == Span().until_ms else local_minute(at_ms)
