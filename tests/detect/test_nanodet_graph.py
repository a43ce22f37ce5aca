"""NanoDet-g as OpenVINO's graph, held against the torch module on real frames; what is expected at each start, too."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from services.detect.accuracy.labelled_footage import pets_clip
from services.detect.decode import JpegLimits, decode, read_size
from services.detect.detectors.nanodet import nanodet_network, objects_of
from services.detect.footage import Footage
from services.detect.letterbox import letterbox
from services.detect.models.expected_outputs import SHIPPED, read_expected
from services.detect.models.fetch import NAME
from services.detect.models.nanodet_layout import nanodet_kernel_shapes
from services.detect.models.nanodet_network import NanoDet, NanoDetOnPictures, as_tensors, load_nanodet
from services.detect.models.openvino_layers import State
from services.detect.models.store import read_weights
from services.detect.models.write_expected import compute_expected, published_modules
from services.detect.networks import Network, Outputs
from services.detect.openvino_package import openvino
from services.detect.openvino_running import OpenVinoRunner, Stage
from services.detect.running import WatchedRunner, cpu_runner
from services.runtime.errors import ConfigurationError
from tests.detect.pictures import street_bgr
from tests.detect.test_models import MODELS
from tests.detect.test_running import needs_bfloat16

pytestmark = pytest.mark.torch

AGREED_SCORE, AGREED_PX = 0.01, 1.0
SEEN = 0.05
"""Least score of what a detector gives out."""


@pytest.fixture(scope="module")
def state() -> State:
    return read_weights(MODELS, NAME)[0]


@pytest.fixture(scope="module")
def module(state: State) -> NanoDetOnPictures:
    return load_nanodet(state)


@pytest.fixture(scope="module")
def network(state: State) -> Network:
    return nanodet_network(state, read_expected(SHIPPED, NAME, read_weights(MODELS, NAME)[1]))


@pytest.fixture(scope="module")
def real_inputs() -> NDArray[np.uint8]:
    """Nine moments of the PETS09 clip, and the drawn street, as inputs of 256 x 416 px."""
    try:
        frames = list(Footage(pets_clip(), camera_id="pets", every=90).frames())
    except ConfigurationError as error:
        pytest.skip(str(error))
    images = [decode(frame.jpeg, read_size(frame.jpeg, JpegLimits())).image_bgr for frame in frames]
    return np.stack([letterbox(image, (256, 416))[0] for image in [*images, street_bgr()]])


def by_torch(module: nn.Module, inputs_bgr: NDArray[np.uint8]) -> Outputs:
    with torch.inference_mode():
        scores, distances = module(torch.from_numpy(inputs_bgr))
    return scores.numpy(), distances.numpy()


@pytest.mark.parametrize("threads", [1, 2])
def test_on_a_cpu_scores_and_boxes_are_those_of_torch(
    threads: int, network: Network, module: NanoDetOnPictures, real_inputs: NDArray[np.uint8]
) -> None:
    scores, distances = cpu_runner(network, threads, in_bfloat16=False)(real_inputs)
    own_scores, own_distances = by_torch(module, real_inputs)
    assert own_scores.max() > 0.5
    assert np.abs(scores - own_scores).max() < AGREED_SCORE / 100
    assert np.abs(distances - own_distances).max() < AGREED_PX / 100


@pytest.mark.filterwarnings("ignore::FutureWarning")  # torch.jit is to go
def test_the_graph_gives_what_openvinos_own_reader_makes_of_the_module_to_the_bit(
    network: Network, module: NanoDetOnPictures, real_inputs: NDArray[np.uint8]
) -> None:
    example = torch.from_numpy(real_inputs[:1])
    traced = torch.jit.trace(module, example, check_trace=False)  # type: ignore[no-untyped-call]
    read = openvino.convert_model(traced, input=[openvino.PartialShape([-1, -1, -1, 3])])
    own, theirs = (
        OpenVinoRunner([Stage(model, coarse=False)], threads=1)(real_inputs) for model in (network.build_model(), read)
    )
    assert all(map(np.array_equal, own, theirs))


@needs_bfloat16
@pytest.mark.parametrize("count", [1, 2, 10])
def test_in_bfloat16_scores_and_boxes_of_what_is_seen_are_those_of_torch_by_a_margin(
    count: int, network: Network, module: NanoDetOnPictures, real_inputs: NDArray[np.uint8]
) -> None:
    inputs = real_inputs[:count]
    run = cpu_runner(network, 2, in_bfloat16=True)
    assert isinstance(run, WatchedRunner)
    scores, distances = run(inputs)
    own_scores, own_distances = by_torch(module, inputs)
    seen = own_scores >= SEEN
    assert seen.any()
    assert 0 < np.abs(scores - own_scores)[seen].max() < 0.8 * AGREED_SCORE
    assert np.abs(distances - own_distances)[seen.any(-1)].max() < 0.8 * AGREED_PX


@needs_bfloat16
def test_in_bfloat16_an_input_alone_gives_what_it_gives_in_a_batch(
    network: Network, real_inputs: NDArray[np.uint8]
) -> None:
    run = cpu_runner(network, 2, in_bfloat16=True)
    together = run(real_inputs)
    for index in range(len(real_inputs)):
        for one, many in zip(run(real_inputs[index : index + 1]), together, strict=True):
            assert np.array_equal(one[0], many[index])


def test_on_a_cpu_the_same_objects_are_found_as_by_torch(
    network: Network, module: NanoDetOnPictures, real_inputs: NDArray[np.uint8]
) -> None:
    size_hw, floor = (256, 416), 0.05
    own_scores, own_distances = by_torch(module, real_inputs)
    scores, distances = cpu_runner(network, 1, in_bfloat16=False)(real_inputs)
    own = objects_of(own_scores, own_distances, size_hw, floor)
    theirs = objects_of(scores, distances, size_hw, floor)
    assert sum(len(objects) for objects in own) > 50
    for some, others in zip(own, theirs, strict=True):
        assert np.array_equal(some.classes, others.classes)
        assert np.abs(some.scores - others.scores).max() < AGREED_SCORE
        assert np.abs(some.boxes_xyxy_px - others.boxes_xyxy_px).max() < AGREED_PX


def test_asking_six_classes_gives_what_the_whole_network_says_of_them(
    state: State, module: NanoDetOnPictures, real_inputs: NDArray[np.uint8]
) -> None:
    whole = NanoDet().eval()
    whole.load_state_dict(as_tensors(state))
    mean, std = module.fine.get_buffer("mean"), module.fine.get_buffer("std")
    with torch.inference_mode():
        images = (torch.from_numpy(real_inputs[:2]).permute(0, 3, 1, 2).float() - mean) / std
        all_scores = whole(images)[0].numpy()
    scores, _ = by_torch(module, real_inputs[:2])
    person, truck = 0, 7
    assert np.allclose(scores[..., 0], all_scores[..., person], atol=1e-5)
    assert np.allclose(scores[..., 5], all_scores[..., truck], atol=1e-5)


def test_the_layout_names_the_modules_convolutions_in_order() -> None:
    convolutions = [(name, part) for name, part in NanoDet().named_modules() if isinstance(part, nn.Conv2d)]
    assert list(nanodet_kernel_shapes().items()) == [(name, tuple(part.weight.shape)) for name, part in convolutions]


def test_what_is_expected_at_each_start_is_what_the_modules_give() -> None:
    """The files are of another CPU perhaps, whose sums differ by rounding."""
    names = []
    for name, module, sha256 in published_modules():
        names.append(name)
        expected = read_expected(SHIPPED, name, sha256)
        for size_hw, outputs in compute_expected(module).items():
            for own, stored in zip(outputs, expected[size_hw], strict=True):
                assert np.abs(own - stored).max() <= 1e-4 * max(1.0, np.abs(own).max()), (
                    "write them again: python -m services.detect.models.write_expected"
                )
    assert names == [NAME, "water"]
