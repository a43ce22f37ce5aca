"""What a network's torch module gives of the examples, kept beside the weights: torch itself is not there on a CPU.

``python -m services.detect.models.write_expected`` writes the files; it needs torch. Each names the weights that it
belongs to.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from services.detect.networks import CHECKED_HWS, Expected
from services.runtime.errors import ConfigurationError

SHIPPED: Final = Path(__file__).parent
"""Where the package has its own weights, and expected outputs of all published ones."""
_WEIGHTS: Final = "weights_sha256"


def expected_path(folder: Path, name: str) -> Path:
    """Return the file for the weights called ``name``."""
    return folder / f"{name}.expected.safetensors"


def pack_expected(expected: Expected, weights_sha256: str) -> bytes:
    """Return outputs as the bytes of a safetensors file."""
    arrays = {_key(size_hw, index): each for size_hw, outputs in expected.items() for index, each in enumerate(outputs)}
    return save(arrays, metadata={_WEIGHTS: weights_sha256})


def read_expected(folder: Path, name: str, weights_sha256: str) -> Expected:
    """Return the outputs that belong to weights.

    Raises:
        ConfigurationError: The file is missing or damaged, or belongs to other weights.
    """
    path = expected_path(folder, name)
    try:
        with safe_open(path, framework="numpy") as file:
            belongs_to = (file.metadata() or {}).get(_WEIGHTS)
            count = len(file.keys()) // len(CHECKED_HWS)
            expected = {
                size_hw: tuple(file.get_tensor(_key(size_hw, index)) for index in range(count))
                for size_hw in CHECKED_HWS
            }
    except (FileNotFoundError, SafetensorError) as error:
        raise ConfigurationError(f"{path}: {error}; install Tilik again") from error
    if belongs_to != weights_sha256:
        raise ConfigurationError(
            f"{path} belongs to weights with SHA-256 {belongs_to}, not {weights_sha256}: "
            "write it again with `python -m services.detect.models.write_expected`, which needs torch"
        )
    return expected


def _key(size_hw: tuple[int, int], index: int) -> str:
    return f"{size_hw[0]}x{size_hw[1]}.{index}"
