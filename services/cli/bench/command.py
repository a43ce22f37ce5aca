"""``tilik bench NAME``: run one benchmark and print its report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

import click

from services.cli.bench.report import Figure, print_report

_NOT_BENCHES = {"__init__", "command", "report"}


def bench_names() -> list[str]:
    """Give the names of the benchmarks: the files of this folder."""
    stems = {path.stem for path in Path(__file__).parent.glob("*.py")}
    return sorted(stems - _NOT_BENCHES)


@click.command()
@click.argument("name", type=click.Choice(bench_names()))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object in place of a table.")
def command(name: str, as_json: bool) -> None:
    """Run the benchmark NAME and print its figures.

    Each figure that compares is a ratio against a peer that does the same work in the same run; the peers are in
    benchmarks/peers. Exit code 1 if a goal is missed.
    """
    run: Callable[[], Sequence[Figure]] = import_module(f"services.cli.bench.{name}").run
    figures = run()
    print_report(name, figures, as_json)
    if any(figure.met is False for figure in figures):
        raise SystemExit(1)
