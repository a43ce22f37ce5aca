"""What a detector of objects is, and how the one that settings name is loaded.

A detector is one file in ``detectors/``; its stem is its name in settings and in events. Only the chosen file is
imported. It holds a ``CARD`` and ``build(options) -> Detector``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Literal, Protocol

from schemas.camera_events import ObjectClass
from services.detect.detector_names import detector_names
from services.detect.networks import InputsBgr
from services.detect.objects import Objects
from services.detect.torch_extra import translate_missing_torch
from services.runtime.errors import ConfigurationError

Tiles = Literal["1x1", "2x2"]
Thresholds = Mapping[ObjectClass, float]

SCORE_FLOOR = 0.05
"""Least score that a detector gives out. Below it NanoDet's own evaluation ignores boxes too (``score_thr``)."""
NMS_IOU = 0.6
"""Two boxes of one group that overlap by more are one thing. NanoDet's own setting (``nms``, ``iou_threshold``)."""
MOST_OBJECTS = 300
"""Most objects of one input; keeps an event under 30 KB."""


@dataclass(frozen=True)
class ModelCard:
    """What whoever uses a detector's figures must know. ``limits`` are known failures, a sentence each."""

    title: str
    source: str
    licence: str
    training_data: str
    thresholds_chosen_on: str
    limits: tuple[str, ...]


@dataclass(frozen=True)
class DetectorOptions:
    """How a detector is built.

    ``weights`` "DEFAULT" are the published ones; "random" (seeded, so always the same) are for tests of the code where
    weights can't be had. ``models_folder`` is where ``tilik models fetch`` puts files. ``batch_frames`` is the largest
    batch that will come; a GPU cuts a much larger one. ``threads`` are the network's on a CPU; None: as many as the
    process may use.
    """

    models_folder: Path = field(default_factory=lambda: Path(".tilik/models"))
    weights: Literal["DEFAULT", "random"] = "DEFAULT"
    device: str = "cpu"
    score_floor: float = SCORE_FLOOR
    batch_frames: int = 8
    threads: int | None = None


class Detector(Protocol):
    """Finds objects in pictures.

    Deterministic on one machine; does not change its input; a batch gives what its pictures give one by one, to within
    rounding. Threads may ask at once.
    """

    @property
    def card(self) -> ModelCard:
        """Give the model card."""

    @property
    def device(self) -> str:
        """Return where the network runs: ``cpu``, ``cuda`` or ``cuda:<number>``."""

    @property
    def weights_sha256(self) -> str:
        """Give the SHA-256 of the weights, in hex: together with the detector's name it says who judged."""

    @property
    def thresholds(self) -> Mapping[Tiles, Thresholds]:
        """Give the least score at which an object is reported, by class, for frames cut so."""

    def input_hw(self, picture_hw: tuple[int, int]) -> tuple[int, int]:
        """Give the size of input, height and width in px, that suits a picture of this size."""

    def infer(self, inputs_bgr: InputsBgr, least_score: float = 0.0) -> list[Objects]:
        """Find objects. Blocks for the time of the network; called with inputs made by ``letterbox``.

        Args:
            inputs_bgr: uint8 [N, H, W, 3], blue, green, red; (H, W) as ``input_hw`` gave; N may be 0.
            least_score: Objects of a lower score are not asked for, which saves time: those above are the same.

        Returns:
            For each input its objects by falling score, in px of the input, all inside it, doubles removed.
        """


def load_detector(name: str, options: DetectorOptions) -> Detector:
    """Build the detector called ``name``. Reads weights; takes seconds.

    Raises:
        ConfigurationError: There is none of that name, its weights are not there or damaged, or torch, which it needs,
            is not installed.
    """
    if name not in detector_names():
        raise ConfigurationError(f"there is no detector {name!r}; there are {', '.join(detector_names())}")
    with translate_missing_torch(f"the detector {name}"):
        module = import_module(f"services.detect.detectors.{name}")
    detector: Detector = module.build(options)
    return detector
