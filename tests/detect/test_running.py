from __future__ import annotations

import math
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from services.detect.accuracy.labelled_footage import pets_clip
from services.detect.decode import JpegLimits, decode, read_size
from services.detect.detectors.nanodet import WEIGHTS_NAME, NanoDetOnPictures, objects_of
from services.detect.footage import Footage
from services.detect.letterbox import letterbox
from services.detect.models.nanodet_network import NanoDet
from services.detect.models.store import read_weights
from services.detect.modules import EXAMPLE_HW, Outputs, Stage, StagedModule, outputs_of
from services.detect.openvino_running import OpenVinoRunner
from services.detect.running import (
    FiniteRunner,
    WatchedRunner,
    checked,
    cpu_gains_by_bfloat16,
    cpu_runner,
    largest_error,
    make_runner,
)
from services.runtime.errors import ConfigurationError, FatalError
from tests.detect.pictures import street_bgr
from tests.detect.test_nanodet_network import MODELS

CPU = torch.device("cpu")
AGREED_SCORE, AGREED_PX = 0.01, 1.0
SEEN = 0.05
"""Least score of what a detector gives out."""
needs_bfloat16 = pytest.mark.skipif(
    "avx512_bf16" not in Path("/proc/cpuinfo").read_text(), reason="this CPU has no bfloat16"
)


class Colours(nn.Module):
    """A network whose right answer is plain: each picture's mean colours, and its pixels' sum; neither knows others."""

    def forward(self, inputs_bgr: Tensor) -> tuple[Tensor, Tensor]:
        levels = inputs_bgr.float()
        return levels.mean((1, 2)), levels.sum((1, 2, 3))


class Maps(nn.Module):
    """Pictures as three maps."""

    def forward(self, inputs_bgr: Tensor) -> Tensor:
        return inputs_bgr.float().permute(0, 3, 1, 2)


class SmallDifferences(nn.Module):
    """A network that bfloat16 can't compute: of large numbers, which it holds to within a few, small differences."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1, bias=False)
        nn.init.constant_(self.conv.weight, 1.0)

    def forward(self, maps: Tensor) -> Tensor:
        sums: Tensor = self.conv(maps + 1000)
        return sums - 3000


class OtherWhenTraced(nn.Module):
    """A network of which the tracing, its first run, gets something else than what it computes from then on."""

    def __init__(self) -> None:
        super().__init__()
        self.runs = 0

    def forward(self, inputs_bgr: Tensor) -> Tensor:
        self.runs += 1
        levels: Tensor = inputs_bgr.float().mean((1, 2)) * (1.1 if self.runs == 1 else 1.0)
        return levels


class Logarithms(nn.Module):
    """A network that gives minus infinity of a black picture."""

    def forward(self, inputs_bgr: Tensor) -> Tensor:
        return inputs_bgr.float().mean((1, 2)).log()


class BakedIn(nn.Module):
    """A network of which the tracing, its first run, keeps the size of the pictures as a constant."""

    def __init__(self) -> None:
        super().__init__()
        self.runs = 0

    def forward(self, inputs_bgr: Tensor) -> Tensor:
        self.runs += 1
        levels = inputs_bgr.float()
        means: Tensor = levels.sum((1, 2)) / math.prod(EXAMPLE_HW) if self.runs == 1 else levels.mean((1, 2))
        return means


def pictures(count: int, height: int = 64, width: int = 96) -> Tensor:
    generator = torch.Generator().manual_seed(count)
    return torch.randint(0, 256, (count, height, width, 3), dtype=torch.uint8, generator=generator)


@pytest.fixture(scope="module")
def nanodet_on_pictures() -> NanoDetOnPictures:
    network = NanoDet()
    network.load_state_dict(read_weights(MODELS, WEIGHTS_NAME)[0])
    return NanoDetOnPictures(network).eval()


@pytest.fixture(scope="module")
def real_inputs() -> Tensor:
    """Nine moments of the PETS09 clip, and the drawn street, as inputs of 256 x 416 px."""
    try:
        frames = list(Footage(pets_clip(), camera_id="pets", every=90).frames())
    except ConfigurationError as error:
        pytest.skip(str(error))
    images = [decode(frame.jpeg, read_size(frame.jpeg, JpegLimits())).image_bgr for frame in frames]
    return torch.from_numpy(np.stack([letterbox(image, (256, 416))[0] for image in [*images, street_bgr()]]))


@pytest.mark.parametrize("threads", [1, 2])
def test_on_a_cpu_scores_and_boxes_are_those_of_torch(
    threads: int, nanodet_on_pictures: NanoDetOnPictures, real_inputs: Tensor
) -> None:
    scores, distances = cpu_runner(nanodet_on_pictures, threads, in_bfloat16=False)(real_inputs)
    with torch.inference_mode():
        own_scores, own_distances = nanodet_on_pictures(real_inputs)
    assert float(own_scores.max()) > 0.5
    assert float((scores - own_scores).abs().max()) < AGREED_SCORE / 100
    assert float((distances - own_distances).abs().max()) < AGREED_PX / 100


@needs_bfloat16
@pytest.mark.parametrize("count", [1, 2, 10])
def test_in_bfloat16_scores_and_boxes_of_what_is_seen_are_those_of_torch_by_a_margin(
    count: int, nanodet_on_pictures: NanoDetOnPictures, real_inputs: Tensor
) -> None:
    inputs = real_inputs[:count]
    run = cpu_runner(nanodet_on_pictures, 2, in_bfloat16=True)
    assert isinstance(run, WatchedRunner)
    scores, distances = run(inputs)
    with torch.inference_mode():
        own_scores, own_distances = nanodet_on_pictures(inputs)
    seen = own_scores >= SEEN
    assert seen.any()
    assert 0 < float((scores - own_scores).abs()[seen].max()) < 0.8 * AGREED_SCORE
    assert float((distances - own_distances).abs()[seen.any(-1)].max()) < 0.8 * AGREED_PX


@needs_bfloat16
def test_in_bfloat16_an_input_alone_gives_what_it_gives_in_a_batch(
    nanodet_on_pictures: NanoDetOnPictures, real_inputs: Tensor
) -> None:
    run = cpu_runner(nanodet_on_pictures, 2, in_bfloat16=True)
    together = run(real_inputs)
    for index in range(len(real_inputs)):
        for one, many in zip(run(real_inputs[index : index + 1]), together, strict=True):
            assert torch.equal(one[0], many[index])


@pytest.mark.parametrize(
    ("cpu", "gains"),
    [
        ("vendor_id : AuthenticAMD\nflags : avx512f avx512_bf16", True),
        ("vendor_id : AuthenticAMD\nflags : avx512f", False),
        ("vendor_id : GenuineIntel\nflags : avx512f avx512_bf16 amx_bf16 amx_tile", True),
        ("vendor_id : GenuineIntel\nflags : avx512f avx512_bf16", False),
    ],
)
def test_bfloat16_is_used_where_it_was_measured_to_be_faster(tmp_path: Path, cpu: str, gains: bool) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(cpu)
    assert cpu_gains_by_bfloat16(cpuinfo) is gains


@needs_bfloat16
def test_what_bfloat16_changes_too_much_stays_in_single_precision() -> None:
    inputs = pictures(3)
    module = StagedModule(Maps(), SmallDifferences()).eval()
    assert not isinstance(cpu_runner(module, 1, in_bfloat16=True), WatchedRunner)
    assert torch.allclose(make_runner(module, CPU)(inputs)[0], module(inputs), rtol=1e-4, atol=1e-3)


def test_after_an_output_that_is_no_number_all_is_computed_exactly() -> None:
    batches: list[int] = []
    bad = [False, True, False]

    def fast(inputs_bgr: Tensor) -> Outputs:
        batches.append(len(inputs_bgr))
        return (torch.full((len(inputs_bgr),), float("nan") if bad.pop(0) else 1.0), torch.zeros(len(inputs_bgr)))

    def exact(inputs_bgr: Tensor) -> Outputs:
        return (torch.full((len(inputs_bgr),), 2.0), torch.zeros(len(inputs_bgr)))

    run = WatchedRunner(fast, exact)
    assert [float(run(pictures(count))[0][-1]) for count in (1, 2, 3)] == [1.0, 2.0, 2.0]
    assert batches == [1, 2]


def test_on_a_cpu_the_same_objects_are_found_as_by_torch(
    nanodet_on_pictures: NanoDetOnPictures, real_inputs: Tensor
) -> None:
    size_hw, floor = (256, 416), 0.05
    with torch.inference_mode():
        own_scores, own_distances = nanodet_on_pictures(real_inputs)
    scores, distances = cpu_runner(nanodet_on_pictures, 1, in_bfloat16=False)(real_inputs)
    own = objects_of(own_scores.numpy(), own_distances.numpy(), size_hw, floor)
    theirs = objects_of(scores.numpy(), distances.numpy(), size_hw, floor)
    assert sum(len(objects) for objects in own) > 50
    for some, others in zip(own, theirs, strict=True):
        assert np.array_equal(some.classes, others.classes)
        assert np.abs(some.scores - others.scores).max() < AGREED_SCORE
        assert np.abs(some.boxes_xyxy_px - others.boxes_xyxy_px).max() < AGREED_PX


def test_asking_six_classes_gives_what_the_whole_network_says_of_them(
    nanodet_on_pictures: NanoDetOnPictures, real_inputs: Tensor
) -> None:
    network = NanoDet().eval()
    network.load_state_dict(read_weights(MODELS, WEIGHTS_NAME)[0])
    part = nanodet_on_pictures
    mean, std = part.fine.get_buffer("mean"), part.fine.get_buffer("std")
    with torch.inference_mode():
        images = (real_inputs[:2].permute(0, 3, 1, 2).float() - mean) / std
        all_scores, _ = network(images)
        scores, _ = part(real_inputs[:2])
    person, truck = 0, 7
    assert torch.allclose(scores[..., 0], all_scores[..., person], atol=1e-5)
    assert torch.allclose(scores[..., 5], all_scores[..., truck], atol=1e-5)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 2, 3, 8, 13])
def test_parts_that_run_side_by_side_come_back_in_order(threads: int, count: int) -> None:
    inputs = pictures(count)
    means, sums = OpenVinoRunner([Stage(Colours(), coarse=False)], threads)(inputs)
    assert torch.allclose(means, inputs.float().mean((1, 2)), atol=1e-3)
    assert torch.allclose(sums, inputs.double().sum((1, 2, 3)).float(), rtol=1e-5)


def test_one_runner_takes_inputs_of_any_size_and_any_layout() -> None:
    run = make_runner(Colours(), CPU)
    for inputs in (pictures(2, 32, 64), pictures(3, 64, 32), pictures(4)[::2], pictures(2).flip(1)):
        assert torch.allclose(run(inputs)[0], inputs.float().mean((1, 2)), atol=1e-3)


def test_results_outlive_the_next_batch() -> None:
    run = make_runner(Colours(), CPU)
    first = run(pictures(2))[0]
    kept = first.clone()
    run(pictures(2).flip(0))
    assert torch.equal(first, kept)


def test_a_backend_that_computes_something_else_is_refused() -> None:
    with pytest.raises(FatalError, match="OtherWhenTraced"):
        make_runner(OtherWhenTraced(), CPU)


def test_a_size_that_stayed_in_the_graph_is_refused() -> None:
    with pytest.raises(FatalError, match="BakedIn"):
        make_runner(BakedIn(), CPU)


@pytest.mark.parametrize("bad", [0, 1])
def test_what_is_no_number_passes_no_check_whichever_output_it_is_in(bad: int) -> None:
    def run(inputs_bgr: Tensor) -> Outputs:
        outputs = list(Colours()(inputs_bgr))
        outputs[bad] = outputs[bad] * float("nan")
        return tuple(outputs)

    assert np.isnan(largest_error(run, Colours()))
    with pytest.raises(FatalError, match="Colours"):
        checked(run, Colours(), most=1.0)


def test_a_runner_is_refused_beyond_what_its_precision_allows() -> None:
    def run(inputs_bgr: Tensor) -> Outputs:
        means, sums = Colours()(inputs_bgr)
        return means, sums * 1.01

    assert checked(run, Colours(), most=0.011) is run
    with pytest.raises(FatalError, match="Colours"):
        checked(run, Colours(), most=0.009)


def test_all_sizes_that_are_asked_for_are_checked() -> None:
    def run(inputs_bgr: Tensor) -> Outputs:
        return outputs_of(Colours(), inputs_bgr if inputs_bgr.shape[1] == 64 else inputs_bgr // 2)

    checked(run, Colours(), 1e-3, CPU, [(64, 96), (64, 32)])
    with pytest.raises(FatalError, match="Colours"):
        checked(run, Colours(), 1e-3, CPU, [(64, 96), (32, 64)])


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("index", [0, 1])
def test_what_is_no_number_never_becomes_a_result(bad: float, index: int) -> None:
    outputs = [torch.zeros(2, 3), torch.zeros(2, 4)]
    run = FiniteRunner(lambda _: tuple(outputs))
    assert run(pictures(2))[0] is outputs[0]
    outputs[index][1, 2] = bad
    with pytest.raises(FatalError, match="no number"):
        run(pictures(2))


def test_a_network_that_gives_no_number_on_some_picture_ends_the_process() -> None:
    run = make_runner(Logarithms(), CPU)
    assert torch.isfinite(run(pictures(2) | 1)[0]).all()
    with pytest.raises(FatalError, match="no number"):
        run(torch.zeros((2, 64, 96, 3), dtype=torch.uint8))


def test_the_module_is_left_as_it_was() -> None:
    module = nn.Sequential(Colours(), nn.Identity()).train()
    module.register_parameter("weight", nn.Parameter(torch.ones(3)))
    make_runner(module, CPU)
    assert module.training
    assert next(module.parameters()).requires_grad


def test_openvino_has_nobody_to_report_to() -> None:
    from openvino.tools.ovc import telemetry_utils

    assert telemetry_utils.tm.__name__.endswith("telemetry_stub")
    with pytest.raises(ImportError):
        import_module("openvino_telemetry")
