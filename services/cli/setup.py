"""``tilik setup``: fetch what pip does not bring, once."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from deploy.local.chart_library import PACKAGE, fetch_chart_library
from deploy.local.footage import ensure_footage
from deploy.local.kafka_jars import fetch_jars
from services.cli.models import fetch_weights
from services.cli.sample_city import ensure_areas


@click.command()
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".tilik"),
    show_default=True,
    help="Folder for what Tilik fetches, stores and logs on this machine.",
)
def command(state: Path) -> None:
    """Fetch Kafka's jars (43 MB), the detector's weights (145 MB), footage (96 MB), a chart library and a city's areas.

    What is there already is kept, so a second run takes a second. Each line says what came and how long that took.
    """
    console = Console()
    set_up(state, console)
    console.print("Everything is in place. Next: [bold]tilik demo[/bold]")


def set_up(state: Path, console: Console) -> None:
    """Fetch whatever of the five is missing, and say so.

    Raises:
        ConfigurationError: Maven or npm is absent; the text says how to get it.
        RetryableError: Something can't be fetched now.
    """
    state.mkdir(parents=True, exist_ok=True)

    def say(line: str) -> None:
        console.print(line, highlight=False)

    jars = fetch_jars(state)
    if jars is None:
        say("Kafka: the jars are there, nothing to download")
    else:
        size, came = (f"{count / 1e6:.0f} MB" for count in (jars.size_bytes, jars.downloaded_bytes))
        say(f"Kafka: {size} of jars, {came} came over the network in {jars.seconds:.1f} s")
    fetch_weights(state / "models")
    charts = fetch_chart_library(state, lambda _: None)
    came = f"{charts / 1e6:.0f} MB came over the network" if charts else "nothing to download"
    say(f"charts of the dashboards' preview: npm {PACKAGE}, {came}")
    ensure_areas(state, console)
    ensure_footage(state, say)
