"""What is compiled for one size of input: when, and that it makes no difference but to time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from structlog.testing import capture_logs

from services.detect import openvino_running
from services.detect.models.openvino_layers import axes, build_model, image_input, per_channel, scalar
from services.detect.networks import Outputs
from services.detect.openvino_package import opset
from services.detect.openvino_running import MOST_SHAPES, PART_INPUTS, WORTH_COMPILING, OpenVinoRunner, Stage
from tests.detect.small_networks import pictures

COMPILED = "detect.size_compiled"


def runner_of_edges(seed: int = 1) -> OpenVinoRunner:
    """A network of a convolution and of sums, as all here are."""
    chance = np.random.default_rng(seed)
    inputs = image_input()
    planes = opset.transpose(opset.convert(inputs, np.float32), opset.constant([0, 3, 1, 2], np.int64))
    kernel = opset.constant(chance.uniform(-0.2, 0.2, (4, 3, 3, 3)).astype(np.float32))
    convolved = opset.convolution(opset.divide(planes, scalar(255)), kernel, [1, 1], [1, 1], [1, 1], [1, 1])
    maps = opset.relu(opset.add(convolved, per_channel(chance.uniform(-0.2, 0.2, 4).astype(np.float32))))
    means = opset.reduce_mean(maps, axes(2, 3), keep_dims=False)
    model = build_model(inputs, [means, opset.reduce_max(maps, axes(1, 2, 3), keep_dims=False)])
    return OpenVinoRunner([Stage(model, coarse=False)], threads=2)


def are_equal(some: Outputs, others: Outputs) -> bool:
    return all(map(np.array_equal, some, others))


def logged_by(run: OpenVinoRunner, inputs: NDArray[np.uint8], parts: int) -> list[dict[str, Any]]:
    """Give what compiling logs while so many parts of the inputs' size come, and until it is done."""
    with capture_logs() as logs:
        run(np.concatenate([inputs] * parts))
        run.finish_compiling()
    return [dict(line) for line in logs if line["event"].startswith("detect.size_")]


def test_a_size_of_which_many_come_is_compiled_and_gives_the_same_to_the_bit() -> None:
    run, inputs = runner_of_edges(), pictures(PART_INPUTS)
    before = run(inputs)
    assert not logged_by(run, inputs, WORTH_COMPILING - 2)
    (compiled,) = logged_by(run, inputs, 1)
    assert (compiled["event"], compiled["shape"], compiled["used"]) == (COMPILED, (PART_INPUTS, 64, 96, 3), True)
    assert are_equal(before, run(inputs))
    assert not logged_by(run, inputs, 2 * WORTH_COMPILING), "once is enough"


def test_what_gives_something_else_for_one_size_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    run, inputs, other = runner_of_edges(), pictures(PART_INPUTS), runner_of_edges(seed=2)
    before = run(inputs)
    monkeypatch.setattr(openvino_running, "_reshaped", lambda *_: other._models)
    (compiled,) = logged_by(run, inputs, WORTH_COMPILING)
    assert compiled["used"] is False
    assert are_equal(before, run(inputs))


def test_a_size_that_cant_be_compiled_is_run_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("no memory")

    run, inputs = runner_of_edges(), pictures(PART_INPUTS)
    before = run(inputs)
    monkeypatch.setattr(openvino_running, "_reshaped", refuse)
    (refused,) = logged_by(run, inputs, WORTH_COMPILING)
    assert (refused["event"], refused["detail"]) == ("detect.size_not_compiled", "no memory")
    assert are_equal(before, run(inputs))


def test_only_so_many_sizes_are_compiled() -> None:
    run = runner_of_edges()
    sizes = [(PART_INPUTS, 32 * (index + 1), 32) for index in range(MOST_SHAPES + 1)]
    logs = [logged_by(run, pictures(*size), WORTH_COMPILING) for size in sizes]
    assert [len(lines) for lines in logs] == [1] * MOST_SHAPES + [0]
