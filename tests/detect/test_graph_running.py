"""CUDA graphs as the CPU can test them: which batches are captured when, and what is replayed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from services.detect.detector import Tiles
from services.detect.detectors.nanodet import USUAL_SHAPES_HW
from services.detect.graph_running import Capture, DeviceRunner, GraphRunner, Tensors, gpu_runner, outputs_of
from services.detect.tiles import regions_of
from services.runtime.errors import FatalError
from tests.detect.pictures import nanodet

pytestmark = pytest.mark.torch

EIGHT = [128, 64, 32, 16, 8, 4, 2, 1]


def captured(sizes: list[int], module: nn.Module) -> Callable[[Tensor], Callable[[], Tensors]]:
    """Capture as on a GPU, where results lie at one place that each replay writes to anew."""

    def capture(place: Tensor) -> Callable[[], Tensors]:
        sizes.append(len(place))
        results = outputs_of(module, place)

        def replay() -> Tensors:
            for result, new in zip(results, outputs_of(module, place), strict=True):
                result.copy_(new)
            return results

        return replay

    return capture


class Colours(nn.Module):
    """A network whose right answer is plain: each picture's mean colours, and its pixels' sum; neither knows others."""

    def forward(self, inputs_bgr: Tensor) -> tuple[Tensor, Tensor]:
        levels = inputs_bgr.float()
        return levels.mean((1, 2)), levels.sum((1, 2, 3))


class Means(nn.Module):
    """Each picture's mean colours, as parts of 1."""

    def forward(self, inputs_bgr: Tensor) -> Tensor:
        return inputs_bgr.float().mean((1, 2)) / 255


def pictures(count: int, height: int = 64, width: int = 96) -> Tensor:
    generator = torch.Generator().manual_seed(count)
    return torch.randint(0, 256, (count, height, width, 3), dtype=torch.uint8, generator=generator)


def places(*shapes_hw: tuple[int, int], largest: int = 8) -> list[Tensor]:
    return [torch.zeros((largest, *hw, 3), dtype=torch.uint8) for hw in shapes_hw]


@pytest.mark.parametrize("count", [1, 3, 4, 9, 21])
def test_a_batch_is_filled_up_to_the_next_bucket_and_cut_at_the_largest(count: int) -> None:
    run = GraphRunner(never_run, captured([], Colours()), places((64, 96)), buckets=(1, 4, 8))
    inputs = pictures(count)
    means, sums = run(inputs)
    assert torch.allclose(means, inputs.float().mean((1, 2)))
    assert torch.allclose(sums, inputs.float().sum((1, 2, 3)))


def test_a_bucket_shows_nothing_of_the_batch_before() -> None:
    run = GraphRunner(never_run, captured([], Colours()), places((64, 96), largest=4), buckets=(4,))
    full, short = pictures(4), pictures(2)
    first = run(full)[0]
    second = run(short)[0]
    assert torch.allclose(first, full.float().mean((1, 2)))
    assert torch.allclose(second, short.float().mean((1, 2)))


def test_all_graphs_are_captured_before_the_first_batch_and_other_sizes_run_without() -> None:
    captures: list[int] = []
    without: list[torch.Size] = []

    def plain(inputs_bgr: Tensor) -> Tensors:
        without.append(inputs_bgr.shape)
        return outputs_of(Colours(), inputs_bgr)

    run = GraphRunner(plain, captured(captures, Colours()), places((32, 64), (64, 32)), buckets=(1, 2, 8))
    assert captures == [8, 2, 1, 8, 2, 1]
    for inputs in (pictures(2, 32, 64), pictures(5, 64, 32), pictures(3, 96, 32), pictures(2, 32, 64)):
        assert torch.allclose(run(inputs)[0], inputs.float().mean((1, 2)))
    assert len(captures) == 6
    assert without == [(3, 96, 32, 3)]


@pytest.mark.parametrize(("most_inputs", "buckets"), [(1, [1]), (8, [8, 4, 2, 1]), (9, [16, 8, 4, 2, 1]), (256, EIGHT)])
def test_graphs_are_captured_for_no_larger_batches_than_come(most_inputs: int, buckets: list[int]) -> None:
    captures: list[int] = []
    gpu_runner(Means(), torch.device("cpu"), [(32, 64)], most_inputs, lambda halved, _: captured(captures, halved))
    assert captures == buckets


@pytest.mark.parametrize("wrong", [1, 2, 4, 8])
@pytest.mark.parametrize("shape_hw", [(32, 64), (64, 32)])
def test_each_graph_is_checked_before_the_first_batch(wrong: int, shape_hw: tuple[int, int]) -> None:
    def capture_of(halved: nn.Module, _: torch.device) -> Capture:
        def capture(place: Tensor) -> Callable[[], Tensors]:
            replay = captured([], halved)(place)
            if place.shape[:3] != (wrong, *shape_hw):
                return replay
            return lambda: tuple(output + (torch.arange(wrong) == wrong - 1).unsqueeze(-1) for output in replay())

        return capture

    with pytest.raises(FatalError, match="DeviceRunner's output differs from that of Means"):
        gpu_runner(Means(), torch.device("cpu"), [(32, 64), (64, 32)], 8, capture_of)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("index", [0, 1])
def test_what_is_no_number_never_becomes_a_result(bad: float, index: int) -> None:
    outputs = [torch.zeros(2, 3), torch.zeros(2, 4)]
    run = DeviceRunner(lambda _: tuple(outputs), torch.device("cpu"))
    assert [output.shape for output in run(pictures(2))] == [(2, 3), (2, 4)]
    outputs[index][1, 2] = bad
    with pytest.raises(FatalError, match="no number"):
        run(pictures(2))


def test_arrays_are_brought_to_the_device_and_results_back() -> None:
    run = gpu_runner(Means(), torch.device("cpu"), [(32, 64)], 2, lambda halved, _: captured([], halved))
    inputs = pictures(2, 32, 64)
    for given in (inputs, inputs.numpy()):
        (means,) = run(given)
        assert isinstance(means, np.ndarray)
        assert means.dtype == np.float32
        assert np.allclose(means, inputs.float().mean((1, 2)) / 255, atol=1e-3)


def test_the_module_is_left_as_it_was() -> None:
    module = Means().train()
    module.register_parameter("weight", nn.Parameter(torch.ones(3)))
    gpu_runner(module, torch.device("cpu"), [(32, 64)], 1, lambda halved, _: captured([], halved))
    assert module.training
    assert next(module.parameters()).requires_grad
    assert next(module.parameters()).dtype == torch.float32


def test_two_networks_never_capture_at_the_same_time() -> None:
    meeting = Barrier(2)
    met: list[int] = []

    def capture(place: Tensor) -> Callable[[], Tensors]:
        with suppress(BrokenBarrierError):
            met.append(meeting.wait(0.5))  # who is alone waits in vain, and breaks it for all
        return lambda: outputs_of(Colours(), place)

    with ThreadPoolExecutor(2) as pool:
        runners = [pool.submit(GraphRunner, never_run, capture, places((32, 64))) for _ in range(2)]
    assert [
        torch.allclose(each.result()(pictures(8, 32, 64))[0], pictures(8, 32, 64).float().mean((1, 2)))
        for each in runners
    ] == [True, True]
    assert met == []


def never_run(inputs_bgr: Tensor) -> Tensors:
    raise AssertionError("there is a graph for this size")


@pytest.mark.parametrize("tiles", ["1x1", "2x2"])
@pytest.mark.parametrize(
    "picture_hw",
    [
        (720, 1280),
        (1080, 1920),
        (2160, 3840),
        (360, 640),
        (480, 704),
        (480, 640),
        (576, 704),
        (1024, 1280),
        (1280, 720),
    ],
)
def test_what_most_cameras_send_has_graphs(picture_hw: tuple[int, int], tiles: Tiles) -> None:
    usual_hws = {nanodet().input_hw(shape) for shape in USUAL_SHAPES_HW}
    for region in regions_of(picture_hw, tiles):
        assert nanodet().input_hw((region.bottom - region.top, region.right - region.left)) in usual_hws
