from __future__ import annotations

import hashlib
import math
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.detect.detectors.nanodet import nanodet_network
from services.detect.models.nanodet_layout import nanodet_kernel_shapes
from services.detect.models.openvino_layers import Node, axes, scalar
from services.detect.models.random_weights import random_state
from services.detect.networks import CHECKED_HWS, EXAMPLE_HW, InputsBgr, Outputs, example_bgr, is_gpu
from services.detect.openvino_package import opset
from services.detect.openvino_running import OpenVinoRunner, Stage
from services.detect.output_check import largest_error, outputs_of_examples, require_close
from services.detect.running import (
    FiniteRunner,
    WatchedRunner,
    cpu_gains_by_bfloat16,
    cpu_runner,
    make_runner,
)
from services.runtime.errors import ConfigurationError, FatalError
from tests.detect.small_networks import (
    build_colours,
    colours,
    colours_network,
    network_of,
    one_output,
    pictures,
    small_differences,
    small_differences_network,
)

needs_bfloat16 = pytest.mark.skipif(
    "avx512_bf16" not in Path("/proc/cpuinfo").read_text(), reason="this CPU has no bfloat16"
)
COLOURS = outputs_of_examples(colours, CHECKED_HWS)


def mean_colours(levels: Node) -> Node:
    return opset.reduce_mean(levels, axes(1, 2), keep_dims=False)


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
    inputs, network = pictures(3), small_differences_network()
    assert not isinstance(cpu_runner(network, 1, in_bfloat16=True), WatchedRunner)
    assert np.allclose(make_runner(network, "cpu")(inputs)[0], small_differences(inputs)[0], rtol=1e-4, atol=1e-3)


@needs_bfloat16
def test_of_weights_that_nobody_knows_bfloat16_is_held_against_single_precision() -> None:
    network = network_of(
        small_differences_network().build_model, expected=None, stages=small_differences_network().build_stages
    )
    assert not isinstance(cpu_runner(network, 1, in_bfloat16=True), WatchedRunner)
    random = nanodet_network(random_state(nanodet_kernel_shapes()), expected=None)
    assert isinstance(cpu_runner(random, 1, in_bfloat16=True), WatchedRunner)


def test_after_an_output_that_is_no_number_all_is_computed_exactly() -> None:
    batches: list[int] = []
    bad = [False, True, False]

    def fast(inputs_bgr: InputsBgr) -> Outputs:
        batches.append(len(inputs_bgr))
        ones = np.full(len(inputs_bgr), np.nan if bad.pop(0) else 1.0, np.float32)
        return ones, np.zeros(len(inputs_bgr), np.float32)

    def exact(inputs_bgr: InputsBgr) -> Outputs:
        return np.full(len(inputs_bgr), 2.0, np.float32), np.zeros(len(inputs_bgr), np.float32)

    run = WatchedRunner(fast, exact)
    assert [float(run(pictures(count))[0][-1]) for count in (1, 2, 3)] == [1.0, 2.0, 2.0]
    assert batches == [1, 2]


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 2, 3, 8, 13])
def test_parts_that_run_side_by_side_come_back_in_order(threads: int, count: int) -> None:
    inputs = pictures(count)
    means, sums = OpenVinoRunner([Stage(build_colours(), coarse=False)], threads)(inputs)
    assert np.allclose(means, colours(inputs)[0], atol=1e-3)
    assert np.allclose(sums, colours(inputs)[1], rtol=1e-5)


def test_one_runner_takes_inputs_of_any_size_and_any_layout() -> None:
    run = make_runner(colours_network(), "cpu")
    for inputs in (pictures(2, 32, 64), pictures(3, 64, 32), pictures(4)[::2], pictures(2)[:, ::-1]):
        assert np.allclose(run(inputs)[0], colours(inputs)[0], atol=1e-3)


def test_results_outlive_the_next_batch() -> None:
    run = make_runner(colours_network(), "cpu")
    first = run(pictures(2))[0]
    kept = first.copy()
    run(pictures(2)[::-1])
    assert np.array_equal(first, kept)


def test_a_graph_that_computes_something_else_than_expected_is_refused() -> None:
    def other() -> Any:
        return one_output(lambda levels: opset.multiply(mean_colours(levels), scalar(1.1)))

    expected = {size_hw: outputs[:1] for size_hw, outputs in COLOURS.items()}
    make_runner(network_of(lambda: one_output(mean_colours), expected), "cpu")
    with pytest.raises(FatalError, match="a small network in torch by"):
        make_runner(network_of(other, expected), "cpu")


def test_a_size_that_stayed_in_the_graph_is_refused() -> None:
    def baked_in() -> Any:
        pixels = scalar(math.prod(EXAMPLE_HW))
        return one_output(lambda levels: opset.divide(opset.reduce_sum(levels, axes(1, 2), keep_dims=False), pixels))

    expected = {size_hw: outputs[:1] for size_hw, outputs in COLOURS.items()}
    make_runner(network_of(baked_in, {EXAMPLE_HW: expected[EXAMPLE_HW]}), "cpu")
    with pytest.raises(FatalError, match="a small network"):
        make_runner(network_of(baked_in, expected), "cpu")


@pytest.mark.parametrize("bad", [0, 1])
def test_what_is_no_number_passes_no_check_whichever_output_it_is_in(bad: int) -> None:
    def run(inputs_bgr: InputsBgr) -> Outputs:
        outputs = list(colours(inputs_bgr))
        outputs[bad] = outputs[bad] * np.float32("nan")
        return tuple(outputs)

    assert np.isnan(largest_error(run, COLOURS))
    with pytest.raises(FatalError, match="the colours"):
        require_close(run, COLOURS, 1.0, "the colours")


def test_a_runner_is_refused_beyond_what_its_precision_allows() -> None:
    def run(inputs_bgr: InputsBgr) -> Outputs:
        means, sums = colours(inputs_bgr)
        return means, sums * np.float32(1.01)

    require_close(run, COLOURS, 0.011, "the colours")
    with pytest.raises(FatalError, match="the colours"):
        require_close(run, COLOURS, 0.009, "the colours")


def test_outputs_of_another_shape_are_refused() -> None:
    def run(inputs_bgr: InputsBgr) -> Outputs:
        means, sums = colours(inputs_bgr)
        return means[:, :2], sums

    assert largest_error(run, COLOURS) == float("inf")


def test_all_sizes_that_are_asked_for_are_checked() -> None:
    def run(inputs_bgr: InputsBgr) -> Outputs:
        inputs = np.asarray(inputs_bgr)
        return colours(inputs if inputs.shape[1] == 64 else inputs // 2)

    require_close(run, outputs_of_examples(colours, [(64, 96), (64, 32)]), 1e-3, "the colours")
    with pytest.raises(FatalError, match="the colours"):
        require_close(run, outputs_of_examples(colours, [(64, 96), (32, 64)]), 1e-3, "the colours")


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("index", [0, 1])
def test_what_is_no_number_never_becomes_a_result(bad: float, index: int) -> None:
    outputs = [np.zeros((2, 3), np.float32), np.zeros((2, 4), np.float32)]
    run = FiniteRunner(lambda _: tuple(outputs))
    assert run(pictures(2))[0] is outputs[0]
    outputs[index][1, 2] = bad
    with pytest.raises(FatalError, match="no number"):
        run(pictures(2))


def test_a_network_that_gives_no_number_on_some_picture_ends_the_process() -> None:
    """Minus infinity of a black picture."""

    def logarithms() -> Any:
        return one_output(lambda levels: opset.log(mean_colours(levels)))

    run = make_runner(network_of(logarithms, expected=None), "cpu")
    assert np.isfinite(run(np.maximum(pictures(2), 1))[0]).all()
    with pytest.raises(FatalError, match="no number"):
        run(np.zeros((2, 64, 96, 3), np.uint8))


def test_the_examples_are_what_they_were_when_the_expected_outputs_were_written() -> None:
    examples = example_bgr(3, EXAMPLE_HW)
    assert examples.shape == (3, *EXAMPLE_HW, 3)
    assert examples.dtype == np.uint8
    assert hashlib.sha256(examples.tobytes()).hexdigest()[:16] == "b5fd8bfed5c5cb46"
    assert examples.min() < 5
    assert examples.max() > 250
    assert int(np.abs(np.diff(examples.astype(int), axis=2)).max()) <= 16


@pytest.mark.parametrize(("device", "gpu"), [("cpu", False), ("cuda", True), ("cuda:1", True)])
def test_devices_are_told_apart(device: str, gpu: bool) -> None:
    assert is_gpu(device) is gpu


@pytest.mark.parametrize("device", ["", "gpu", "cuda:x", "mps"])
def test_an_unknown_device_is_refused_and_the_known_ones_are_listed(device: str) -> None:
    with pytest.raises(ConfigurationError, match="there are cpu, cuda and cuda:1"):
        is_gpu(device)


def test_openvino_has_nobody_to_report_to() -> None:
    from openvino.tools.ovc import telemetry_utils

    assert telemetry_utils.tm.__name__.endswith("telemetry_stub")
    with pytest.raises(ImportError):
        import_module("openvino_telemetry")
