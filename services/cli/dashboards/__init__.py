"""``tilik dashboards``: the dashboards of Grafana, as files, on a page of this machine, in a Grafana."""

from __future__ import annotations

import click

from services.cli.lazy_group import LazyGroup

SUBCOMMANDS: dict[str, tuple[str, str]] = {
    "build": ("services.cli.dashboards.build", "Write Grafana's JSON of the dashboards, in each language."),
    "preview": ("services.cli.dashboards.preview", "Draw the dashboards in a browser, without Grafana."),
    "check": (
        "services.cli.dashboards.check",
        "Find what is wrong with the dashboards: columns, metrics, units, texts.",
    ),
    "push": ("services.cli.dashboards.push", "Bring a Grafana to what the files say; what is right stays untouched."),
    "diff": ("services.cli.dashboards.diff", "Show where a Grafana is not as the files say."),
}


@click.group(cls=LazyGroup, subcommands=SUBCOMMANDS)
def command() -> None:
    """Build, check and show the dashboards of Grafana."""
