"""``tilik bench NAME``: run one benchmark and print its report.

A benchmark is a file of this folder with ``run``, which gives figures; ``OPTIONS``, where it has any, are what its
command takes and ``run`` is called with.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from services.cli.bench.report import print_report

_NOT_BENCHES = {"__init__", "command", "report"}


def bench_names() -> list[str]:
    """Give the names of the benchmarks: the files of this folder."""
    stems = {path.stem for path in Path(__file__).parent.glob("*.py")}
    return sorted(stems - _NOT_BENCHES)


class BenchGroup(click.Group):
    """The benchmarks as subcommands; a file is imported when its benchmark is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the benchmarks' names."""
        return bench_names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Make the command of a benchmark."""
        if cmd_name not in bench_names():
            raise click.UsageError(f"there is no benchmark {cmd_name!r}; there are {', '.join(bench_names())}", ctx)
        return _command_of(cmd_name)


def _command_of(name: str) -> click.Command:
    module = import_module(f"services.cli.bench.{name}")

    def measure_and_print(as_json: bool, **options: object) -> None:
        figures = module.run(**options)
        print_report(name, figures, as_json)
        if any(figure.met is False for figure in figures):
            raise SystemExit(1)

    json_option = click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object in place of a table.")
    parameters = [json_option, *getattr(module, "OPTIONS", ())]
    return click.Command(name, callback=measure_and_print, params=parameters, help=module.__doc__)


@click.command(cls=BenchGroup)
def command() -> None:
    """Run a benchmark and print its figures.

    Each figure that compares is a ratio against a peer that does the same work in the same run; the peers are in
    benchmarks/peers. Exit code 1 if a goal is missed.
    """
