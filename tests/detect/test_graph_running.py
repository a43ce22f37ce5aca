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
from services.detect.running import GraphRunner
from services.detect.tiles import regions_of
from tests.detect.pictures import nanodet
from tests.detect.test_running import Colours, pictures


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
