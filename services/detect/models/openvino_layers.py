"""Layers that the graphs of the networks share, as nodes of OpenVINO, with weights by their names in the state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.detect.models.nanodet_layout import LEAKY_SLOPE, MEAN_BGR, STD_BGR, CspSize
from services.detect.openvino_package import openvino, opset

State = Mapping[str, NDArray[np.float32]]
"""Weights by the names that they have in the torch module."""
Node = Any
"""A node of OpenVINO's, which has no types."""
_KEPT_DIVISION = "nonconvertable_divide_0"
"""OpenVINO's mark for it, which its own reader of torch modules sets, too. Without it results differ by rounding, which
in bfloat16 becomes .003 of a score."""


def image_input() -> Node:
    """Return the input of a network: uint8 [N, H, W, 3], blue, green, red, of any N, H and W."""
    return opset.parameter([-1, -1, -1, 3], np.uint8, name="inputs_bgr")


def map_input(channels: int) -> Node:
    """Return the input of a later stage: float32 [N, channels, H, W], of any N, H and W."""
    return opset.parameter([-1, channels, -1, -1], np.float32, name="maps")


def build_model(inputs: Node, outputs: list[Node]) -> Any:
    """Return the model that gives ``outputs``, in that order."""
    return openvino.Model([opset.result(each) for each in outputs], [inputs], "network")


def normalise(inputs_bgr: Node) -> Node:
    """Return images [N, 3, H, W] of mean 0 and deviation 1, as the weights were trained with."""
    planes = opset.transpose(opset.convert(inputs_bgr, np.float32), opset.constant([0, 3, 1, 2], np.int32))
    return divide(opset.subtract(planes, per_channel(MEAN_BGR)), per_channel(STD_BGR))


def divide(x: Node, by: Node) -> Node:
    """Return a quotient that OpenVINO computes as one, as torch does, and not as a product with the reciprocal."""
    quotient = opset.divide(x, by)
    quotient.get_rt_info()[_KEPT_DIVISION] = ""
    return quotient


def per_channel(values: tuple[float, ...] | NDArray[np.float32]) -> Node:
    """Return a constant for each channel, float32 [1, channels, 1, 1]."""
    return opset.constant(np.asarray(values, np.float32).reshape(1, -1, 1, 1))


def scalar(value: float) -> Node:
    """Return a float32 constant without dimensions."""
    return opset.constant(np.array(value, np.float32))


def axes(*indices: int) -> Node:
    """Return dimensions as a constant."""
    return opset.constant(np.array(indices, np.int64))


def max_pool(x: Node) -> Node:
    """Return the largest of 3 x 3 at every second place."""
    return opset.max_pool(x, [2, 2], [1, 1], [1, 1], [1, 1], [3, 3]).output(0)


def mean_pool(x: Node, size: int) -> Node:
    """Return the means of blocks of ``size`` x ``size``."""
    return opset.avg_pool(x, [size, size], [0, 0], [0, 0], [size, size], exclude_pad=False)


def concatenate(*parts: Node, axis: int = 1) -> Node:
    """Return the parts beside one another."""
    return opset.concat(list(parts), axis)


class Layers:
    """Makes layers of the weights in ``state``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def convolve(self, x: Node, name: str, stride: int = 1, dilation: int = 1, chosen: list[int] | None = None) -> Node:
        """Return a convolution that keeps the size but for its stride; of ``chosen`` outputs, where given."""
        kernel, bias = self._state[f"{name}.weight"], self._state[f"{name}.bias"]
        if chosen is not None:
            kernel, bias = kernel[chosen], bias[chosen]
        margin = [dilation * (kernel.shape[-1] // 2)] * 2
        convolved = opset.convolution(x, opset.constant(kernel), [stride] * 2, margin, margin, [dilation] * 2)
        return opset.add(convolved, per_channel(bias))

    def activated_conv(self, x: Node, name: str, stride: int = 1) -> Node:
        """Return ``nanodet_network.ActivatedConv``."""
        return opset.prelu(self.convolve(x, f"{name}.0", stride), scalar(LEAKY_SLOPE))

    def csp_block(self, x: Node, size: CspSize, prefix: str) -> Node:
        """Return ``nanodet_network.CspBlock``."""
        name = prefix + size.name
        entry = self.activated_conv(x, f"{name}.entry", size.stride)
        residual = entry
        for index in range(size.depth):
            first = self.activated_conv(residual, f"{name}.residuals.{index}.first")
            second = self.activated_conv(first, f"{name}.residuals.{index}.second")
            residual = concatenate(second, first)
        return concatenate(self.activated_conv(residual, f"{name}.exit"), entry)
