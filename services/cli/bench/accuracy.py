"""``tilik bench accuracy``: how well detectors find persons and parked vehicles, by condition, on labelled footage.

Then how many of the people who are served at a counter are counted, how well people are hidden in what is published,
how well standing water is found, which weather is taken for a flood, and faults of a camera's scene. Each detector
whose weights can be had is measured. Figures of the default one have no prefix, those of others their detector's name.
Every figure has a 95 % interval: of clips from frames drawn anew in blocks, of photographs and counters from those
drawn anew, of counts by Wilson or Poisson; but parts of pixels, which are counted and not estimated.
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

    Measurement = Callable[[Advance], list[Measured]]

DEFAULT = "nanodet"
WATER, SCENE = "water", "scene"
"""Subjects of results beside the detectors."""
PERSON_GOALS = {"pets": 0.90, "tud_stadtmitte": 0.83, "tud_campus": 0.78}
"""Least AP50 of persons, by clip."""
LEAST = {
    **{f"person_ap50_{name}": goal for name, goal in PERSON_GOALS.items()},
    **{f"heads_hidden_{name}": 0.99 for name in PERSON_GOALS},
    "pklot_recall_2x2": 0.95,
    "water_auc_roads": 0.90,
    "water_iou_flood_area": 0.60,
    "scene_fault_recall": 0.95,
}
MOST = {
    **{f"altered_elsewhere_{name}": 0.2 for name in PERSON_GOALS},
    "pklot_false_rate_2x2": 0.02,
    "scene_false_incidents_timelapse": 1,
    "water_false_flood_wet_road": 0,
    "water_false_flood_rain_0.3": 0,
    "water_false_flood": 0.25,
}
OBJECT_PARTS = ("persons", "parking", "behind", "conditions", "served", "hidden")
PARTS = (*OBJECT_PARTS, WATER, SCENE)

OPTIONS = (
    click.Option(
        ["--detector", "detectors"], type=click.Choice(detector_names()), multiple=True, help="Default: all there are."
    ),
    click.Option(["--part", "parts"], type=click.Choice(PARTS), multiple=True, help="What to measure. Default: all."),
    click.Option(
        ["--save", "folder"],
        type=click.Path(path_type=Path, file_okay=False),
        help="Write the figures there, for the model cards, each part as it is done.",
    ),
)


def run(detectors: Sequence[str] = (), parts: Sequence[str] = (), folder: Path | None = None) -> list[Figure]:
    """Measure through the same code as ``tilik detect``; all of it takes about a quarter of an hour on two cores.

    Raises:
        ConfigurationError: Footage is not there, or the weights of a detector that was asked for, or of all.
    """
    from services.cli.bench.measuring.accuracy_results import save_results

    parts = parts or PARTS
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    figures: list[Figure] = []
    with Progress(*columns, console=console) as bars:
        for subject, weights_sha256, measurements in _plan(detectors, parts, console):
            for part, measure in measurements.items():
                bar = bars.add_task(f"{subject}: {part}", total=None)
                measured = measure(lambda done, total, bar=bar: bars.update(bar, completed=done, total=total))  # type: ignore[misc]
                if folder is not None:
                    save_results(folder, subject, weights_sha256, measured)
                prefix = f"{subject}_" if subject in detector_names() and subject != DEFAULT else ""
                figures += [figure for each in measured for figure in figures_of(each, prefix)]
    return figures


def figures_of(measured: Measured, prefix: str = "") -> list[Figure]:
    """Give a figure and the ends of its interval. Goals are those of the default detector."""
    name, unit = measured.name, _unit(measured.name)
    if not prefix and name in LEAST:
        figure = at_least(name, measured.value, unit, LEAST[name])
    elif not prefix and name in MOST:
        figure = at_most(name, measured.value, unit, MOST[name])
    else:
        figure = plain(prefix + name, measured.value, unit)
    ends = {"low": measured.low, "high": measured.high}
    return [figure, *(plain(f"{prefix}{name}_ci95_{end}", value, unit) for end, value in ends.items())]


def _unit(name: str) -> str:
    """Give what a figure of that name is counted in."""
    if name.endswith("_seconds"):
        return "s"
    return "incidents" if "_incidents" in name else "score" if "_threshold" in name else "ratio"


def _plan(
    detectors: Sequence[str], parts: Sequence[str], console: Console
) -> list[tuple[str, str, dict[str, Measurement]]]:
    """Give what is to be measured: subject, SHA-256 of its weights, measurements by part."""
    plan: list[tuple[str, str, dict[str, Measurement]]] = []
    if set(parts) & set(OBJECT_PARTS):
        for name, weights_sha256 in _with_weights(detectors, console).items():
            measurements = {part: how for part, how in _of_objects(name).items() if part in parts}
            plan.append((name, weights_sha256, measurements))
    if WATER in parts:
        plan.append(_of_water())
    if SCENE in parts:
        plan.append((SCENE, "", {SCENE: _scene}))
    return plan


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


def _of_objects(name: str) -> dict[str, Measurement]:
    from services.cli.bench.measuring.served import measure_served
    from services.cli.bench.measuring.simulated_weather import simulated_weather
    from services.detect.accuracy import detector_figures
    from services.detect.accuracy.anonymisation import measure_anonymisation
    from services.detect.detector import DetectorOptions

    options = DetectorOptions()
    return {
        "persons": lambda progress: detector_figures.measure_persons(name, options, progress),
        "parking": lambda progress: detector_figures.measure_parking(name, options, progress),
        "behind": lambda progress: detector_figures.measure_visits(name, options, progress),
        "conditions": lambda progress: detector_figures.measure_person_conditions(
            name, options, simulated_weather(), progress
        ),
        "served": lambda progress: measure_served(name, options, progress),
        "hidden": lambda progress: measure_anonymisation(name, options, progress),
    }


def _of_water() -> tuple[str, str, dict[str, Measurement]]:
    from services.cli.bench.measuring.dry_weather import measure_dry_weather
    from services.detect.accuracy.labelled_footage import data_folder
    from services.detect.accuracy.water import measure_water
    from services.detect.detector import DetectorOptions
    from services.detect.water import load_water

    water = load_water(DetectorOptions())
    measurements: dict[str, Measurement] = {
        "photographs": lambda progress: measure_water(data_folder(), water, progress),
        "weather over dry places": lambda progress: measure_dry_weather(water, progress),
    }
    return WATER, water.identity.weights_sha256, measurements


def _scene(progress: Advance) -> list[Measured]:
    from services.cli.bench.measuring.scene_faults import measure_scene_faults
    from services.detect.accuracy.labelled_footage import data_folder

    return measure_scene_faults(data_folder(), progress)
