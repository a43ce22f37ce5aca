"""One suite for every file in detectors/: a new one is tested without touching this."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from services.detect.detector import Detector, DetectorOptions, load_detector
from services.detect.detector_names import detector_names
from services.detect.letterbox import letterbox
from services.detect.objects import CLASSES, COCO_91, Objects
from services.runtime.errors import ConfigurationError, FatalError
from tests.detect.pictures import street_bgr

if TYPE_CHECKING:
    from torch import nn

    from services.detect.torchvision_detection import TorchvisionModel

FLOOR = 0.01
COCO_LABELS = 91
SMALL_LONG_SIDE = 256
"""Of torchvision's models here, px: so that none takes seconds a picture."""
OF_TORCHVISION = [name for name in detector_names() if name != "nanodet"]
every_detector = pytest.mark.parametrize(
    "name", ["nanodet", *(pytest.param(name, marks=pytest.mark.torch) for name in OF_TORCHVISION)]
)


@cache
def detector(name: str) -> Detector:
    """NanoDet with its weights; the others with random ones, which are the only ones to be had everywhere."""
    model = getattr(import_module(f"services.detect.detectors.{name}"), "MODEL", None)
    if model is None:
        return load_detector(name, DetectorOptions(score_floor=FLOOR))
    from services.detect.torchvision_detection import TorchvisionDetector

    model = replace(model, make=speaking(model.make), long_side=min(model.long_side, SMALL_LONG_SIDE))
    return TorchvisionDetector(model, DetectorOptions(weights="random", score_floor=FLOOR))


def speaking(make: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    """Let random weights say something: without, none of our classes is among the best of 91. Few proposals: quick."""
    import torch
    from torch import nn

    silent = [label for label in range(COCO_LABELS) if label not in COCO_91.values()]

    def made(**settings: object) -> nn.Module:
        if "box_score_thresh" in settings:
            settings["rpn_post_nms_top_n_test"] = 50
        network = make(**settings)
        for layer in network.modules():
            count = getattr(layer, "out_features", getattr(layer, "out_channels", 1))
            if count % COCO_LABELS == 0 and isinstance(layer, nn.Linear | nn.Conv2d):
                assert layer.bias is not None
                with torch.no_grad():
                    torch.unflatten(layer.weight, 0, (-1, COCO_LABELS))[:, silent] = 0
                    torch.unflatten(layer.bias, 0, (-1, COCO_LABELS))[:, silent] -= 3
        return network

    return made


def inputs(name: str, count: int) -> NDArray[np.uint8]:
    image = street_bgr()
    height, width = detector(name).input_hw((360, 640))
    shifted = [np.roll(image, 37 * index, axis=1) for index in range(count)]
    return np.stack([letterbox(each, (height, width))[0] for each in shifted])


@cache
def found(name: str) -> list[Objects]:
    """What each of three pictures shows, judged together."""
    return detector(name).infer(inputs(name, 3))


def all_found_in(some: Objects, others: Objects) -> bool:
    """Tell whether each object of ``some`` is in ``others``, to within what another batch size changes in its sums.

    Scores near the floor are left out: rounding may carry them over it.
    """
    for box, score, index in zip(some.boxes_xyxy_px, some.scores, some.classes, strict=True):
        near = np.abs(others.boxes_xyxy_px - box).max(axis=1, initial=0) < 0.5
        alike = near & (np.abs(others.scores - score) < 1e-3) & (others.classes == index)
        if score > 2 * FLOOR and not alike.any():
            return False
    return True


@every_detector
def test_shapes_types_and_ranges(name: str) -> None:
    height, width = inputs(name, 1).shape[1:3]
    assert len(found(name)) == 3
    for objects in found(name):
        count = len(objects)
        assert count > 0, "the suite must not pass on empty results"
        assert objects.boxes_xyxy_px.shape == (count, 4)
        assert objects.boxes_xyxy_px.dtype == np.float32
        assert objects.scores.dtype == np.float32
        assert objects.classes.dtype == np.int64
        left, top, right, bottom = objects.boxes_xyxy_px.T
        assert ((left >= 0) & (left <= right) & (right <= width)).all()
        assert ((top >= 0) & (top <= bottom) & (bottom <= height)).all()
        assert ((objects.scores >= FLOOR) & (objects.scores <= 1)).all()
        assert (np.diff(objects.scores) <= 0).all()
        assert ((objects.classes >= 0) & (objects.classes < len(CLASSES))).all()


@every_detector
def test_an_empty_batch_gives_nothing(name: str) -> None:
    height, width = detector(name).input_hw((720, 1280))
    assert detector(name).infer(np.zeros((0, height, width, 3), np.uint8)) == []


@every_detector
def test_a_batch_gives_what_its_pictures_give_one_by_one(name: str) -> None:
    batch = inputs(name, 3)
    alone = [detector(name).infer(batch[index : index + 1])[0] for index in range(3)]
    assert all(all_found_in(a, b) and all_found_in(b, a) for a, b in zip(found(name), alone, strict=True))
    assert any((objects.scores > 2 * FLOOR).any() for objects in alone)


@every_detector
def test_asking_for_high_scores_alone_gives_those_as_they_were(name: str) -> None:
    scores = np.concatenate([objects.scores for objects in found(name)])
    for least in (float(np.median(scores)), float(scores.max()) + 0.01):
        high = detector(name).infer(inputs(name, 3), least)
        for some, all_of_it in zip(high, found(name), strict=True):
            expected = all_of_it.at(all_of_it.scores >= least)
            assert np.array_equal(some.boxes_xyxy_px, expected.boxes_xyxy_px)
            assert np.array_equal(some.scores, expected.scores)
            assert np.array_equal(some.classes, expected.classes)


@every_detector
def test_the_same_input_gives_the_same_result_and_is_not_changed(name: str) -> None:
    batch = inputs(name, 1)
    before = batch.copy()
    first, second = detector(name).infer(batch)[0], detector(name).infer(batch)[0]
    assert np.array_equal(first.boxes_xyxy_px, second.boxes_xyxy_px)
    assert np.array_equal(first.scores, second.scores)
    assert np.array_equal(batch, before)


@every_detector
def test_built_again_it_has_the_same_weights(name: str) -> None:
    again = load_detector(name, DetectorOptions(weights="random"))
    assert again.weights_sha256 == load_detector(name, DetectorOptions(weights="random")).weights_sha256
    assert len(again.weights_sha256) == 64


@every_detector
@pytest.mark.parametrize("picture_hw", [(720, 1280), (1280, 720), (576, 768), (16, 160), (2160, 3840)])
def test_inputs_are_no_larger_than_the_network_needs(name: str, picture_hw: tuple[int, int]) -> None:
    height, width = detector(name).input_hw(picture_hw)
    assert 1 <= height <= 640
    assert 1 <= width <= 640


@every_detector
def test_the_card_and_the_thresholds_are_complete(name: str) -> None:
    card = detector(name).card
    assert all((card.title, card.source, card.licence, card.training_data, card.thresholds_chosen_on, card.limits))
    assert set(detector(name).thresholds) == {"1x1", "2x2"}
    for thresholds in detector(name).thresholds.values():
        assert set(thresholds) == set(CLASSES)
        assert all(0 < score < 1 for score in thresholds.values())


@pytest.mark.torch
@pytest.mark.parametrize("name", OF_TORCHVISION)
@pytest.mark.parametrize(
    "parts", [("backbone",), ("cls_score", "classification_head"), ("bbox_pred", "regression_head")]
)
def test_a_network_of_torchvision_that_gives_no_numbers_ends_the_process(name: str, parts: tuple[str, ...]) -> None:
    """NanoDet's runner is held to the same in ``test_running.py``."""
    import torch

    from services.detect.torchvision_detection import TorchvisionDetector

    model: TorchvisionModel = import_module(f"services.detect.detectors.{name}").MODEL

    def poisoned(**settings: object) -> nn.Module:
        network = model.make(**settings)
        weights = [weight for place, weight in network.named_parameters() if any(part in place for part in parts)]
        with torch.no_grad():
            weights[-1].view(-1)[0] = float("nan")
        return network

    broken = TorchvisionDetector(
        replace(model, make=poisoned, long_side=min(model.long_side, SMALL_LONG_SIDE)),
        DetectorOptions(weights="random"),
    )
    with pytest.raises(FatalError, match="no number"):
        broken.infer(inputs(name, 1))


def test_an_unknown_detector_is_refused_and_the_known_ones_are_listed() -> None:
    with pytest.raises(ConfigurationError, match="nanodet"):
        load_detector("yolo", DetectorOptions())


def test_absent_weights_say_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="tilik models fetch"):
        load_detector("nanodet", DetectorOptions(models_folder=tmp_path))


@pytest.mark.parametrize("name", OF_TORCHVISION)
def test_without_torch_its_detectors_say_how_to_get_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("torch", "torchvision", *(each for each in sys.modules if each.startswith("torchvision."))):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, f"services.detect.detectors.{name}", raising=False)
    with pytest.raises(ConfigurationError, match=rf"{name} needs torch .*pip install 'tilik\[detect-cuda\]'"):
        load_detector(name, DetectorOptions())


def test_without_torch_a_gpu_is_refused_and_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "services.detect.graph_running", raising=False)
    monkeypatch.delitem(sys.modules, "services.detect.models.nanodet_network", raising=False)
    with pytest.raises(ConfigurationError, match=r"device cuda needs torch .*TILIK_TORCH=1 make setup"):
        load_detector("nanodet", DetectorOptions(device="cuda"))
