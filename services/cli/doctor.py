"""``tilik doctor``: what is missing on this machine, and how to get it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from deploy.local.checks import Check, Verdict, check_machine
from deploy.local.settings import local_settings

_MARKS = {
    Verdict.OK: "[green]ok[/green]",
    Verdict.ADVICE: "[yellow]advice[/yellow]",
    Verdict.MISSING: "[red]missing[/red]",
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects: name, verdict, found, advice.")
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of what was fetched and stored.  [default: .tilik]",
)
def command(as_json: bool, state: Path | None) -> None:
    """Say what is missing on this machine, and how to get it. Exit code 1: something that is needed is missing."""
    settings = local_settings()
    if state is not None:
        settings = settings.model_copy(update={"state_dir": state})
    checks = check_machine(settings)
    if as_json:
        click.echo(json.dumps([check.as_json() for check in checks], indent=2))
    else:
        Console().print(_table(checks))
    if any(check.verdict == Verdict.MISSING for check in checks):
        sys.exit(1)


def _table(checks: list[Check]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "what", "found", "what to do"):
        table.add_column(heading, overflow="fold")
    for check in checks:
        table.add_row(_MARKS[check.verdict], check.name, check.found, check.advice)
    return table
