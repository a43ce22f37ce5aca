"""Weights that mean nothing but are always the same: for tests of code whose real weights can't be had."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

SEED = 20_240_517
"""Any fixed number does."""


def random_state(kernel_shapes: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[np.float32]]:
    """Return weights and biases of layers by name, drawn as torch draws them: from ± 1 / √(inputs of an output)."""
    chance = np.random.default_rng(SEED)
    state: dict[str, NDArray[np.float32]] = {}
    for name, shape in kernel_shapes.items():
        bound = 1 / prod(shape[1:]) ** 0.5
        state[f"{name}.weight"] = chance.uniform(-bound, bound, shape).astype(np.float32)
        state[f"{name}.bias"] = chance.uniform(-bound, bound, shape[0]).astype(np.float32)
    return state


def state_sha256(state: Mapping[str, NDArray[Any]]) -> str:
    """Return the SHA-256 of all weights, by name."""
    digest = hashlib.sha256()
    for name, array in sorted(state.items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
