"""Faster R-CNN on ResNet-50 in its second form, from torchvision: two orders dearer than NanoDet-g, for GPUs.

Source: Ren et al. 2015, arXiv:1506.01497; Li et al. 2021, arXiv:2111.11429.
"""

from __future__ import annotations

from torchvision.models.detection import fasterrcnn_resnet50_fpn_v2

from schemas.camera_events import ObjectClass
from services.detect.detector import DetectorOptions, ModelCard, Thresholds, Tiles
from services.detect.objects import CLASSES
from services.detect.torchvision_detection import TorchvisionDetector, TorchvisionModel

CARD = ModelCard(
    title="Faster R-CNN ResNet-50 FPN v2",
    source='torchvision, weights COCO_V1 ("DEFAULT")',
    licence="BSD-3-Clause (torchvision); the weights are published with it",
    training_data="COCO train2017 (annotations CC BY 4.0; pictures under their Flickr licences)",
    thresholds_chosen_on="not chosen on data yet: the published weights could not be had where this was written; "
    ".5 is what torchvision's own examples use",
    limits=(
        "It is given 640 px on the longer side, a quarter of the work of the 1333 px that it was published with; use "
        "2x2 tiles for small things.",
        "A frame takes about a second on one CPU core: it is for GPUs, and not measured on one.",
        "COCO AP 46.7 by torchvision's own measurement, at 1333 px; not measured on this project's footage.",
    ),
)

_THRESHOLDS: dict[ObjectClass, float] = dict.fromkeys(CLASSES, 0.5)
THRESHOLDS: dict[Tiles, Thresholds] = {"1x1": _THRESHOLDS, "2x2": _THRESHOLDS}

MODEL = TorchvisionModel(
    make=fasterrcnn_resnet50_fpn_v2,
    card=CARD,
    thresholds=THRESHOLDS,
    long_side=640,
    resizes=True,
)


def build(options: DetectorOptions) -> TorchvisionDetector:
    """Give the detector; downloads weights the first time they are asked for.

    Raises:
        ConfigurationError: The weights can't be had.
    """
    return TorchvisionDetector(MODEL, options)
