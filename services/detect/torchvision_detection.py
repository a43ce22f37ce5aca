"""Torchvision's detection models as detectors of Tilik: what their files in ``detectors/`` have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from services.detect import running
from services.detect.detector import MOST_OBJECTS, NMS_IOU, DetectorOptions, ModelCard, Thresholds, Tiles
from services.detect.models.random_weights import SEED, state_sha256
from services.detect.networks import InputsBgr
from services.detect.objects import CLASSES, COCO_91, NO_OBJECTS, Objects
from services.detect.suppression import without_doubles
from services.runtime.errors import ConfigurationError, FatalError

HEADS = ("cls_logits", "cls_score", "bbox_pred", "classification_head", "regression_head")
"""What torchvision's detection models call the modules that say scores and distances; each gives one tensor."""


@dataclass(frozen=True)
class TorchvisionModel:
    """One of torchvision's models.

    ``make`` is its builder; ``multiple`` what both sides of an input are rounded up to, ``long_side`` the length of the
    longer one, px; ``square`` for networks that would stretch anything else; ``resizes`` for those that would bring
    pictures to another size than ``long_side`` unless they are told.
    """

    make: Callable[..., nn.Module]
    card: ModelCard
    thresholds: Mapping[Tiles, Thresholds]
    long_side: int
    multiple: int = 1
    square: bool = False
    resizes: bool = False


class TorchvisionDetector:
    """See ``Detector``."""

    def __init__(self, model: TorchvisionModel, options: DetectorOptions) -> None:
        self.card = model.card
        self.thresholds = model.thresholds
        self._model = model
        self.device = options.device
        self._score_floor = options.score_floor
        torch.set_num_threads(options.threads or running.count_threads())
        network = _built(model, options)
        self.weights_sha256 = state_sha256({name: value.numpy() for name, value in network.state_dict().items()})
        self._network = network.eval().to(self.device)
        for name, module in self._network.named_modules():
            if name.endswith(HEADS):
                module.register_forward_hook(_only_numbers)

    def input_hw(self, picture_hw: tuple[int, int]) -> tuple[int, int]:
        """Give the longest side the model is for, and the shorter one in the picture's shape."""
        if self._model.square:
            return self._model.long_side, self._model.long_side
        longer, multiple = max(picture_hw), self._model.multiple
        height, width = (
            -(-max(1, round(side * self._model.long_side / longer)) // multiple) * multiple for side in picture_hw
        )
        return height, width

    def infer(self, inputs_bgr: InputsBgr, least_score: float = 0.0) -> list[Objects]:
        """Find objects; see ``Detector``.

        Raises:
            FatalError: Some of what the network's heads said is infinite or no number.
        """
        if not len(inputs_bgr):
            return []
        rgb = torch.as_tensor(inputs_bgr, device=self.device).flip(-1).permute(0, 3, 1, 2)
        with torch.inference_mode():
            results: list[dict[str, Tensor]] = self._network(list(rgb.float() / 255))
        floor = max(self._score_floor, least_score)
        return [self._objects(result, (inputs_bgr.shape[1], inputs_bgr.shape[2]), floor) for result in results]

    def _objects(self, result: dict[str, Tensor], input_hw: tuple[int, int], floor: float) -> Objects:
        labels = result["labels"].cpu().numpy()
        scores = result["scores"].float().cpu().numpy()
        chosen = np.isin(labels, list(COCO_91.values())) & (scores >= floor)
        if not chosen.any():
            return NO_OBJECTS
        index_of = {label: index for index, label in enumerate(COCO_91[name] for name in CLASSES)}
        classes = np.array([index_of[int(label)] for label in labels[chosen]], np.int64)
        edges = np.array([input_hw[1], input_hw[0]] * 2, np.float32)
        boxes = np.clip(result["boxes"].float().cpu().numpy()[chosen], 0, edges)
        return without_doubles(Objects(boxes, scores[chosen], classes).by_score(), NMS_IOU, MOST_OBJECTS)


def _only_numbers(head: nn.Module, _: object, output: Tensor) -> None:
    """End the process where an output is no number: no such score reaches the floor, and the picture looks empty."""
    if not bool(output.isfinite().all()):
        raise FatalError(f"the network's {type(head).__name__} gave what is no number")


def _built(model: TorchvisionModel, options: DetectorOptions) -> nn.Module:
    settings: dict[str, Any] = {"box_score_thresh": options.score_floor}
    if model.square:
        settings = {"score_thresh": options.score_floor}
    if model.resizes:
        settings |= {"min_size": model.long_side, "max_size": model.long_side}
    if options.weights == "random":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            return model.make(weights=None, weights_backbone=None, **settings)
    try:
        return model.make(weights="DEFAULT", **settings)
    except OSError as error:  # URLError is one: torch.hub reached no server
        raise ConfigurationError(
            f"the weights of {model.card.title} can't be downloaded here ({error}); use the detector nanodet"
        ) from error
