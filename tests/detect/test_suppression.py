from __future__ import annotations

import numpy as np
import pytest

from services.detect.objects import CLASSES, GROUPS, NO_OBJECTS, Objects
from services.detect.suppression import without_doubles

CAR, TRUCK, PERSON, MOTORCYCLE = (CLASSES.index(name) for name in ("car", "truck", "person", "motorcycle"))


def crowd(count: int, seed: int) -> Objects:
    """Several boxes of each of some things, none quite like another."""
    rng = np.random.default_rng(seed)
    things = rng.uniform((0, 0, 10, 10), (380, 200, 60, 60), (max(1, count // 5), 4))
    left, top, width, height = (things[rng.integers(0, len(things), count)] + rng.normal(0, 2, (count, 4))).T
    boxes = np.stack([left, top, left + width, top + height], axis=1).astype(np.float32).clip(0)
    scores = rng.permutation(np.linspace(0.05, 0.95, count)).astype(np.float32)
    return Objects(boxes, scores, rng.integers(0, len(CLASSES), count))


def found(*boxes: tuple[int, float, tuple[float, float, float, float]]) -> Objects:
    classes, scores, places = zip(*boxes, strict=True)
    return Objects(np.array(places, np.float32), np.array(scores, np.float32), np.array(classes, np.int64))


@pytest.mark.torch
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("count", [1, 7, 60, 300])
def test_it_keeps_what_torchvision_keeps(count: int, seed: int) -> None:
    import torch
    from torchvision.ops import batched_nms

    objects = crowd(count, seed)
    groups = torch.from_numpy(GROUPS[objects.classes])
    kept = batched_nms(torch.from_numpy(objects.boxes_xyxy_px), torch.from_numpy(objects.scores), groups, 0.6).numpy()
    ours = without_doubles(objects, 0.6, 300)
    assert np.array_equal(ours.boxes_xyxy_px, objects.boxes_xyxy_px[kept])
    assert np.array_equal(ours.scores, objects.scores[kept])
    assert np.array_equal(ours.classes, objects.classes[kept])
    assert count < 60 or len(ours) < 0.9 * count


def test_nothing_stays_nothing() -> None:
    assert len(without_doubles(NO_OBJECTS, 0.6, 300)) == 0


def test_what_only_overlaps_a_double_stays() -> None:
    """Each overlaps the next by two thirds, and the one after it by a third."""
    row = found(*((CAR, score, (x, 0, x + 50, 50)) for score, x in ((0.9, 0), (0.8, 10), (0.7, 20))))
    assert without_doubles(row, 0.6, 300).scores.tolist() == [np.float32(0.9), np.float32(0.7)]


def test_groups_do_not_compete_and_classes_of_a_group_do() -> None:
    box = (10.0, 10.0, 60.0, 60.0)
    objects = found((PERSON, 0.5, box), (MOTORCYCLE, 0.6, box), (CAR, 0.7, box), (TRUCK, 0.8, box))
    assert without_doubles(objects, 0.6, 300).classes.tolist() == [TRUCK, PERSON]


def test_the_best_are_kept_where_there_are_too_many() -> None:
    apart = found(*((CAR, (index + 1) / 50, (20.0 * index, 0, 20.0 * index + 10, 10)) for index in range(40)))
    assert without_doubles(apart, 0.6, 3).scores.tolist() == [np.float32(n / 50) for n in (40, 39, 38)]


def test_a_box_without_area_harms_no_other() -> None:
    objects = found((CAR, 0.9, (5, 5, 5, 5)), (CAR, 0.8, (0, 0, 10, 10)), (CAR, 0.7, (20, 0, 30, 10)))
    assert len(without_doubles(objects, 0.6, 300)) == 3
