"""Evaluate a TensorFlow.js graph as it stands, node by node: the yardstick for the network written in torch.

Only the operations that NanoDet-g's graph uses, NHWC and NCHW as its transposes say. Slow on purpose.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


class TfjsGraph:
    """A graph model read from its two files."""

    def __init__(self, manifest_path: Path, weights_path: Path) -> None:
        graph = json.loads(manifest_path.read_bytes())
        self._nodes = {node["name"]: node for node in graph["modelTopology"]["node"]}
        self._constants = _constants(graph["weightsManifest"][0]["weights"], weights_path.read_bytes())

    def run(self, image: Tensor, outputs: list[str]) -> list[Tensor]:
        """Give the named outputs for one input [1, 3, 416, 416]."""
        values: dict[str, Any] = {"input_1": image, **self._constants}
        return [self._value(name, values) for name in outputs]

    def _value(self, reference: str, values: dict[str, Any]) -> Any:
        name, _, part = reference.partition(":")
        if name not in values:
            node = self._nodes[name]
            inputs = [self._value(each, values) for each in node.get("input", [])]
            values[name] = _apply(node["op"], inputs, node.get("attr", {}))
        value = values[name]
        return value[int(part or 0)] if isinstance(value, tuple) else value


def _constants(entries: list[dict[str, Any]], data: bytes) -> dict[str, Tensor]:
    constants, offset = {}, 0
    for entry in entries:
        stored = np.dtype(entry.get("quantization", entry)["dtype"])
        count = prod(entry["shape"])
        array = np.frombuffer(data, stored, count, offset).reshape(entry["shape"]).astype(entry["dtype"])
        constants[entry["name"]] = torch.from_numpy(array.copy())
        offset += count * stored.itemsize
    return constants


def _pad(x: Tensor, paddings: Tensor, fill: float = 0.0) -> Tensor:
    flat = [int(n) for pair in reversed(paddings.tolist()) for n in pair]
    return functional.pad(x, flat, value=fill)


def _conv(x: Tensor, kernel: Tensor, attributes: dict[str, Any]) -> Tensor:
    assert base64.b64decode(attributes["padding"]["s"]) == b"VALID"
    stride = int(attributes["strides"]["list"]["i"][1])
    out = functional.conv2d(x.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1), stride=stride)
    return out.permute(0, 2, 3, 1)


def _max_pool(x: Tensor, attributes: dict[str, Any]) -> Tensor:
    size, stride = (int(attributes[key]["list"]["i"][1]) for key in ("ksize", "strides"))
    return functional.max_pool2d(x.permute(0, 3, 1, 2), size, stride).permute(0, 2, 3, 1)


def _resize_bilinear(x: Tensor, size_hw: Tensor, attributes: dict[str, Any]) -> Tensor:
    """Half-pixel centres by definition: sample at (i + .5) * scale - .5, clamped, along each axis."""
    assert attributes["half_pixel_centers"]["b"]
    for axis, target in ((1, int(size_hw[0])), (2, int(size_hw[1]))):
        source = x.shape[axis]
        at = ((torch.arange(target) + 0.5) * source / target - 0.5).clamp(0, source - 1)
        low = at.floor().long()
        high = (low + 1).clamp(max=source - 1)
        weight = (at - low).view([-1 if i == axis else 1 for i in range(4)])
        x = x.index_select(axis, low) * (1 - weight) + x.index_select(axis, high) * weight
    return x


def _sparse_to_dense(indices: Tensor, shape: Tensor, values: Tensor, default: Tensor) -> Tensor:
    dense = default.expand(tuple(shape.tolist())).clone()
    dense[tuple(indices.reshape(-1, max(1, len(shape.shape) and shape.shape[0])).T.tolist())] = values
    return dense


def _apply(op: str, inputs: list[Tensor], attributes: dict[str, Any]) -> Any:
    simple: dict[str, Callable[..., Any]] = {
        "Identity": lambda x: x,
        "Transpose": lambda x, order: x.permute(order.tolist()),
        "Pad": _pad,
        "PadV2": lambda x, paddings, fill: _pad(x, paddings, float(fill)),
        "Add": torch.add,
        "AddV2": torch.add,
        "Sigmoid": torch.sigmoid,
        "Reshape": lambda x, shape: x.reshape(shape.tolist()),
        "ConcatV2": lambda *xs: torch.cat(xs[:-1], dim=int(xs[-1])),
        "SplitV": lambda x, sizes, axis: x.split(sizes.tolist(), dim=int(axis)),
        "SparseToDense": _sparse_to_dense,
        "LeakyRelu": lambda x: functional.leaky_relu(x, attributes["alpha"]["f"]),
        "Conv2D": lambda x, kernel: _conv(x, kernel, attributes),
        "MaxPool": lambda x: _max_pool(x, attributes),
        "ResizeBilinear": lambda x, size: _resize_bilinear(x, size, attributes),
    }
    return simple[op](*inputs)
