"""CUDA graphs as the CPU can test them: which batches are captured when, and what is replayed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest
import torch
from torch import Tensor, nn

from services.detect.detector import Tiles
from services.detect.detectors.nanodet import USUAL_SHAPES_HW
from services.detect.modules import Outputs, outputs_of
from services.detect.running import Capture, GraphRunner, gpu_runner
from services.detect.tiles import regions_of
from services.runtime.errors import FatalError
from tests.detect.pictures import nanodet
from tests.detect.test_running import Colours, pictures

EIGHT = [128, 64, 32, 16, 8, 4, 2, 1]


def captured(sizes: list[int], module: nn.Module) -> Callable[[Tensor], Callable[[], Outputs]]:
    """Capture as on a GPU, where results lie at one place that each replay writes to anew."""

    def capture(place: Tensor) -> Callable[[], Outputs]:
        sizes.append(len(place))
        results = outputs_of(module, place)

        def replay() -> Outputs:
            for result, new in zip(results, outputs_of(module, place), strict=True):
                result.copy_(new)
            return results

        return replay

    return capture


class Means(nn.Module):
    """Each picture's mean colours, as parts of 1."""

    def forward(self, inputs_bgr: Tensor) -> Tensor:
        return inputs_bgr.float().mean((1, 2)) / 255


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

    def plain(inputs_bgr: Tensor) -> Outputs:
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
    gpu_runner(Colours(), torch.device("cpu"), [(32, 64)], most_inputs, lambda halved, _: captured(captures, halved))
    assert captures == buckets


@pytest.mark.parametrize("wrong", [1, 2, 4, 8])
@pytest.mark.parametrize("shape_hw", [(32, 64), (64, 32)])
def test_each_graph_is_checked_before_the_first_batch(wrong: int, shape_hw: tuple[int, int]) -> None:
    def capture_of(halved: nn.Module, _: torch.device) -> Capture:
        def capture(place: Tensor) -> Callable[[], Outputs]:
            replay = captured([], halved)(place)
            if place.shape[:3] != (wrong, *shape_hw):
                return replay
            return lambda: tuple(output + (torch.arange(wrong) == wrong - 1).unsqueeze(-1) for output in replay())

        return capture

    with pytest.raises(FatalError, match="GraphRunner"):
        gpu_runner(Means(), torch.device("cpu"), [(32, 64), (64, 32)], 8, capture_of)


def test_two_networks_never_capture_at_the_same_time() -> None:
    meeting = Barrier(2)
    met: list[int] = []

    def capture(place: Tensor) -> Callable[[], Outputs]:
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


def never_run(inputs_bgr: Tensor) -> Outputs:
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
