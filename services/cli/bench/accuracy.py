"""``tilik bench accuracy``: how well detectors find persons and parked vehicles, by condition, on labelled footage.

Each detector whose weights are here is measured. Figures of the default one have no prefix, those of others their
detector's name. Every figure has a 95 % interval: of clips from frames drawn anew in blocks, of counts by Wilson.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from services.cli.bench.report import Figure, at_least, at_most, plain
from services.detect.detector_names import detector_names
from services.runtime.errors import ConfigurationError

if TYPE_CHECKING:
    from services.detect.accuracy.measured import Measured
    from services.detect.accuracy.measured import Progress as Advance

DEFAULT = "nanodet"
PERSON_GOALS = {"pets": 0.90, "tud_stadtmitte": 0.83, "tud_campus": 0.78}
"""Least AP50 of persons, by clip."""
LEAST = {
    **{f"person_ap50_{name}": goal for name, goal in PERSON_GOALS.items()},
    "pklot_recall_2x2": 0.95,
}
MOST = {"pklot_false_rate_2x2": 0.02}

OPTIONS = (
    click.Option(
        ["--detector", "detectors"], type=click.Choice(detector_names()), multiple=True, help="Default: all there are."
    ),
    click.Option(
        ["--save", "folder"],
        type=click.Path(path_type=Path, file_okay=False),
        help="Write each detector's figures there, for the model cards.",
    ),
)

Measurement = Callable[["Advance"], "list[Measured]"]


def run(detectors: Sequence[str] = (), folder: Path | None = None) -> list[Figure]:
    """Measure through the same code as ``tilik detect``; takes about ten minutes a detector.

    Raises:
        ConfigurationError: Footage is not there, or the weights of a detector that was asked for, or of all.
    """
    from services.cli.bench.measuring.accuracy_results import save_results

    console = Console(stderr=True)
    figures: list[Figure] = []
    for name, weights_sha256 in _with_weights(detectors, console).items():
        measured = _measured(name, console)
        if folder is not None:
            save_results(folder, name, weights_sha256, measured)
        figures += [figure for each in measured for figure in figures_of(each, "" if name == DEFAULT else f"{name}_")]
    return figures


def figures_of(measured: Measured, prefix: str = "") -> list[Figure]:
    """Give a figure and the ends of its interval. Goals are those of the default detector."""
    name, value = measured.name, measured.value
    if not prefix and name in LEAST:
        figure = at_least(name, value, "ratio", LEAST[name])
    elif not prefix and name in MOST:
        figure = at_most(name, value, "ratio", MOST[name])
    else:
        figure = plain(prefix + name, value, "ratio")
    low, high = measured.low, measured.high
    return [
        figure,
        plain(f"{prefix}{name}_ci95_low", low, "ratio"),
        plain(f"{prefix}{name}_ci95_high", high, "ratio"),
    ]


def _with_weights(asked: Sequence[str], console: Console) -> dict[str, str]:
    """Give the detectors that can be measured (those asked for, or all whose weights can be had): name → SHA-256."""
    from services.detect.detector import DetectorOptions, load_detector

    found: dict[str, str] = {}
    missing = []
    for name in asked or detector_names():
        try:
            found[name] = load_detector(name, DetectorOptions()).weights_sha256
        except ConfigurationError as error:
            if asked:
                raise
            missing.append(f"{name} is not measured: {error}")
    for line in missing:
        console.print(line, highlight=False)
    if not found:
        raise ConfigurationError("; ".join(missing))
    return found


def _measured(name: str, console: Console) -> list[Measured]:
    """Measure one detector, showing how far it is."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    measured: list[Measured] = []
    with Progress(*columns, console=console) as bars:
        for title, measure in _measurements(name).items():
            bar = bars.add_task(f"{name}: {title}", total=None)
            measured += measure(lambda done, total, bar=bar: bars.update(bar, completed=done, total=total))  # type: ignore[misc]
    return measured


def _measurements(name: str) -> dict[str, Measurement]:
    from services.cli.bench.measuring.simulated_weather import simulated_weather
    from services.detect.accuracy import detector_figures
    from services.detect.detector import DetectorOptions

    options = DetectorOptions()
    return {
        "persons": lambda progress: detector_figures.measure_persons(name, options, progress),
        "parked vehicles": lambda progress: detector_figures.measure_parking(name, options, progress),
        "persons from behind": lambda progress: detector_figures.measure_visits(name, options, progress),
        "persons in tiles, night and rain": lambda progress: detector_figures.measure_person_conditions(
            name, options, simulated_weather(), progress
        ),
    }
