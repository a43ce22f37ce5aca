"""``tilik dashboards diff``: where a Grafana is not as the dashboards' files say."""

from __future__ import annotations

import sys
from typing import Any

import click

from services.cli.dashboards.provisioning.change import Change
from services.cli.dashboards.provisioning.options import Options, provisioning_options
from services.cli.dashboards.provisioning.plan import plan

_LINES_SHOWN = 20
"""A dashboard that was made anew by hand differs everywhere."""

_SAID = {
    "create": "is not there; push makes it",
    "update": "is of another release; push changes it",
    "remove": "is wanted no more; push removes it",
    "edited": "was changed by hand; push leaves it alone, --force overwrites it",
    "locked": "comes from a file of Grafana's provisioning, which differs; push leaves it alone",
}


@click.command()
@provisioning_options
def command(**told: Any) -> None:
    """Show where a Grafana is not as the dashboards' files say, down to the panel and the field. Changes nothing.

    Exit code 1 where something differs, 0 where nothing does.
    """
    options = Options(**told)
    wanted = options.wanted()
    with options.grafana() as grafana:
        changes = plan(grafana, wanted, force=options.force, set_password=options.set_password, skip_health=True)
    different = [change for change in changes if change.action in _SAID]
    for change in different:
        _tell(change)
    if not different:
        click.echo(f"nothing differs: {len(changes)} things are as they should be")
        return
    sys.exit(1)


def _tell(change: Change) -> None:
    click.echo(f"{change.kind} {change.name} {_SAID[change.action]}")
    for line in change.differences[:_LINES_SHOWN]:
        click.echo(f"    {line}")
    if len(change.differences) > _LINES_SHOWN:
        click.echo(f"    and {len(change.differences) - _LINES_SHOWN} more")
