"""The detector of standing water, whose weights are a part of the package.

A grid of probabilities is what it gives; whether that is a flood, and how long to wait before saying so, is judged by
who reads the events. Where a picture is dark, dull or blurred, the event's ``reliability`` is low and the flood rule
waits twice as long (``scene.reliability_of``). On the development fifth, flooded against dry roads, AUC is
(``python -m benchmarks.measured.water_reliability``)

======================  =====  ===================
picture                 AUC    median reliability
======================  =====  ===================
as it is                .917   1.00
a third of its light    .925   .67
a tenth of its light    .882   .08
.3 of its contrast      .893   .56
.15 of its contrast     .864   .15
blurred by 3 px of 512  .782   .10
blurred by 6 px of 512  .683   .03
======================  =====  ===================

Rain does not lower it, though hard rain on pale paving is taken for a flood: a picture in a cloudburst has as much
light as a dry one, and contrast (.09 to .13 in four clips) and sharpness (380 to 1,280) as dry footage of other places
has (from .084 and 340 on). It differs from what the same camera showed before, which no single event tells.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from schemas.camera_events import WATER_GRID_COLUMNS, WATER_GRID_ROWS, WaterIdentity
from services.detect.detector import DetectorOptions, ModelCard
from services.detect.models.manifest import WeightsManifest
from services.detect.models.random_weights import seeded, state_sha256
from services.detect.models.store import read_weights
from services.detect.models.water_network import WaterNetwork
from services.detect.running import make_runner
from services.detect.views import WATER_INPUT_HW
from services.runtime.errors import ConfigurationError

NAME = "water"
WEIGHTS_FOLDER = Path(__file__).parent / "models"


class TrainingSource(msgspec.Struct, frozen=True, kw_only=True):
    """Pictures that the weights were trained with."""

    name: str
    pictures: int
    licence: str


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float
    cases: int


class WaterManifest(WeightsManifest, frozen=True, kw_only=True):
    """What belongs to the weights: what they were trained with, and how good they are on pictures of other people.

    ``figures`` are of the four fifths on which nothing was chosen, ``development_figures`` of the fifth on which
    network, augmentation and thresholds were.
    """

    training: list[TrainingSource]
    figures: dict[str, Share]
    development_figures: dict[str, Share]


def card_of(manifest: WaterManifest) -> ModelCard:
    """Give the model card: what the manifest says, and what its figures can't."""
    used = "; ".join(f"{each.pictures} {each.name} ({each.licence})" for each in manifest.training)
    return ModelCard(
        title="Standing water, 18 x 32 cells",
        source="trained by this project (training/water), the backbone's weights from NanoDet-g 416",
        licence="Apache-2.0",
        training_data=f"{used}. Backbone: COCO train2017, as NanoDet-g's",
        thresholds_chosen_on="a fifth of flood_area, roads and camvid, split by a hash of the file's name; figures are "
        "of the other four fifths. None of their pictures trained anything",
        limits=(
            "Hard rain on pale paving seen from above, and a night without lamps there, are taken for a flood: see the "
            "table of weather above. In such rain the event's reliability is 1, so the flood rule waits no longer; in "
            "such a night it is about .5, which does not suffice either. Give a camera over pale paving a higher "
            "`onset_ratio`, and look before an alarm goes out.",
            "Wet asphalt that mirrors lamps or a bright sky, and now and then pale sky in fog, are taken for water. "
            "Some roads that count as dry in the figures do show puddles.",
            "Water far away in a view from above, and grey water between roofs, are missed in parts.",
            "In blurred pictures dry roads look wet: AUC falls from .92 to .78 at a blur of 3 px of 512. The event's "
            "reliability is then about .1.",
            "Floods were measured on photographs, most of them from above, and dry roads on photographs of roads: no "
            "fixed camera that watched a street being flooded was at hand.",
            "Night was not measured: there were no labelled pictures of floods at night.",
            "Snow, glass and polished floors were not measured.",
        ),
    )


def read_manifest(folder: Path = WEIGHTS_FOLDER) -> WaterManifest:
    """Give what is known about the weights.

    Raises:
        ConfigurationError: The file is missing or damaged.
    """
    try:
        return msgspec.json.decode((folder / f"{NAME}.json").read_bytes(), type=WaterManifest)
    except (FileNotFoundError, msgspec.DecodeError) as error:
        raise ConfigurationError(f"{folder / NAME}.json: {error}; install Tilik again") from error


class WaterDetector:
    """Measures standing water. Deterministic on one machine; threads may ask at once; does not change its input."""

    def __init__(self, network: WaterNetwork, weights_sha256: str, card: ModelCard, options: DetectorOptions) -> None:
        self.card = card
        self.identity = WaterIdentity(name=NAME, weights_sha256=weights_sha256)
        self.device = torch.device(options.device)
        self._run = make_runner(network, self.device, [WATER_INPUT_HW], options.batch_frames)

    def infer(self, inputs_bgr: Tensor) -> NDArray[np.uint8]:
        """Give the probability of water, 255 = 1, uint8 [N, 18, 32], of pictures uint8 [N, 288, 512, 3]. Blocks.

        The pictures are blue, green, red, on ``device``, the whole frame stretched to that size.
        """
        if not len(inputs_bgr):
            return np.zeros((0, WATER_GRID_ROWS, WATER_GRID_COLUMNS), np.uint8)
        (ratio,) = self._run(inputs_bgr)
        return np.asarray((ratio * 255).round().to(torch.uint8).cpu().numpy(), np.uint8)


def load_water(options: DetectorOptions) -> WaterDetector:
    """Build the detector; of ``options``, device, weights and batch count. Blocks for a second or two.

    Raises:
        ConfigurationError: The weights are missing, or are not those of their manifest.
    """
    manifest = read_manifest()
    with seeded():
        network = WaterNetwork()
    if options.weights == "random":
        return WaterDetector(network, state_sha256(network), card_of(manifest), options)
    state, weights_sha256 = read_weights(WEIGHTS_FOLDER, NAME)
    network.load_state_dict(state)
    return WaterDetector(network, weights_sha256, card_of(manifest), options)
