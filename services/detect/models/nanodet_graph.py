"""NanoDet-g as OpenVINO's graph, from bytes to scores of our six classes and distances, made of the weights alone.

It computes what ``nanodet_network.NanoDetOnPictures`` computes; see there for the picture. A test holds one against the
other, and each start holds what runs against outputs of that module (``expected_outputs.py``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from services.detect.models.nanodet_layout import CLASS_COUNT, CSP_BLOCKS, DISTANCE_BINS, STRIDES
from services.detect.models.openvino_layers import (
    Layers,
    Node,
    State,
    axes,
    build_model,
    concatenate,
    image_input,
    map_input,
    max_pool,
    normalise,
)
from services.detect.objects import CLASSES, COCO_80
from services.detect.openvino_package import opset

_QUARTER, _EIGHTH, _SIXTEENTH, _THIRTY_SECOND = CSP_BLOCKS
_ASKED = [COCO_80[name] for name in CLASSES] + list(range(CLASS_COUNT, CLASS_COUNT + 4 * DISTANCE_BINS))
"""Outputs of a head that are computed: six of its 80 classes, and all distances."""


def build_nanodet(state: State) -> Any:
    """Return the network as one model: uint8 [N, H, W, 3] to scores [N, cells, 6] and distances [N, cells, 4], px."""
    layers, inputs = Layers(state), image_input()
    return build_model(inputs, _finish(layers, _begin(layers, inputs)))


def build_nanodet_stages(state: State) -> tuple[Any, Any]:
    """Return the network as two models, of which the second takes what the first one gives.

    The first ends with the backbone's map at 1/8: two thirds of bfloat16's errors are made before it (ADR 12).
    """
    layers, inputs, maps = Layers(state), image_input(), map_input(2 * _EIGHTH.channels)
    return build_model(inputs, [_begin(layers, inputs)]), build_model(maps, _finish(layers, maps))


def _begin(layers: Layers, inputs_bgr: Node) -> Node:
    """Return the backbone's map at 1/8 of the input."""
    x = max_pool(layers.activated_conv(normalise(inputs_bgr), "backbone.stem", stride=2))
    return layers.csp_block(layers.csp_block(x, _QUARTER, "backbone."), _EIGHTH, "backbone.")


def _finish(layers: Layers, eighth: Node) -> list[Node]:
    """Return scores and distances."""
    sixteenth = layers.csp_block(eighth, _SIXTEENTH, "backbone.")
    features = (eighth, sixteenth, layers.csp_block(sixteenth, _THIRTY_SECOND, "backbone."))
    fine, middle, coarse = (layers.convolve(x, f"neck.laterals.{index}") for index, x in enumerate(features))
    middle = opset.add(middle, _resize(coarse, 2.0))
    fine = opset.add(fine, _resize(middle, 2.0))
    middle = opset.add(middle, _resize(fine, 0.5))
    coarse = opset.add(coarse, _resize(middle, 0.5))
    scores, distances = [], []
    for index, (x, stride) in enumerate(zip((fine, middle, coarse), STRIDES, strict=True)):
        cells = _head_cells(layers, x, index)
        scores.append(opset.sigmoid(_columns(cells, 0, len(CLASSES))))
        distances.append(_mean_distances(_columns(cells, len(CLASSES), len(_ASKED)), stride))
    return [concatenate(*scores), concatenate(*distances)]


def _head_cells(layers: Layers, x: Node, index: int) -> Node:
    """Return one map's outputs, row by row, [N, H * W, 6 + 44]."""
    out = layers.convolve(layers.activated_conv(x, f"heads.{index}.conv"), f"heads.{index}.out", chosen=_ASKED)
    rows = opset.reshape(out, opset.constant([0, len(_ASKED), -1], np.int64), special_zero=True)
    return opset.transpose(rows, opset.constant([0, 2, 1], np.int64))


def _mean_distances(logits: Node, stride: int) -> Node:
    """Return the means of the distributions of each side's distance, px.

    Source: Li et al. 2020, Generalized Focal Loss, arXiv:2006.04388, equation 3.
    """
    bins = np.arange(DISTANCE_BINS, dtype=np.float32) * np.float32(stride)
    by_side = opset.reshape(logits, opset.constant([0, 0, 4, DISTANCE_BINS], np.int64), special_zero=True)
    shares = opset.softmax(by_side, -1)
    return opset.reduce_sum(opset.multiply(shares, opset.constant(bins.reshape(1, 1, 1, -1))), axes(-1), False)


def _columns(cells: Node, start: int, stop: int) -> Node:
    return opset.slice(cells, axes(start), axes(stop), axes(1), axes(2))


def _resize(x: Node, factor: float) -> Node:
    """Return a map in another size, as torch's bilinear ``interpolate`` with a scale does."""
    return opset.interpolate(
        x,
        opset.constant(np.array([factor, factor], np.float32)),
        mode="linear_onnx",
        shape_calculation_mode="scales",
        pads_begin=[0, 0, 0, 0],
        pads_end=[0, 0, 0, 0],
        coordinate_transformation_mode="pytorch_half_pixel",
        nearest_mode="floor",
        axes=axes(2, 3),
    )
