"""``tilik topics``: create the topics of the table on a cluster, and show the table."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import get_args

import click
from rich.console import Console
from rich.table import Table

from schemas.topics import PARTITIONS, REPLICAS, TOPICS, Profile, Topic
from services.cli.cluster import bootstrap_option, kafka_settings
from services.runtime.topics import ensure_topics

_profile_option = click.option(
    "--profile",
    type=click.Choice(get_args(Profile)),
    required=True,
    help="local: one broker; production: three or more.",
)
_MIB = 1 << 20


@click.group()
def command() -> None:
    """Create Tilik's topics on a cluster of your own, and show their table.

    `tilik up` and `tilik demo` create them by themselves. The services never do: a topic with a wrong number of
    partitions would move cameras away from their state.
    """


@command.command("apply")
@_profile_option
@bootstrap_option
def apply_command(profile: Profile, bootstrap: str | None) -> None:
    """Create the topics that are missing. Safe to run again; what exists is left as it is.

    A topic that exists with another number of partitions is an error (exit code 78), and then nothing is created.
    """
    kafka = kafka_settings(bootstrap)
    created = ensure_topics(kafka, profile)
    for name in created:
        click.echo(f"created {name}")
    click.echo(f"{kafka.bootstrap_servers}: {len(created)} of {len(TOPICS)} topics created, profile {profile}")


@command.command("list")
@_profile_option
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects, with every setting.")
def list_command(profile: Profile, as_json: bool) -> None:
    """Show the table of topics under a profile. It is the table that Tilik comes with; no cluster is asked."""
    if as_json:
        click.echo(json.dumps([_facts(topic, profile) for topic in TOPICS], indent=2))
    else:
        Console().print(_table(profile))


def _facts(topic: Topic, profile: Profile) -> dict[str, object]:
    return {
        "name": topic.name,
        "key": topic.key,
        "partitions": PARTITIONS[profile],
        "replicas": REPLICAS[profile],
        "settings": topic.settings_for(profile),
    }


def _table(profile: Profile) -> Table:
    heading = f"{len(TOPICS)} topics, profile {profile}: {PARTITIONS[profile]} partitions, {REPLICAS[profile]} replicas"
    table = Table(title=heading, title_justify="left")
    for column in ("topic", "key", "kept", "at most"):
        table.add_column(column, no_wrap=True)
    for topic in TOPICS:
        settings = topic.settings_for(profile)
        table.add_row(topic.name, topic.key, _kept(settings), _bound(settings))
    return table


def _kept(settings: dict[str, str]) -> str:
    """Say for how long records stay; compacted: the newest of each key."""
    policy, retention = settings["cleanup.policy"], settings.get("retention.ms")
    if policy == "compact":
        return "compacted"
    kept = "for ever" if retention in (None, "-1") else _duration(timedelta(milliseconds=int(str(retention))))
    return f"{kept}, compacted" if "compact" in policy else kept


def _duration(length: timedelta) -> str:
    return f"{length.days} days" if length.days else f"{length.seconds // 60} minutes"


def _bound(settings: dict[str, str]) -> str:
    """Say what each partition may hold at most; nothing where time alone bounds it."""
    size = int(settings.get("retention.bytes", "-1"))
    return "" if size < 0 else f"{size // _MIB} MiB each"
