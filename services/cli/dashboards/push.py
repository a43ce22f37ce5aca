"""``tilik dashboards push``: folders, data sources, dashboards, contact points and alert rules into a Grafana."""

from __future__ import annotations

import sys
from typing import Any

import click

from services.cli.dashboards.provisioning.change import Change
from services.cli.dashboards.provisioning.options import Options, provisioning_options
from services.cli.dashboards.provisioning.plan import plan
from services.runtime.errors import ConfigurationError, RetryableError, TilikError

_DONE = {"create": "made", "update": "changed", "remove": "removed", "edited": "overwritten", "check": "answers"}
_TO_DO = {
    "create": "would be made",
    "update": "would be changed",
    "remove": "would be removed",
    "edited": "would be overwritten",
    "check": "not asked",
}


@click.command()
@provisioning_options
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
def command(dry_run: bool, **told: Any) -> None:
    """Bring a Grafana to what the dashboards' files say.

    What is right already stays untouched, so pushing again is always safe, also after a lost connection. A dashboard
    that somebody changed by hand is left alone and told (exit code 1), unless --force overwrites it.
    """
    options = Options(**told)
    wanted = options.wanted()
    with options.grafana() as grafana:
        changes = plan(
            grafana, wanted, force=options.force, set_password=options.set_password, skip_health=options.skip_health
        )
        for one in (change for change in changes if change.action == "locked"):
            click.echo(f"left: {one.kind} {one.name} comes from a file of Grafana's provisioning; change it there")
        for one in (change for change in changes if change.action == "absent"):
            click.echo(f"there is no {one.kind} {one.name}: what asks it shows nothing until --prometheus URL is said")
        steps = [change for change in changes if change.apply is not None]
        if dry_run:
            for step in steps:
                click.echo(f"{_TO_DO[step.action]}: {step.kind} {step.name}")
        else:
            _take(steps)
    _sum_up(changes, dry_run)
    if left := [change for change in changes if change.action == "edited" and change.apply is None]:
        _tell_left(left)
        sys.exit(1)


def _take(steps: list[Change]) -> None:
    """Take all steps.

    Raises:
        TilikError: One failed; what was done before it stays, and pushing again goes on from there.
    """
    for number, step in enumerate(steps, start=1):
        assert step.apply is not None
        try:
            step.apply()
        except TilikError as error:
            done = sum(one.needed for one in steps[: number - 1])
            kind = ConfigurationError if isinstance(error, ConfigurationError) else RetryableError
            raise kind(
                f"{error}. It stopped at step {number} of {len(steps)} ({step.kind} {step.name}), after {done} "
                "changes, which stay; push again to go on from there"
            ) from error
        click.echo(f"[{number}/{len(steps)}] {_DONE[step.action]}: {step.kind} {step.name}")


def _sum_up(changes: list[Change], dry_run: bool) -> None:
    needed = sum(change.needed and change.apply is not None for change in changes)
    same = sum(change.action == "same" for change in changes)
    if needed == 0:
        click.echo(f"nothing to change: {same} things are as they should be")
    else:
        click.echo(f"{needed} {'would be' if dry_run else 'were'} changed, {same} were as they should be")


def _tell_left(left: list[Change]) -> None:
    for change in left:
        click.echo(f"left: {change.kind} {change.name}, which somebody changed by hand", err=True)
    click.echo("`tilik dashboards diff` shows what they changed; --force overwrites it", err=True)
