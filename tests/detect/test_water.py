from __future__ import annotations

import hashlib
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from services.detect import water
from services.detect.detector import DetectorOptions
from services.detect.models.nanodet_network import NanoDet
from services.detect.models.random_weights import seeded
from services.detect.models.water_network import (
    FEATURE_CHANNELS,
    WaterFeatures,
    WaterNetwork,
    backbone_state,
    local_spread,
)
from services.detect.resampling import resized
from services.detect.views import WATER_INPUT_HW
from services.detect.water import WEIGHTS_FOLDER, WaterDetector, card_of, load_water, read_manifest
from services.runtime.errors import ConfigurationError
from tests.detect.pictures import street_bgr, textured_bgr

LARGEST_BYTES = 5_000_000


@cache
def detector() -> WaterDetector:
    return load_water(DetectorOptions())


def pictures() -> Tensor:
    images = [street_bgr(), textured_bgr(), np.zeros((100, 300, 3), np.uint8)]
    return torch.from_numpy(np.stack([resized(image, WATER_INPUT_HW) for image in images]))


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
    before = inputs.clone()
    grids = detector().infer(inputs)
    assert grids.shape == (3, 18, 32)
    assert grids.dtype == np.uint8
    for index, grid in enumerate(grids):
        assert np.abs(detector().infer(inputs[index : index + 1])[0].astype(int) - grid).max() <= 1
    assert torch.equal(inputs, before)
    assert np.array_equal(detector().infer(inputs), grids)


def test_no_picture_gives_no_grid() -> None:
    assert detector().infer(torch.zeros((0, *WATER_INPUT_HW, 3), dtype=torch.uint8)).shape == (0, 18, 32)


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


def test_features_are_those_of_nanodets_first_stages() -> None:
    with seeded():
        nanodet = NanoDet().eval()
    features = WaterFeatures().eval()
    features.load_state_dict(backbone_state(nanodet.state_dict()))
    inputs = pictures()[:1]
    with torch.inference_mode():
        images = (inputs.permute(0, 3, 1, 2).float() - features.mean) / features.std
        _, sixteenth, _ = nanodet.backbone(images)
        found = features(inputs)
    assert found.shape == (1, FEATURE_CHANNELS, 18, 32)
    assert torch.allclose(found[:, -256:], sixteenth, atol=1e-5)


def test_the_spread_of_large_values_does_not_overflow_in_half_precision() -> None:
    fine = torch.tensor([[300.0, 304.0] * 8], dtype=torch.float16).reshape(1, 1, 4, 4)
    spread = local_spread(fine, torch.full((1, 1, 1, 1), 302.0, dtype=torch.float16))
    assert spread.dtype == torch.float16
    assert spread.item() == pytest.approx(2, abs=0.01)


def test_the_network_gives_a_probability_a_cell_of_sixteen_px() -> None:
    with seeded(), torch.inference_mode():
        ratio = WaterNetwork().eval()(torch.zeros((2, 96, 64, 3), dtype=torch.uint8))
    assert ratio.shape == (2, 6, 4)
    assert 0 <= ratio.min() <= ratio.max() <= 1
