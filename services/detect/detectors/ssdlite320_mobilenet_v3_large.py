"""SSDlite at 320 px, from torchvision: the lightest of its detectors, weak on small things.

Source: Howard et al. 2019, arXiv:1905.02244.
"""

from __future__ import annotations

from torchvision.models.detection import ssdlite320_mobilenet_v3_large

from schemas.camera_events import ObjectClass
from services.detect.detector import DetectorOptions, ModelCard, Thresholds, Tiles
from services.detect.objects import CLASSES
from services.detect.torchvision_detection import TorchvisionDetector, TorchvisionModel

CARD = ModelCard(
    title="SSDlite320 MobileNetV3-Large",
    source='torchvision, weights COCO_V1 ("DEFAULT")',
    licence="BSD-3-Clause (torchvision); the weights are published with it",
    training_data="COCO train2017 (annotations CC BY 4.0; pictures under their Flickr licences)",
    thresholds_chosen_on="not chosen on data yet: the published weights could not be had where this was written; "
    ".5 is what torchvision's own examples use",
    limits=(
        "Persons and vehicles under about 30 px of its 320 px input are missed; use 2x2 tiles.",
        "COCO AP 21.3 by torchvision's own measurement; not measured on this project's footage.",
    ),
)

_THRESHOLDS: dict[ObjectClass, float] = dict.fromkeys(CLASSES, 0.5)
THRESHOLDS: dict[Tiles, Thresholds] = {"1x1": _THRESHOLDS, "2x2": _THRESHOLDS}

MODEL = TorchvisionModel(
    make=ssdlite320_mobilenet_v3_large,
    card=CARD,
    thresholds=THRESHOLDS,
    long_side=320,
    square=True,
)


def build(options: DetectorOptions) -> TorchvisionDetector:
    """Give the detector; downloads weights the first time they are asked for.

    Raises:
        ConfigurationError: The weights can't be had.
    """
    return TorchvisionDetector(MODEL, options)
