"""The entry of the ``tilik`` command. A subcommand's file is imported only when it is asked for."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from services.runtime.errors import ConfigurationError, TilikError
from services.runtime.logging import configure_logging

SUBCOMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("services.cli.demo", "Run the whole pipeline on real footage, with a live view in the terminal."),
    "up": ("services.cli.up", "Start Kafka, ClickHouse and the services on a cameras.yaml, until Ctrl-C."),
    "doctor": ("services.cli.doctor", "Say what is missing on this machine, and how to get it."),
    "setup": ("services.cli.setup", "Fetch what pip does not bring: Kafka's jars, the detector's weights."),
    "topics": ("services.cli.topics", "Create Tilik's topics on a cluster of your own, and show their table."),
    "cameras": ("services.cli.cameras", "Apply and list the registry of cameras."),
    "detect": ("services.cli.detect", "Run a detector on a video file or a folder of stills, without Kafka."),
    "recompute": ("services.cli.recompute", "Run the aggregation's rules over a file of events."),
    "store": ("services.cli.store", "Bring ClickHouse's tables up to date."),
    "models": ("services.cli.models", "Fetch and convert the detector's weights."),
    "bench": ("services.cli.bench.command", "Measure, and compare with a peer in the same run."),
}


class LazyGroup(click.Group):
    """A group that knows its subcommands by name and imports one when it is run.

    Source: the recipe "Lazily Loading Subcommands" of Click's documentation.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names in the order of the table above."""
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the file of a subcommand and give its ``command``."""
        if cmd_name not in SUBCOMMANDS:
            return None
        command: click.Command = import_module(SUBCOMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in SUBCOMMANDS.items()])


@click.group(cls=LazyGroup)
@click.version_option(package_name="tilik")
def cli() -> None:
    """Tilik: city cameras to open, exact and explainable facts.

    Start with `tilik demo`. `tilik COMMAND --help` explains each command.
    """


def main() -> None:
    """Run the command line; our own errors become one clear line and an exit code, logs go to standard error."""
    configure_logging("cli", str(os.getpid()), level="warning")
    try:
        cli.main(prog_name="tilik", standalone_mode=False)
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
