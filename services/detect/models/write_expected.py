"""Write what the torch modules give of the examples, beside the weights. Needs torch.

Usage: ``python -m services.detect.models.write_expected``, for new weights or other examples. NanoDet-g's weights must
be in ``.tilik/models`` (`tilik models fetch`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from torch import nn

from services.detect.graph_running import outputs_on_cpu
from services.detect.models.expected_outputs import SHIPPED, expected_path, pack_expected
from services.detect.models.fetch import NAME as NANODET
from services.detect.models.nanodet_network import load_nanodet
from services.detect.models.store import read_weights
from services.detect.models.water_network import load_water_network
from services.detect.networks import CHECKED_HWS, Expected
from services.detect.output_check import outputs_of_examples

FETCHED = Path(".tilik/models")
WATER = "water"


def compute_expected(module: nn.Module) -> Expected:
    """Return what a module gives of the examples, on a CPU in single precision."""
    return outputs_of_examples(partial(outputs_on_cpu, module), CHECKED_HWS)


def published_modules() -> Iterator[tuple[str, nn.Module, str]]:
    """Yield the name, the module and the weights' SHA-256 of each network that has published weights."""
    for folder, name, load in ((FETCHED, NANODET, load_nanodet), (SHIPPED, WATER, load_water_network)):
        state, sha256 = read_weights(folder, name)
        yield name, load(state), sha256


def main() -> None:
    """Write the files."""
    for name, module, sha256 in published_modules():
        path = expected_path(SHIPPED, name)
        path.write_bytes(pack_expected(compute_expected(module), sha256))
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
