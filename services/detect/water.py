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

from functools import partial
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.camera_events import WATER_GRID_COLUMNS, WATER_GRID_ROWS, WaterIdentity
from services.detect.detector import DetectorOptions, ModelCard
from services.detect.models.expected_outputs import read_expected
from services.detect.models.manifest import WeightsManifest
from services.detect.models.openvino_layers import State
from services.detect.models.random_weights import state_sha256
from services.detect.models.store import read_weights
from services.detect.models.water_graph import build_water
from services.detect.models.water_layout import random_water_state
from services.detect.networks import Expected, InputsBgr, Network, TorchModule
from services.detect.running import make_runner
from services.detect.torch_extra import translate_missing_torch
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

    def __init__(self, network: Network, weights_sha256: str, card: ModelCard, options: DetectorOptions) -> None:
        self.card = card
        self.identity = WaterIdentity(name=NAME, weights_sha256=weights_sha256)
        self._run = make_runner(network, options.device, [WATER_INPUT_HW], options.batch_frames, options.threads)

    def infer(self, inputs_bgr: InputsBgr) -> NDArray[np.uint8]:
        """Return the probability of water, 255 = 1, uint8 [N, 18, 32], of images uint8 [N, 288, 512, 3]. Blocks.

        The images are blue, green, red, the whole frame stretched to that size.
        """
        if not len(inputs_bgr):
            return np.zeros((0, WATER_GRID_ROWS, WATER_GRID_COLUMNS), np.uint8)
        (ratio,) = self._run(inputs_bgr)
        return np.rint(ratio * 255).astype(np.uint8)


def water_network(state: State, expected: Expected | None) -> Network:
    """Return the network with these weights, of which the torch module gives what is expected."""
    return Network(
        "the water network",
        build_model=partial(build_water, state),
        build_stages=None,
        build_module=partial(_build_module, state),
        expected=expected,
    )


def _build_module(state: State) -> TorchModule:
    with translate_missing_torch("the water network as a module"):
        from services.detect.models.water_network import load_water_network
    return load_water_network(state)


def load_water(options: DetectorOptions, folder: Path | None = None) -> WaterDetector:
    """Build the detector. Blocks for a second or two.

    Args:
        options: Of these device, weights, threads and batch count.
        folder: Where weights, manifest and expected outputs are; None: those of the package.

    Raises:
        ConfigurationError: The weights are missing, or are not those of their manifest.
    """
    folder = folder or WEIGHTS_FOLDER
    manifest = read_manifest(folder)
    if options.weights == "random":
        state = random_water_state()
        return WaterDetector(water_network(state, None), state_sha256(state), card_of(manifest), options)
    state, weights_sha256 = read_weights(folder, NAME)
    network = water_network(state, read_expected(folder, NAME, weights_sha256))
    return WaterDetector(network, weights_sha256, card_of(manifest), options)
