"""Floors of the water network, on a part of the pictures on which nothing was chosen."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from services.detect.accuracy.labelled_footage import data_folder
from services.detect.accuracy.measured import Measured
from services.detect.accuracy.water import DRY, FLOODS, measure_water, picture_set
from services.detect.detector import DetectorOptions
from services.detect.water import load_water, read_manifest
from services.runtime.errors import ConfigurationError

pytestmark = pytest.mark.accuracy

PICTURES = 100
"""Of each set: 300 take ten seconds on an idle core."""
FLOORS = {
    "water_iou_flood_area": 0.55,
    "water_auc_roads": 0.94,
    "water_recall_at_5pct": 0.70,
    "water_auc_camvid": 0.96,
    "water_recall_at_5pct_camvid": 0.83,
}
"""About the lower ends of the 95 % intervals on all pictures; recall on roads lower still, for these 100 scatter more
(.78). Recall on CamVid lies above its own (.797): that is so low because what is drawn anew are 29 stretches of film;
other weights are measured on the same 100 pictures, where these reach .87. Goals were an AUC of .90 and an IoU of .60;
the latter was not reached (.584)."""
LEFT_OUT = {"flood_area": 3, "roads": 1, "camvid": 106}
"""What shows the same as a picture that things were chosen on, as the card says."""


@cache
def measured() -> dict[str, Measured]:
    folder = os.environ.get("TILIK_TEST_DATA")
    if not folder:
        pytest.skip("set TILIK_TEST_DATA to the folder with flood_area, roads and camvid")
    figures = measure_water(Path(folder), load_water(DetectorOptions()), at_most=PICTURES)
    return {each.name: each for each in figures}


@pytest.mark.parametrize("name", FLOORS)
def test_water_is_found_as_well_as_before(name: str) -> None:
    figure = measured()[name]
    print(f"{name} = {figure.value:.3f}, 95 % interval {figure.low:.3f} to {figure.high:.3f}")
    assert figure.value >= FLOORS[name]


@pytest.mark.parametrize("name", LEFT_OUT)
def test_as_many_pictures_are_left_out_as_the_card_says(name: str) -> None:
    try:
        found = picture_set(data_folder(), {"flood_area": (FLOODS,), **DRY}[name], "test")
    except ConfigurationError as error:
        pytest.skip(str(error))
    assert found.left_out == LEFT_OUT[name]


@pytest.mark.parametrize("name", FLOORS)
def test_the_manifest_states_what_its_weights_reach(name: str) -> None:
    """A part scatters more than the whole: its interval has to hold what is stated."""
    figure = measured()[name]
    assert figure.low <= read_manifest().figures[name].value <= figure.high
