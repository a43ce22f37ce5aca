"""The water network as OpenVINO's graph, made of the weights alone.

It computes what ``water_network.WaterNetwork`` computes; see there for the picture. A test holds one against the other,
and each start holds what runs against outputs of that module (``expected_outputs.py``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from services.detect.models.openvino_layers import (
    Layers,
    Node,
    State,
    axes,
    build_model,
    concatenate,
    divide,
    image_input,
    max_pool,
    mean_pool,
    normalise,
    per_channel,
    scalar,
)
from services.detect.models.water_layout import BACKBONE_BLOCKS, DECODERS, DILATIONS, NORM_EPSILON, SPREAD_EPSILON
from services.detect.openvino_package import opset

_QUARTER, _EIGHTH, _SIXTEENTH = BACKBONE_BLOCKS


def build_water(state: State) -> Any:
    """Return the network: uint8 [N, H, W, 3] to the probability of standing water, float32 [N, H / 16, W / 16]."""
    layers, inputs = Layers(state), image_input()
    features = _features(layers, inputs, "features.")
    logits, *others = (_decode(state, layers, features, f"decoders.{index}") for index in range(DECODERS))
    for other in others:
        logits = opset.add(logits, other)
    return build_model(inputs, [opset.sigmoid(divide(logits, scalar(DECODERS)))])


def build_water_features(state: State) -> Any:
    """Return ``water_network.WaterFeatures`` alone, of its own state: decoders are trained on what it gives."""
    inputs = image_input()
    return build_model(inputs, [_features(Layers(state), inputs, "")])


def _features(layers: Layers, inputs_bgr: Node, prefix: str) -> Node:
    """Return the features [N, FEATURE_CHANNELS, H / 16, W / 16]."""
    x = max_pool(layers.activated_conv(normalise(inputs_bgr), f"{prefix}stem", stride=2))
    quarter = layers.csp_block(x, _QUARTER, prefix)
    eighth = layers.csp_block(quarter, _EIGHTH, prefix)
    mean = mean_pool(quarter, 4)
    sixteenth = layers.csp_block(eighth, _SIXTEENTH, prefix)
    return concatenate(mean, _local_spread(quarter, mean), mean_pool(eighth, 2), sixteenth)


def _local_spread(fine: Node, mean: Node) -> Node:
    """Return the standard deviation within blocks of 4 x 4."""
    variance = opset.subtract(mean_pool(_square(fine), 4), _square(mean))
    return opset.sqrt(opset.add(opset.maximum(variance, scalar(0)), scalar(SPREAD_EPSILON)))


def _decode(state: State, layers: Layers, features: Node, name: str) -> Node:
    """Return one decoder's logits [N, H / 16, W / 16]."""
    scale = 1 / np.sqrt(state[f"{name}.scale.running_var"] + np.float32(NORM_EPSILON))
    shift = -state[f"{name}.scale.running_mean"] * scale
    scaled = opset.add(opset.multiply(features, per_channel(scale)), per_channel(shift))
    cells = opset.relu(layers.convolve(scaled, f"{name}.cells"))
    seen = concatenate(
        opset.reduce_mean(cells, axes(2, 3), keep_dims=False), opset.reduce_max(cells, axes(2, 3), keep_dims=False)
    )
    whole = opset.matmul(seen, opset.constant(state[f"{name}.whole.weight"]), False, True)
    whole = opset.add(whole, opset.constant(state[f"{name}.whole.bias"].reshape(1, -1)))
    cells = opset.add(cells, opset.unsqueeze(whole, axes(2, 3)))
    around, *others = (
        layers.convolve(cells, f"{name}.around.{index}", dilation=step) for index, step in enumerate(DILATIONS)
    )
    for other in others:
        around = opset.add(around, other)
    out = layers.convolve(concatenate(cells, opset.relu(around)), f"{name}.out")
    return opset.squeeze(out, axes(1))


def _square(x: Node) -> Node:
    return opset.power(x, scalar(2))
