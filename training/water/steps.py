"""The steps of training the water network.

::

    drawn scenes ───────┐
    painted water ──────┼─► augmented ─► features of NanoDet-g's first stages ─► decoder fitted ─► half precision
    rendered streets ───┤                                                                              │
    photographs ────────┘   weights and manifest in the package ◄── measured on pictures of others ◄───┘
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from services.detect.accuracy.measured import Progress
from services.detect.accuracy.water import measure_water
from services.detect.detector import DetectorOptions
from services.detect.models.manifest import read_whole
from services.detect.models.nanodet_network import as_tensors
from services.detect.models.store import read_weights
from services.detect.models.water_graph import build_water_features
from services.detect.models.water_layout import backbone_state
from services.detect.models.water_network import WaterNetwork
from services.detect.openvino_running import OpenVinoRunner, Stage
from services.detect.water import TrainingSource, WaterManifest, load_water
from training.water.composite import composite_pictures
from training.water.drawn.run import draw_pictures
from training.water.examples import Pictures, make_examples
from training.water.export import add_figures, export, halved
from training.water.fitting import FitOptions, fit_decoder
from training.water.photographs import listed

DRAWN, COMPOSED, RENDERED = 2025, 320, 1000
"""Pictures. Chosen among five mixes on the development fifth (ADR 0014)."""
BACKBONE = "nanodet_g_416"
LOGIT_SHIFT = 1.4
"""Added to all logits, so that what a fitted decoder gives .2 becomes one half. In drawn scenes water is plainer than
in life, and a decoder asks for too much: on the development fifth one had an IoU of .46 without, .52 at .6, .57 at 1.0,
.59 from 1.4 to 1.6, and .58 at 2.0. The smallest of the best, for dry roads rise with it."""
SEEDS = (0, 1, 2)
"""Of the decoders, on top of the plan's."""
OWN_LICENCE = "Apache-2.0, this project"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is trained, with what, and where things lie. Counts are pictures."""

    pictures: Path
    models: Path
    footage: Path
    drawn: int = DRAWN
    composed: int = COMPOSED
    rendered: int = RENDERED
    fit: FitOptions = field(default_factory=FitOptions)
    augmentation_seed: int = 5
    drawing_seed: int = 1
    rendering_seed: int = 1


def draw(plan: Plan, advance: Callable[[], None]) -> None:
    """Draw what is missing of the drawn scenes, then of the photographs with painted water."""
    draw_pictures(plan.pictures / "drawn", plan.drawn, plan.drawing_seed, advance)
    composite_pictures(plan.pictures / "composite", plan.footage, plan.composed, plan.drawing_seed, advance)


def fetch_and_render(plan: Plan) -> None:
    """Fetch the photographs and render the streets that are missing, each in a process of its own.

    Raises:
        subprocess.CalledProcessError: One of them ended early; it has said why.
    """
    photographs, streets = str(plan.pictures / "photographs"), str(plan.pictures / "render")
    count, seed = str(plan.rendered), str(plan.rendering_seed)
    _run("training.water.photographs", "--out", photographs)
    _run("training.water.render", "--out", streets, "--count", count, "--seed", seed, "--width", "384")


def _run(module: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", module, *arguments], check=True)


def train(plan: Plan, on_examples: Callable[[int], None], on_epoch: Callable[[], None]) -> WaterNetwork:
    """Give the trained network, its weights already rounded to half precision. Blocks for minutes."""
    # Threads that share cores wait for one another, and sums in another order give other weights.
    torch.set_num_threads(1)
    state = backbone_state(read_weights(plan.models, BACKBONE)[0])
    network = WaterNetwork().eval()
    network.features.load_state_dict(as_tensors(state))
    runner = OpenVinoRunner([Stage(build_water_features(state), coarse=False)], threads=1)
    examples = make_examples(sources_of(plan), runner, plan.augmentation_seed, on_examples)
    for seed, decoder in zip(SEEDS, network.decoders, strict=True):
        options = replace(plan.fit, seed=plan.fit.seed + seed)
        fitted = fit_decoder(examples, options, lambda _epoch, _loss: on_epoch()).state_dict()
        fitted["out.bias"] += LOGIT_SHIFT
        decoder.load_state_dict(fitted)
    network.load_state_dict({name: value.float() for name, value in halved(network).items()})
    return network


def write(plan: Plan, network: WaterNetwork, folder: Path) -> WaterManifest:
    """Write the weights and a manifest without figures yet."""
    backbone = read_whole(plan.models, BACKBONE)[0]
    return export(folder, network, training_sources(plan), {f"{BACKBONE}.safetensors": backbone.sha256})


def measure(plan: Plan, manifest: WaterManifest, folder: Path, progress: Progress) -> WaterManifest:
    """Measure what was written on other people's pictures, and add the figures to the manifest. Blocks for minutes."""
    detector = load_water(DetectorOptions(), folder)
    development = measure_water(plan.footage, detector, progress, "development")
    test = measure_water(plan.footage, detector, progress, "test")
    return add_figures(folder, manifest, development, test)


def sources_of(plan: Plan) -> list[Pictures]:
    """Give the pictures, and how often each is augmented: few and dear ones more often."""
    return [
        Pictures(plan.pictures / "drawn", rounds=1, count=plan.drawn),
        Pictures(plan.pictures / "composite", rounds=1, count=plan.composed),
        Pictures(plan.pictures / "render", rounds=1, count=plan.rendered),
        Pictures(plan.pictures / "photographs", rounds=6, count=len(listed())),
    ]


def example_count(plan: Plan) -> int:
    """Give how many examples there will be."""
    return sum(len(source.lines()) * source.rounds for source in sources_of(plan))


def training_sources(plan: Plan) -> list[TrainingSource]:
    """Give what the card says about the pictures that there are."""
    taken = sorted({f"{photograph.licence} {photograph.author}" for photograph in listed()})
    names = {
        "drawn": ("drawn scenes (training/water/drawn)", OWN_LICENCE),
        "composite": (
            "photographs of car parks and a room, dry and with painted water (training/water/composite.py)",
            "CC-BY-4.0 PKLot, Almeida et al. 2015; CC-BY-4.0 Intel",
        ),
        "render": (
            "rendered streets (training/water/render)",
            f"{OWN_LICENCE}; five skies that Blender brings, CC0-1.0 HDRI Haven, Greg Zaal",
        ),
        "photographs": ("photographs of Debian's packages (training/water/photographs.json)", "; ".join(taken)),
    }
    return [
        TrainingSource(name=name, pictures=len(source.lines()), licence=licence)
        for source in sources_of(plan)
        for name, licence in [names[source.folder.name]]
        if source.lines()
    ]
