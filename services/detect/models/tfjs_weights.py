"""Read NanoDet-g's weights out of the TensorFlow.js graph that its npm package carries.

The graph is a line of 34 convolutions, ``split_<n>`` their kernels (height, width, in, out) and ``unknown_<m>`` their
biases, all stored as float16. ``nanodet_kernel_shapes`` lists the same convolutions in the same order.
"""

from __future__ import annotations

import json
from math import prod

import numpy as np
from numpy.typing import NDArray

from services.detect.models.nanodet_layout import nanodet_kernel_shapes
from services.runtime.errors import ConfigurationError

_BIAS_OF_HEAD = {28: 60, 29: 62, 30: 66, 31: 68, 32: 70, 33: 72}


def state_from_tfjs(manifest_json: bytes, weights: bytes) -> dict[str, NDArray[np.float16]]:
    """Return the network's weights by name, float16, unchanged.

    Args:
        manifest_json: The graph (``nanodet.json``).
        weights: Its weights (``nanodet.bin``), in the manifest's order without gaps.

    Raises:
        ConfigurationError: A weight is absent or does not have the network's shape.
    """
    arrays = _read_float16(manifest_json, weights)
    state: dict[str, NDArray[np.float16]] = {}
    for index, (name, shape) in enumerate(nanodet_kernel_shapes().items()):
        bias_number = _BIAS_OF_HEAD.get(index, 2 * index)
        try:
            kernel = arrays["PartitionedCall/split" + (f"_{index}" if index else "")]
            bias = arrays[f"unknown_{bias_number}"]
        except KeyError as error:
            raise ConfigurationError(f"the graph has no weight {error} for {name}") from error
        state[f"{name}.weight"] = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))
        state[f"{name}.bias"] = bias
        if state[f"{name}.weight"].shape != shape:
            raise ConfigurationError(f"{name}: kernel is {kernel.shape}, the network wants {shape}")
    return state


def _read_float16(manifest_json: bytes, weights: bytes) -> dict[str, NDArray[np.float16]]:
    arrays: dict[str, NDArray[np.float16]] = {}
    offset = 0
    for entry in json.loads(manifest_json)["weightsManifest"][0]["weights"]:
        stored = np.dtype(entry.get("quantization", entry)["dtype"])
        count = prod(entry["shape"])
        if stored == np.float16:
            flat = np.frombuffer(weights, np.float16, count, offset)
            arrays[entry["name"]] = flat.reshape(entry["shape"])
        offset += count * stored.itemsize
    if offset != len(weights):
        raise ConfigurationError(f"the manifest describes {offset} bytes of weights, the file has {len(weights)}")
    return arrays
