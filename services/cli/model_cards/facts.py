"""What a model card is made of: the detector's declarations, what was measured, and pictures of known failures."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import msgspec
from msgspec.structs import astuple

from services.cli.bench.measuring.accuracy_results import AccuracyResults, read_results
from services.cli.bench.report import Report, plain
from services.detect.accuracy.measured import Measured
from services.detect.detector import ModelCard, Thresholds, Tiles
from services.detect.detector_names import detector_names
from services.detect.settings import DetectSettings
from services.detect.water import NAME as WATER
from services.detect.water import card_of, read_manifest
from services.runtime.errors import ConfigurationError

FOLDER = Path(__file__).parents[3] / "docs" / "models"
RESULTS = FOLDER / "results"
SPEED = "bench_detect.json"
"""What ``tilik bench detect --json`` printed."""


@dataclass(frozen=True)
class CardFacts:
    """``results`` and ``speed`` are None where nothing was measured; ``speed`` is the default detector's, or what water
    adds.

    Of the water network ``thresholds`` are empty: it gives probabilities. ``measured_in_training``: results are those
    that ``training.water`` wrote beside the weights.
    """

    name: str
    card: ModelCard
    thresholds: dict[Tiles, Thresholds]
    results: AccuracyResults | None
    speed: Report | None
    measured_in_training: bool = False


def all_facts(results: Path) -> list[CardFacts]:
    """Gather the facts of all detectors and of the water network.

    Raises:
        ConfigurationError: A file of results can't be read, or the package's own weights are damaged.
    """
    return [*(_of_detector(name, results) for name in detector_names()), _of_water(results)]


def _of_detector(name: str, results: Path) -> CardFacts:
    """Without its weights: they need not be here."""
    module = import_module(f"services.detect.detectors.{name}")
    speed = _speed(results / SPEED) if name == DetectSettings.model_fields["detector"].default else None
    return CardFacts(name, module.CARD, dict(module.THRESHOLDS), read_results(results, name), speed)


def _of_water(folder: Path) -> CardFacts:
    """Results of other weights than those that the package ships are none: then what their training measured counts."""
    manifest = read_manifest()
    results = read_results(folder, WATER)
    in_training = results is None or results.weights_sha256 != manifest.sha256
    if in_training:
        figures = [Measured(name, *astuple(share)) for name, share in sorted(manifest.figures.items())]
        results = AccuracyResults(WATER, manifest.sha256, tuple(figures)) if figures else None
    return CardFacts(WATER, card_of(manifest), {}, results, _added_speed(folder / SPEED), in_training)


def _added_speed(path: Path) -> Report | None:
    """Give what a frame costs without and with water, and the difference; None where not both were measured."""
    report = _speed(path)
    figures = {figure.name: figure for figure in report.figures} if report is not None else {}
    names = [f"{what}{water}_b8" for what in ("cpu_milliseconds", "frames_per_second") for water in ("", "_water")]
    if report is None or not figures.keys() >= set(names):
        return None
    without, with_water = (figures[name].value for name in names[:2])
    added = plain("cpu_milliseconds_added_by_water_b8", with_water - without, "ms/frame")
    return Report(report.bench, report.machine, (added, *(figures[name] for name in names)))


def _speed(path: Path) -> Report | None:
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{path.name} can't be read: {error}") from error
