"""``tilik ruleset``: which rulesets ClickHouse holds rows of, how they differ, and which one is current.

listing      the rulesets with their rows and periods
compare      two of them: the command, and how its answer looks
comparison   what differs, from rows to figures by camera and day; store: what it asks of ClickHouse
choosing     making one current
"""

from __future__ import annotations

import click

from services.cli.lazy_group import LazyGroup

SUBCOMMANDS: dict[str, tuple[str, str]] = {
    "list": ("services.cli.ruleset.listing", "List the rulesets with their rows, and which is current when."),
    "compare": ("services.cli.ruleset.compare", "Tell what two rulesets found differently, by camera and day."),
    "use": ("services.cli.ruleset.choosing", "Make a ruleset current in a period."),
}


@click.group(cls=LazyGroup, subcommands=SUBCOMMANDS)
def command() -> None:
    """See which rulesets there are rows of, compare them, and choose which one is current.

    The live service writes its rows under the version of its rules; `tilik recompute --into clickhouse` writes others
    beside them. What is current is what the views current_* show, and with them dashboards and the portal.
    docs/recompute.md goes through it step by step.
    """
