from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from services.detect.accuracy.water import (
    DRY,
    Scores,
    area_under_curve,
    frame_scores,
    is_development,
    measure_water,
    picture_set,
    recall_at_false_alarms,
)
from services.detect.networks import InputsBgr
from services.runtime.errors import ConfigurationError

SIZE_HW = (36, 64)
NAMES = [f"{number}.png" for number in range(40)]
FRAMES = [f"0016E5_{300 * number:05}.png" for number in range(40)]
"""Ten seconds apart: none is beside another."""


def scores(wet: list[float], dry: list[float], wet_weights: list[int] | None = None) -> Scores:
    return Scores(np.array(wet), np.array(dry), np.array(wet_weights or [1] * len(wet)), np.ones(len(dry), np.int64))


@pytest.mark.parametrize(
    ("wet", "dry", "area"),
    [([0.9, 0.8], [0.1, 0.2], 1.0), ([0.1], [0.9], 0.0), ([0.5], [0.5], 0.5), ([0.4, 0.8], [0.3, 0.5], 0.75)],
)
def test_area_is_how_often_a_flooded_frame_scores_higher(wet: list[float], dry: list[float], area: float) -> None:
    assert area_under_curve(scores(wet, dry)) == area


def test_a_frame_that_counts_twice_is_as_two_frames() -> None:
    assert area_under_curve(scores([0.4, 0.8], [0.3, 0.5], [2, 1])) == area_under_curve(
        scores([0.4, 0.4, 0.8], [0.3, 0.5])
    )


def test_recall_is_taken_where_one_in_twenty_dry_frames_is_above() -> None:
    dry = [number / 100 for number in range(20)]  # the highest one, .19, may be above the threshold, .18 may not
    assert recall_at_false_alarms(scores([0.185, 0.5, 0.18, 0.1], dry)) == 0.5


def test_a_frames_score_is_the_mean_of_its_wettest_tenth() -> None:
    grids = np.zeros((2, 18, 32), np.uint8)
    grids[1].flat[:58] = 255
    grids[1].flat[100:] = 0
    assert frame_scores(grids).tolist() == [0.0, 1.0]


def test_a_fifth_of_names_is_for_development_and_a_name_stays_where_it_is() -> None:
    shares = [is_development(f"{number}.jpg") for number in range(2000)]
    assert 0.17 < np.mean(shares) < 0.23
    assert shares == [is_development(f"{number}.jpg") for number in range(2000)]


class BrightIsWater:
    """Takes brightness for the probability of water."""

    def infer(self, inputs_bgr: InputsBgr) -> NDArray[np.uint8]:
        cells = np.asarray(inputs_bgr).reshape(len(inputs_bgr), 18, 16, 32, 16, 3).mean(axis=(2, 4, 5))
        return np.asarray(np.rint(cells), np.uint8)


def test_a_detector_that_sees_all_water_and_no_other_has_full_marks(tmp_path: Path) -> None:
    data_folder(tmp_path)
    said: list[tuple[int, int]] = []
    figures = {each.name: each for each in measure_water(tmp_path, BrightIsWater(), lambda *done: said.append(done))}
    test_count, frame_count = (sum(not is_development(name) for name in names) for names in (NAMES, FRAMES))
    assert figures.keys() == {
        "water_iou_flood_area", "water_auc_roads", "water_recall_at_5pct", "water_auc_camvid",
        "water_recall_at_5pct_camvid",
    }  # fmt: skip
    assert figures["water_iou_flood_area"].cases == test_count
    assert figures["water_iou_flood_area"].value > 0.9
    assert {each.value for name, each in figures.items() if "iou" not in name} == {1.0}
    assert said[-1][0] == said[-1][1] == test_count * 3 + frame_count
    development = measure_water(tmp_path, BrightIsWater(), part="development")
    assert development[0].cases == len(NAMES) - test_count


def test_fewer_pictures_can_be_taken(tmp_path: Path) -> None:
    data_folder(tmp_path)
    figures = measure_water(tmp_path, BrightIsWater(), at_most=5)
    assert [each.cases for each in figures] == [5, 10, 10, 10, 10]


def test_missing_pictures_are_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="flood_area"):
        measure_water(tmp_path, BrightIsWater())


def test_photographs_that_are_there_twice_count_as_one_and_none_that_things_were_chosen_on(tmp_path: Path) -> None:
    data_folder(tmp_path)
    places = ("roads/highway_road",)
    before = picture_set(tmp_path, places, "test")
    assert (len(before.paths), before.left_out) == (len(set(before.groups)), 0)
    test = [name for name in NAMES if not is_development(name)]
    chosen_on = next(name for name in NAMES if is_development(name))
    again(tmp_path / places[0], test[0], test[1])
    again(tmp_path / places[0], chosen_on, test[2])
    after = picture_set(tmp_path, places, "test")
    assert test[2] not in [path.name for path in after.paths]
    assert (len(after.paths), after.left_out, len(set(after.groups))) == (len(test) - 1, 1, len(test) - 2)
    groups = {path.name: int(group) for path, group in zip(after.paths, after.groups, strict=True)}
    assert groups[test[0]] == groups[test[1]]
    development = picture_set(tmp_path, places, "development")
    assert (len(development.paths), development.left_out) == (len(NAMES) - len(test), 0)


def test_frames_within_a_second_of_one_that_things_were_chosen_on_are_left_out(tmp_path: Path) -> None:
    data_folder(tmp_path)
    place = tmp_path / "camvid/image"
    chosen_on = next(name for name in FRAMES if is_development(name))
    number = int(chosen_on[7:12])
    near = [name for name in (f"0016E5_{number + off:05}.png" for off in (-30, 30)) if not is_development(name)]
    other_drive = next(
        name for name in (f"{drive:04}TP_{number:06}.png" for drive in range(9)) if not is_development(name)
    )
    for name in (*near, other_drive):
        again(place, chosen_on, name)
    film = picture_set(tmp_path, DRY["camvid"], "test")
    assert near
    assert film.left_out == len(near)
    assert other_drive in [path.name for path in film.paths]


def test_an_interval_is_wider_where_pictures_show_the_same(tmp_path: Path) -> None:
    data_folder(tmp_path)
    place = tmp_path / "flood_area/mask"
    test = [name for name in NAMES if not is_development(name)]
    for name in test[::2]:
        cv2.imwrite(str(place / name), np.zeros((*SIZE_HW, 3), np.uint8))
    alone, *_ = measure_water(tmp_path, BrightIsWater())
    for first, second in zip(test[::4], test[2::4], strict=False):
        again(tmp_path / "flood_area/image", first, second)
    for first, second in zip(test[1::4], test[3::4], strict=False):
        again(tmp_path / "flood_area/image", first, second)
    in_pairs, *_ = measure_water(tmp_path, BrightIsWater())
    assert in_pairs.cases == alone.cases
    assert in_pairs.value == pytest.approx(alone.value, abs=0.02)
    assert in_pairs.high - in_pairs.low > 1.2 * (alone.high - alone.low)


def again(place: Path, name: str, other: str) -> None:
    """Put a picture there once more, under another name."""
    (place / other).write_bytes((place / name).read_bytes())


def data_folder(folder: Path) -> None:
    """Make dark pictures, and floods whose lower half is bright; grain makes each another one."""
    grain = np.random.default_rng(1)
    flooded = np.zeros((*SIZE_HW, 3), np.uint8)
    flooded[18:] = 255
    for place in ("flood_area/image", "flood_area/mask", "roads/rainy_roads", "roads/highway_road", "camvid/image"):
        (folder / place).mkdir(parents=True)
        for name in FRAMES if place.startswith("camvid") else NAMES:
            image = np.repeat(grain.integers(0, 30, (4, 8, 1)), 3, 2).repeat(9, 0).repeat(8, 1).astype(np.uint8)
            if place.endswith("mask"):
                image[:] = flooded
            elif place.startswith("flood"):
                image[18:] = 255 - image[18:]
            cv2.imwrite(str(folder / place / name), image)
