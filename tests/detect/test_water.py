from __future__ import annotations

import hashlib
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from services.detect import water
from services.detect.detector import DetectorOptions
from services.detect.resampling import resized
from services.detect.views import WATER_INPUT_HW
from services.detect.water import WEIGHTS_FOLDER, WaterDetector, card_of, load_water, read_manifest
from services.runtime.errors import ConfigurationError
from tests.detect.pictures import street_bgr, textured_bgr

LARGEST_BYTES = 5_000_000


@cache
def detector() -> WaterDetector:
    return load_water(DetectorOptions())


def pictures() -> NDArray[np.uint8]:
    images = [street_bgr(), textured_bgr(), np.zeros((100, 300, 3), np.uint8)]
    return np.stack([resized(image, WATER_INPUT_HW) for image in images])


def test_weights_are_small_and_are_those_of_their_manifest_and_of_the_identity() -> None:
    data = (WEIGHTS_FOLDER / "water.safetensors").read_bytes()
    assert len(data) <= LARGEST_BYTES
    assert hashlib.sha256(data).hexdigest() == read_manifest().sha256 == detector().identity.weights_sha256
    assert detector().identity.name == "water"


def test_changed_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("water.json", "water.safetensors"):
        shutil.copy(WEIGHTS_FOLDER / name, tmp_path / name)
    data = bytearray((tmp_path / "water.safetensors").read_bytes())
    data[-1] ^= 1
    (tmp_path / "water.safetensors").write_bytes(data)
    monkeypatch.setattr(water, "WEIGHTS_FOLDER", tmp_path)
    with pytest.raises(ConfigurationError, match="SHA-256"):
        load_water(DetectorOptions())


@pytest.mark.parametrize("text", [None, b"{}"])
def test_a_missing_or_damaged_manifest_is_said(tmp_path: Path, text: bytes | None) -> None:
    if text is not None:
        (tmp_path / "water.json").write_bytes(text)
    with pytest.raises(ConfigurationError, match=r"water\.json"):
        read_manifest(tmp_path)


def test_a_batch_gives_what_its_pictures_give_one_by_one_and_its_input_stays() -> None:
    inputs = pictures()
    before = inputs.copy()
    grids = detector().infer(inputs)
    assert grids.shape == (3, 18, 32)
    assert grids.dtype == np.uint8
    for index, grid in enumerate(grids):
        assert np.abs(detector().infer(inputs[index : index + 1])[0].astype(int) - grid).max() <= 1
    assert np.array_equal(inputs, before)
    assert np.array_equal(detector().infer(inputs), grids)


def test_no_picture_gives_no_grid() -> None:
    assert detector().infer(np.zeros((0, *WATER_INPUT_HW, 3), np.uint8)).shape == (0, 18, 32)


def test_random_weights_have_an_identity_of_their_own() -> None:
    first, second = (load_water(DetectorOptions(weights="random")).identity for _ in range(2))
    assert first == second != detector().identity


def test_the_card_names_every_training_source_and_what_was_not_measured() -> None:
    manifest = read_manifest()
    card = card_of(manifest)
    assert manifest.training
    assert all(
        source.name in card.training_data and source.licence in card.training_data for source in manifest.training
    )
    assert any("Night was not measured" in limit for limit in card.limits)
