"""Tests of training.water.picture_folder and training.water.photographs."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.water.photographs import Photograph, PhotographError, listed, mask_of_outlines, write_photographs
from training.water.picture_folder import DRY, UNSURE, WATER, LabelledPicture, append, mask_of, read_index

FREE_LICENCES = {"CC0-1.0", "CC-BY-2.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0"}


def make_photograph(file: str = "a/lake.jpg", water: list[list[tuple[float, float]]] | None = None) -> Photograph:
    """Build a photograph of the list."""
    return Photograph(file, package="p", author="A", licence="CC0-1.0", shows="lake", water=water or [])


def test_pixel_that_is_partly_water_is_unsure() -> None:
    coverage = np.array([[0.0, 0.1, 0.5, 0.9, 1.0]], np.float32)

    assert mask_of(coverage).tolist() == [[DRY, DRY, UNSURE, WATER, WATER]]


def test_written_picture_comes_back_with_its_mask_and_its_line(tmp_path: Path) -> None:
    mask = np.zeros((9, 16), np.uint8)
    mask[5:] = WATER
    line = LabelledPicture("000007.jpg", seed=3, split="val", tags={"sky": "night", "rain": 0.5})

    append(tmp_path, 7, np.full((9, 16, 3), 90, np.uint8), mask, line)

    assert read_index(tmp_path) == [line]
    image, written = cv2.imread(str(tmp_path / "000007.jpg")), cv2.imread(str(tmp_path / "000007.png"), 0)
    assert image is not None
    assert written is not None
    assert np.array_equal(written, mask)
    assert abs(float(image.mean()) - 90) < 2


def test_line_that_was_cut_off_does_not_count(tmp_path: Path) -> None:
    black = np.zeros((9, 16), np.uint8)
    for number in (2, 1):
        line = LabelledPicture(f"{number:06d}.jpg", seed=1, split="train")
        append(tmp_path, number, np.zeros((9, 16, 3), np.uint8), black, line)
    with (tmp_path / "index.jsonl").open("a") as index:
        index.write('{"file": "000003.jpg", "se')

    assert [picture.file for picture in read_index(tmp_path)] == ["000001.jpg", "000002.jpg"]


def test_folder_without_an_index_holds_nothing(tmp_path: Path) -> None:
    assert read_index(tmp_path) == []


def test_every_listed_photograph_has_a_free_licence_and_outlines_inside_the_picture() -> None:
    photographs = listed()

    assert {photograph.licence for photograph in photographs} <= FREE_LICENCES
    assert all(photograph.author and photograph.package for photograph in photographs)
    points = [point for photograph in photographs for outline in photograph.water for point in outline]
    assert points
    assert all(0 <= share <= 1 for point in points for share in point)


def test_outline_is_water_inside_unsure_along_and_dry_outside() -> None:
    mask = mask_of_outlines([[(0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)]], (512, 288))

    assert (mask[20, 256], mask[144, 256], mask[220, 256]) == (DRY, UNSURE, WATER)


def test_photographs_are_written_once_in_the_size_of_the_network(tmp_path: Path) -> None:
    root, out = tmp_path / "root", tmp_path / "out"
    (root / "a").mkdir(parents=True)
    out.mkdir()
    cv2.imwrite(str(root / "a/lake.jpg"), np.full((600, 800, 3), 120, np.uint8))
    photograph = make_photograph(water=[[(0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)]])

    write_photographs([photograph], root, out)
    write_photographs([photograph], root, out)

    assert [picture.file for picture in read_index(out)] == ["000000.jpg"]
    image = cv2.imread(str(out / "000000.jpg"))
    assert image is not None
    assert image.shape == (288, 512, 3)


def test_missing_photograph_names_its_package(tmp_path: Path) -> None:
    with pytest.raises(PhotographError, match=r"p does not hold a/lake\.jpg"):
        write_photographs([make_photograph()], tmp_path, tmp_path)
