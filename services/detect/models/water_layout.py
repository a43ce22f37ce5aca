"""Sizes of the water network, and the names and shapes of its weights: for torch's module and OpenVINO's graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from services.detect.models.nanodet_layout import CSP_BLOCKS, KernelShapes, backbone_kernel_shapes
from services.detect.models.random_weights import random_state

Weights = TypeVar("Weights")
"""Arrays or tensors."""

INPUT_HW = (288, 512)
"""Height and width of the input, px: 16 px a cell of the grid of 18 x 32."""
BACKBONE_BLOCKS = CSP_BLOCKS[:3]
"""NanoDet-g's last block is left out (ADR 0014)."""
QUARTER_CHANNELS = 2 * BACKBONE_BLOCKS[0].channels
FEATURE_CHANNELS = 2 * QUARTER_CHANNELS + 128 + 256
DECODERS = 3
"""How many decoders are asked (ADR 0014)."""
DECODER_WIDTH = 64
DILATIONS = (1, 2, 4)
"""Of a decoder's convolutions of 3 x 3."""
SPREAD_EPSILON = 1e-6
"""Added to a variance before its root is taken."""
NORM_EPSILON = 1e-5
"""What torch's ``BatchNorm2d`` adds to a variance."""


def water_kernel_shapes() -> KernelShapes:
    """Return the shapes of all weights that are trained or taken from NanoDet-g."""
    shapes = backbone_kernel_shapes(BACKBONE_BLOCKS, "features.")
    for name in (f"decoders.{index}" for index in range(DECODERS)):
        shapes[f"{name}.cells"] = (DECODER_WIDTH, FEATURE_CHANNELS, 1, 1)
        shapes[f"{name}.whole"] = (DECODER_WIDTH, 2 * DECODER_WIDTH)
        for index in range(len(DILATIONS)):
            shapes[f"{name}.around.{index}"] = (DECODER_WIDTH, DECODER_WIDTH, 3, 3)
        shapes[f"{name}.out"] = (1, 2 * DECODER_WIDTH, 1, 1)
    return shapes


def random_water_state() -> dict[str, NDArray[np.float32]]:
    """Return random weights, always the same, for a network that leaves the scale of its features as it is."""
    state = random_state(water_kernel_shapes())
    for name in (f"decoders.{index}.scale" for index in range(DECODERS)):
        state[f"{name}.running_mean"] = np.zeros(FEATURE_CHANNELS, np.float32)
        state[f"{name}.running_var"] = np.ones(FEATURE_CHANNELS, np.float32)
        state[f"{name}.num_batches_tracked"] = np.zeros((), np.float32)
    return state


def backbone_state(nanodet_state: Mapping[str, Weights]) -> dict[str, Weights]:
    """Return the weights of ``WaterFeatures`` out of those of NanoDet-g."""
    names = tuple(f"backbone.{name}." for name in ("stem", *(block.name for block in BACKBONE_BLOCKS)))
    return {name.removeprefix("backbone."): value for name, value in nanodet_state.items() if name.startswith(names)}
