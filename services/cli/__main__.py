"""The entry of the ``tilik`` command. A subcommand's file is imported only when it is asked for."""

from __future__ import annotations

import os
import sys

import click

from services.cli.lazy_group import LazyGroup
from services.runtime.errors import ConfigurationError, TilikError
from services.runtime.logging import configure_logging

SUBCOMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("services.cli.demo", "Run the whole pipeline on real footage, with a live view in the terminal."),
    "up": ("services.cli.up", "Start Kafka, ClickHouse and the services on a cameras.yaml, until Ctrl-C."),
    "doctor": ("services.cli.doctor", "Say what is missing on this machine, and how to get it."),
    "setup": ("services.cli.setup", "Fetch what pip does not bring: Kafka's jars, the detector's weights."),
    "topics": ("services.cli.topics", "Create Tilik's topics on a cluster of your own, and show their table."),
    "cameras": (
        "services.cli.cameras",
        "Probe cameras, keep their registry, and see how they are.",
    ),
    "detect": ("services.cli.detect", "Run a detector on a video file or a folder of stills, without Kafka."),
    "recompute": (
        "services.cli.recompute",
        "Judge events again: a file's, the topic's, ClickHouse's; under other rules.",
    ),
    "ruleset": ("services.cli.ruleset", "Compare what rulesets found, and choose which one is current."),
    "decide": ("services.cli.decide", "Confirm or reject episodes, release a camera, approve a dry reference, mask."),
    "thresholds": ("services.cli.thresholds", "Suggest thresholds that fit people's verdicts."),
    "evidence": ("services.cli.evidence.command", "Export and verify an episode's evidence; holds and retention."),
    "webhooks": ("services.cli.webhooks", "Ask a webhook's receiver whether signed messages arrive."),
    "portal": ("services.cli.portal", "Keep the local accounts of the portal's operations area."),
    "store": ("services.cli.store", "Bring ClickHouse's tables up to date."),
    "seed": ("services.cli.seed.command", "Fill a database with a simulated city, to look at and to measure."),
    "dashboards": ("services.cli.dashboards", "Build, check and show the dashboards of Grafana."),
    "export": ("services.cli.export", "Write a mart's rows of some days to a Parquet or CSV file."),
    "models": ("services.cli.models", "Fetch and convert the detector's weights."),
    "city": ("services.cli.city", "Run hundreds of pretended cameras on this machine, to test against."),
    "bench": ("services.cli.bench.command", "Measure, and compare with a peer in the same run."),
}


@click.group(cls=LazyGroup, subcommands=SUBCOMMANDS)
@click.version_option(package_name="tilik")
def cli() -> None:
    """Tilik: city cameras to open, exact and explainable facts.

    Start with `tilik demo`. `tilik COMMAND --help` explains each command.
    """


def main() -> None:
    """Run the command line; our own errors become one clear line and an exit code, logs go to standard error."""
    configure_logging("cli", str(os.getpid()), level="warning")
    try:
        sys.exit(cli.main(prog_name="tilik", standalone_mode=False))  # commands give None, or click's Exit its code
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(130)
    except TilikError as error:
        click.echo(f"tilik: {error}", err=True)
        sys.exit(error.exit_code if isinstance(error, ConfigurationError) else 1)


if __name__ == "__main__":
    main()
