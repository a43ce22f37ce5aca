"""``tilik thresholds``: what people's verdicts say about the rules' thresholds.

suggest      the command, what it asks of ClickHouse and how its answer looks
suggestion   from verdicts to thresholds; pure
"""

from __future__ import annotations

import click

from services.cli.lazy_group import LazyGroup

SUBCOMMANDS: dict[str, tuple[str, str]] = {
    "suggest": ("services.cli.thresholds.suggest", "Suggest thresholds that fit what people confirmed and rejected."),
}


@click.group(cls=LazyGroup, subcommands=SUBCOMMANDS)
def command() -> None:
    """Learn thresholds from the verdicts of people who reviewed episodes."""
