"""Faster R-CNN on MobileNetV3 at 320 px, from torchvision: two stages, dearer than NanoDet-g, other mistakes.

Source: Ren et al. 2015, arXiv:1506.01497; Howard et al. 2019, arXiv:1905.02244.
"""

from __future__ import annotations

from torchvision.models.detection import fasterrcnn_mobilenet_v3_large_320_fpn

from schemas.camera_events import ObjectClass
from services.detect.detector import DetectorOptions, ModelCard, Thresholds, Tiles
from services.detect.objects import CLASSES
from services.detect.torchvision_detection import TorchvisionDetector, TorchvisionModel

CARD = ModelCard(
    title="Faster R-CNN MobileNetV3-Large 320 FPN",
    source='torchvision, weights COCO_V1 ("DEFAULT")',
    licence="BSD-3-Clause (torchvision); the weights are published with it",
    training_data="COCO train2017 (annotations CC BY 4.0; pictures under their Flickr licences)",
    thresholds_chosen_on="not chosen on data yet: the published weights could not be had where this was written; "
    ".5 is what torchvision's own examples use",
    limits=(
        "Persons and vehicles under about 16 px of its input (320 px on the shorter side) are missed; use 2x2 tiles.",
        "COCO AP 22.8 by torchvision's own measurement; not measured on this project's footage.",
    ),
)

_THRESHOLDS: dict[ObjectClass, float] = dict.fromkeys(CLASSES, 0.5)
THRESHOLDS: dict[Tiles, Thresholds] = {"1x1": _THRESHOLDS, "2x2": _THRESHOLDS}

MODEL = TorchvisionModel(
    make=fasterrcnn_mobilenet_v3_large_320_fpn,
    card=CARD,
    thresholds=THRESHOLDS,
    long_side=576,
)


def build(options: DetectorOptions) -> TorchvisionDetector:
    """Give the detector; downloads weights the first time they are asked for.

    Raises:
        ConfigurationError: The weights can't be had.
    """
    return TorchvisionDetector(MODEL, options)
