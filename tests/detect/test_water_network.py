"""The water network as a torch module, and OpenVINO's graph held against it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from services.detect.models.nanodet_layout import nanodet_kernel_shapes
from services.detect.models.nanodet_network import NanoDet, as_tensors
from services.detect.models.random_weights import random_state
from services.detect.models.store import read_weights
from services.detect.models.water_graph import build_water, build_water_features
from services.detect.models.water_layout import FEATURE_CHANNELS, backbone_state, random_water_state
from services.detect.models.water_network import WaterFeatures, WaterNetwork, load_water_network, local_spread
from services.detect.openvino_running import OpenVinoRunner, Stage
from services.detect.water import NAME, WEIGHTS_FOLDER
from tests.detect.test_water import pictures

pytestmark = pytest.mark.torch


def test_features_are_those_of_nanodets_first_stages() -> None:
    state = as_tensors(random_state(nanodet_kernel_shapes()))
    nanodet, features = NanoDet().eval(), WaterFeatures().eval()
    nanodet.load_state_dict(state)
    features.load_state_dict(backbone_state(state))
    inputs = torch.from_numpy(pictures()[:1])
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
    network = load_water_network(random_water_state())
    with torch.inference_mode():
        ratio = network(torch.zeros((2, 96, 64, 3), dtype=torch.uint8))
    assert ratio.shape == (2, 6, 4)
    assert 0 <= ratio.min() <= ratio.max() <= 1


def test_the_layout_names_the_weights_of_the_module() -> None:
    module = {name: tuple(value.shape) for name, value in WaterNetwork().state_dict().items()}
    assert {name: array.shape for name, array in random_water_state().items()} == module


def test_the_graph_gives_what_the_module_gives() -> None:
    state, _ = read_weights(WEIGHTS_FOLDER, NAME)
    inputs = pictures()
    (ratio,) = OpenVinoRunner([Stage(build_water(state), coarse=False)], threads=1)(inputs)
    with torch.inference_mode():
        own = load_water_network(state)(torch.from_numpy(inputs)).numpy()
    assert own.max() > 0.3
    assert np.abs(ratio - own).max() < 1e-4


def test_the_graph_of_the_features_gives_what_the_module_gives() -> None:
    state = backbone_state(random_state(nanodet_kernel_shapes()))
    features = WaterFeatures().eval()
    features.load_state_dict(as_tensors(state))
    (found,) = OpenVinoRunner([Stage(build_water_features(state), coarse=False)], threads=1)(pictures())
    with torch.inference_mode():
        own = features(torch.from_numpy(pictures())).numpy()
    assert np.abs(found - own).max() < 1e-4 * max(1.0, np.abs(own).max())
