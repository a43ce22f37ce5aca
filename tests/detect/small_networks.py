"""Small graphs of OpenVINO whose right answers are plain, and how a network is made of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from services.detect.models.openvino_layers import Node, axes, build_model, image_input, map_input, per_channel, scalar
from services.detect.networks import CHECKED_HWS, Expected, InputsBgr, Network, Outputs
from services.detect.openvino_package import opset
from services.detect.output_check import outputs_of_examples


def no_module() -> NoReturn:
    raise AssertionError("a CPU needs no torch module")


def network_of(
    build: Callable[[], Any], expected: Expected | None, stages: Callable[[], tuple[Any, Any]] | None = None
) -> Network:
    return Network("a small network", build, stages, no_module, expected)


def one_output(build: Callable[[Node], Node]) -> Any:
    """Return the model of what ``build`` makes of levels, float32 [N, H, W, 3]."""
    inputs = image_input()
    return build_model(inputs, [build(opset.convert(inputs, np.float32))])


def colours(inputs_bgr: InputsBgr) -> Outputs:
    """Each image's mean colours, and its pixels' sum; neither knows others."""
    levels = np.asarray(inputs_bgr).astype(np.float64)
    return levels.mean((1, 2)).astype(np.float32), levels.sum((1, 2, 3)).astype(np.float32)


def build_colours() -> Any:
    inputs = image_input()
    levels = opset.convert(inputs, np.float32)
    means = opset.reduce_mean(levels, axes(1, 2), keep_dims=False)
    return build_model(inputs, [means, opset.reduce_sum(levels, axes(1, 2, 3), keep_dims=False)])


def colours_network() -> Network:
    return network_of(build_colours, outputs_of_examples(colours, CHECKED_HWS))


def _small_differences(maps: Node) -> Node:
    """What bfloat16 can't compute: of large numbers, which it holds to within a few, small differences."""
    large = opset.add(maps, scalar(1000))
    kernel = opset.constant(np.ones((3, 3, 1, 1), np.float32))
    sums = opset.convolution(large, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
    return opset.subtract(opset.add(sums, per_channel((0.0, 0.0, 0.0))), scalar(3000))


def small_differences(inputs_bgr: InputsBgr) -> Outputs:
    sums = np.asarray(inputs_bgr).astype(np.float32).sum(axis=3)
    return (np.stack([sums] * 3, axis=1),)


def _as_maps(levels: Node) -> Node:
    return opset.transpose(levels, opset.constant([0, 3, 1, 2], np.int64))


def small_differences_network() -> Network:
    def stages() -> tuple[Any, Any]:
        maps = map_input(3)
        return one_output(_as_maps), build_model(maps, [_small_differences(maps)])

    return network_of(
        lambda: one_output(lambda levels: _small_differences(_as_maps(levels))),
        outputs_of_examples(small_differences, CHECKED_HWS),
        stages,
    )


def pictures(count: int, height: int = 64, width: int = 96) -> NDArray[np.uint8]:
    return np.random.default_rng(count).integers(0, 256, (count, height, width, 3), dtype=np.uint8)
