"""Accuracies that may not fall, through the same code as ``tilik detect``."""

from __future__ import annotations

from functools import cache

import pytest

from services.cli.bench import accuracy
from services.cli.bench.report import Figure
from services.detect.accuracy.labelled_footage import pklot_folder
from services.detect.accuracy.pklot import TUNING_SEQUENCES, judged_sequences, occupancy
from services.detect.detector import DetectorOptions
from services.detect.offline import offline_tools
from services.runtime.errors import ConfigurationError

pytestmark = pytest.mark.accuracy

PERSON_FIGURES = [f"person_ap50_{name}" for name in accuracy.PERSON_GOALS]
PARKING_FIGURES = [f"pklot_{what}_{how}" for how in ("whole", "2x2") for what in ("recall", "false_rate")]


@cache
def figures() -> dict[str, Figure]:
    try:
        return {figure.name: figure for figure in accuracy.run()}
    except ConfigurationError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", PERSON_FIGURES)
def test_persons_are_found_as_well_as_before(name: str) -> None:
    figure = figures()[name]
    print(f"{name} = {figure.value} ({figure.goal})")
    assert figure.met


@pytest.mark.parametrize("name", PARKING_FIGURES)
def test_parked_vehicles_are_reported_with_intervals_and_tiles_keep_their_floors(name: str) -> None:
    figure, low, high = (figures()[name + suffix] for suffix in ("", "_ci95_low", "_ci95_high"))
    print(f"{name} = {figure.value}, 95 % interval {low.value} to {high.value}")
    assert low.value <= figure.value <= high.value
    assert figure.met is not False


@pytest.mark.parametrize("tiles", ["1x1", "2x2"])
def test_vehicle_thresholds_are_the_lowest_with_half_a_percent_false_on_the_tuning_sequences(tiles: str) -> None:
    """The rule that the model card states; it uses no test sequence."""
    try:
        folder = pklot_folder()
    except ConfigurationError as error:
        pytest.skip(str(error))
    tools = offline_tools("nanodet", DetectorOptions(), tiles, score_floor=0.2)  # type: ignore[arg-type]
    judged = judged_sequences(folder, TUNING_SEQUENCES, tools)
    chosen = tools.detector.thresholds[tiles]["car"]  # type: ignore[index]
    assert occupancy(judged, chosen).false_rate <= 0.005
    assert occupancy(judged, chosen - 0.01).false_rate > 0.005
