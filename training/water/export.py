"""The trained network as weights that the package ships, with a manifest that says what they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import torch
from safetensors.torch import save
from torch import Tensor

from services.detect.accuracy.measured import Measured
from services.detect.models.expected_outputs import expected_path, pack_expected
from services.detect.models.manifest import sha256_of, write_whole
from services.detect.models.water_network import WaterNetwork
from services.detect.models.write_expected import compute_expected
from services.detect.water import NAME, Share, TrainingSource, WaterManifest

LICENCE = "Apache-2.0"
PACKAGE = "tilik, training/water"


def halved(network: WaterNetwork) -> dict[str, Tensor]:
    """Give the weights in half precision; counters of batches, which nothing reads, stay whole numbers."""
    return {
        name: value.to(torch.float16).contiguous() if value.is_floating_point() else value
        for name, value in network.state_dict().items()
    }


def export(
    folder: Path, network: WaterNetwork, training: Sequence[TrainingSource], sources: dict[str, str]
) -> WaterManifest:
    """Write weights, a manifest that has no figures yet, and what the module gives, for the check at each start.

    Args:
        folder: Where to.
        network: What was trained.
        training: Pictures that it was trained with.
        sources: SHA-256, by name, of weights that it starts from.
    """
    data = save(halved(network))
    manifest = WaterManifest(
        name=NAME,
        sha256=sha256_of(data),
        size_bytes=len(data),
        package=PACKAGE,
        licence=LICENCE,
        sources=sources,
        training=list(training),
        figures={},
        development_figures={},
    )
    write_whole(folder, manifest, data)
    expected_path(folder, NAME).write_bytes(pack_expected(compute_expected(network), manifest.sha256))
    return manifest


def add_figures(
    folder: Path, manifest: WaterManifest, development: Sequence[Measured], test: Sequence[Measured]
) -> WaterManifest:
    """Write the manifest again, with figures; the weights stay."""
    whole = msgspec.structs.replace(manifest, figures=_shares(test), development_figures=_shares(development))
    write_whole(folder, whole, (folder / f"{NAME}.safetensors").read_bytes())
    return whole


def _shares(measured: Sequence[Measured]) -> dict[str, Share]:
    return {
        each.name: Share(value=round(each.value, 4), low=round(each.low, 4), high=round(each.high, 4), cases=each.cases)
        for each in measured
    }
