"""What is compiled for one size of input: when, and that it makes no difference but to time."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from structlog.testing import capture_logs
from torch import Tensor, nn

from services.detect import openvino_running
from services.detect.modules import Stage
from services.detect.openvino_running import MOST_SHAPES, PART_INPUTS, WORTH_COMPILING, OpenVinoRunner

COMPILED = "detect.size_compiled"


class Edges(nn.Module):
    """A network of a convolution and of sums, as all here are."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, inputs_bgr: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.conv(inputs_bgr.permute(0, 3, 1, 2).float() / 255).relu()
        return maps.mean((2, 3)), maps.flatten(1).max(1).values


def runner_of(module: nn.Module) -> OpenVinoRunner:
    return OpenVinoRunner([Stage(module.eval().requires_grad_(requires_grad=False), coarse=False)], threads=2)


def pictures(count: int, height: int = 64, width: int = 96) -> Tensor:
    generator = torch.Generator().manual_seed(count)
    return torch.randint(0, 256, (count, height, width, 3), dtype=torch.uint8, generator=generator)


def logged_by(run: OpenVinoRunner, inputs: Tensor, parts: int) -> list[dict[str, Any]]:
    """Give what compiling logs while so many parts of the inputs' size come, and until it is done."""
    with capture_logs() as logs:
        run(torch.cat([inputs] * parts))
        run.finish_compiling()
    return [dict(line) for line in logs if line["event"].startswith("detect.size_")]


def test_a_size_of_which_many_come_is_compiled_and_gives_the_same_to_the_bit() -> None:
    run, inputs = runner_of(Edges()), pictures(PART_INPUTS)
    before = run(inputs)
    assert not logged_by(run, inputs, WORTH_COMPILING - 2)
    (compiled,) = logged_by(run, inputs, 1)
    assert (compiled["event"], compiled["shape"], compiled["used"]) == (COMPILED, (PART_INPUTS, 64, 96, 3), True)
    assert all(map(torch.equal, before, run(inputs)))
    assert not logged_by(run, inputs, 2 * WORTH_COMPILING), "once is enough"


def test_what_gives_something_else_for_one_size_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    run, inputs, other = runner_of(Edges()), pictures(PART_INPUTS), runner_of(Edges())
    before = run(inputs)
    monkeypatch.setattr(openvino_running, "_reshaped", lambda *_: other._models)
    (compiled,) = logged_by(run, inputs, WORTH_COMPILING)
    assert compiled["used"] is False
    assert all(map(torch.equal, before, run(inputs)))


def test_a_size_that_cant_be_compiled_is_run_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("no memory")

    run, inputs = runner_of(Edges()), pictures(PART_INPUTS)
    before = run(inputs)
    monkeypatch.setattr(openvino_running, "_reshaped", refuse)
    (refused,) = logged_by(run, inputs, WORTH_COMPILING)
    assert (refused["event"], refused["detail"]) == ("detect.size_not_compiled", "no memory")
    assert all(map(torch.equal, before, run(inputs)))


def test_only_so_many_sizes_are_compiled() -> None:
    run = runner_of(Edges())
    sizes = [(PART_INPUTS, 32 * (index + 1), 32) for index in range(MOST_SHAPES + 1)]
    logs = [logged_by(run, pictures(*size), WORTH_COMPILING) for size in sizes]
    assert [len(lines) for lines in logs] == [1] * MOST_SHAPES + [0]
