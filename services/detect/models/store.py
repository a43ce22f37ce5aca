"""Weights to safetensors on disk and back, as NumPy arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from services.detect.models.manifest import HOW_TO_GET, WeightsManifest, read_whole, sha256_of
from services.runtime.errors import ConfigurationError


def packed(
    name: str, state: Mapping[str, NDArray[Any]], package: str, licence: str, sources: dict[str, str]
) -> tuple[WeightsManifest, bytes]:
    """Return weights as the bytes of a safetensors file, and the manifest that belongs to them."""
    data = save({key: np.ascontiguousarray(array) for key, array in state.items()})
    manifest = WeightsManifest(
        name=name, sha256=sha256_of(data), size_bytes=len(data), package=package, licence=licence, sources=sources
    )
    return manifest, data


def read_weights(folder: Path, name: str) -> tuple[dict[str, NDArray[np.float32]], str]:
    """Return the weights by name, as float32, and the SHA-256 of the file they are from.

    Raises:
        ConfigurationError: They were not fetched, or the file is not the one that was written.
    """
    manifest, data = read_whole(folder, name)
    try:
        state = load(data)
    except SafetensorError as error:
        raise ConfigurationError(f"the weights {name} in {folder} can't be read: {error}; {HOW_TO_GET}") from error
    return {key: array.astype(np.float32) for key, array in state.items()}, manifest.sha256
