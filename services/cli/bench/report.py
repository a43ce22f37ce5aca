"""The form that every benchmark reports in."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table


class Figure(Struct, frozen=True):
    """One measured figure. ``goal`` reads ``>= 0.8``, or is None where there is none; ``met`` is None likewise."""

    name: str
    value: float
    unit: str
    goal: str | None = None
    met: bool | None = None


class Machine(Struct, frozen=True):
    """Where it was measured."""

    cpu: str
    cores: int
    memory_gib: float
    python: str


class Report(Struct, frozen=True):
    """What ``tilik bench NAME --json`` prints."""

    bench: str
    machine: Machine
    figures: tuple[Figure, ...]


def at_least(name: str, value: float, unit: str, goal: float) -> Figure:
    """Give a figure that is to reach ``goal``."""
    return Figure(name, round(value, 4), unit, f">= {goal:g}", value >= goal)


def at_most(name: str, value: float, unit: str, goal: float) -> Figure:
    """Give a figure that is not to exceed ``goal``."""
    return Figure(name, round(value, 4), unit, f"<= {goal:g}", value <= goal)


def plain(name: str, value: float, unit: str) -> Figure:
    """Give a figure without a goal."""
    return Figure(name, round(value, 4), unit)


def this_machine() -> Machine:
    """Describe this machine."""
    cpu = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        cpu = models[0] if models else cpu
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return Machine(cpu, len(os.sched_getaffinity(0)), round(memory, 1), platform.python_version())


def print_report(bench: str, figures: Sequence[Figure], as_json: bool) -> None:
    """Print the report, as one JSON object or as a table."""
    report = Report(bench, this_machine(), tuple(figures))
    if as_json:
        print(msgspec.json.encode(report).decode())
        return
    table = Table(title=f"tilik bench {bench}", caption=f"{report.machine.cpu}, {report.machine.cores} cores")
    for column in ("figure", "value", "unit", "goal", "met"):
        table.add_column(column, justify="right" if column == "value" else "left")
    for figure in figures:
        met = {None: "", True: "[green]yes", False: "[red]no"}[figure.met]
        table.add_row(figure.name, f"{figure.value:g}", figure.unit, figure.goal or "", met)
    Console().print(table)
