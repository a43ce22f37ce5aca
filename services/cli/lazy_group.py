"""A group of commands that imports the file of one only when it is run."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click


class LazyGroup(click.Group):
    """A group that knows its subcommands by name.

    Source: the recipe "Lazily Loading Subcommands" of Click's documentation.

    Args:
        subcommands: Module and one line of help of each, in the order in which they are listed. A module holds its
            command under the name ``command``, or under the one that follows it behind a colon.
        arguments: What ``click.Group`` takes.
    """

    def __init__(self, *, subcommands: Mapping[str, tuple[str, str]], **arguments: object) -> None:
        super().__init__(**arguments)  # type: ignore[arg-type]  # click passes on what its decorator was given
        self._subcommands = subcommands

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names in the order of the table."""
        return list(self._subcommands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the file of a subcommand and give its ``command``."""
        if cmd_name not in self._subcommands:
            return None
        module, _, name = self._subcommands[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name or "command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._subcommands.items()])
