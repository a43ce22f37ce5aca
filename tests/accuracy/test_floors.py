"""Accuracies that may not fall, through the same code as ``tilik detect``."""

from __future__ import annotations

from functools import cache

import pytest

from services.cli.bench import accuracy
from services.cli.bench.report import Figure
from services.detect.accuracy.detector_figures import HOW, measure_parking, measure_persons
from services.detect.accuracy.measured import Measured
from services.detect.detector import DetectorOptions, Tiles, load_detector
from services.runtime.errors import ConfigurationError

pytestmark = pytest.mark.accuracy

PERSON_FIGURES = [f"person_ap50_{name}" for name in accuracy.PERSON_GOALS]
PARKING_FIGURES = [f"pklot_{what}_{how}" for how in HOW for what in ("recall", "false_rate")]


@cache
def measured() -> dict[str, Measured]:
    options = DetectorOptions()
    try:
        figures = [*measure_persons(accuracy.DEFAULT, options), *measure_parking(accuracy.DEFAULT, options)]
    except ConfigurationError as error:
        pytest.skip(str(error))
    return {figure.name: figure for figure in figures}


def figure_with_interval(name: str) -> tuple[Figure, Figure, Figure]:
    figure, low, high = accuracy.figures_of(measured()[name])
    print(f"{name} = {figure.value} ({figure.goal}), 95 % interval {low.value} to {high.value}")
    assert low.value <= figure.value <= high.value
    return figure, low, high


@pytest.mark.parametrize("name", PERSON_FIGURES)
def test_persons_are_found_as_well_as_before(name: str) -> None:
    figure, low, high = figure_with_interval(name)
    assert figure.met
    assert 0 < high.value - low.value < 0.2, "as sure as some hundred boxes make it"


@pytest.mark.parametrize("name", PARKING_FIGURES)
def test_parked_vehicles_are_reported_with_intervals_and_tiles_keep_their_floors(name: str) -> None:
    figure, *_ = figure_with_interval(name)
    assert figure.met is (True if name.endswith("2x2") else None)


@pytest.mark.parametrize(("how", "tiles"), HOW.items())
def test_vehicle_thresholds_that_ship_are_those_that_the_tuning_sequences_choose(how: str, tiles: Tiles) -> None:
    """The rule that the model card states; it uses no test sequence."""
    chosen = measured()[f"pklot_threshold_{how}"].value
    assert load_detector(accuracy.DEFAULT, DetectorOptions()).thresholds[tiles]["car"] == pytest.approx(chosen)


def test_persons_whom_others_cover_are_the_weak_spot_that_the_card_names() -> None:
    free, covered = (measured()[f"person_recall_{name}"] for name in ("free", "covered"))
    print(f"recall: free {free.value:.3f} of {free.cases}, covered by half {covered.value:.3f} of {covered.cases}")
    assert covered.high < free.low
    assert free.value >= 0.9, "a person whom nobody covers is found nine times of ten"
