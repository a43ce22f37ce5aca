from __future__ import annotations

import numpy as np

from services.detect.detectors.nanodet import objects_of
from services.detect.objects import CLASSES

INPUT_HW = (64, 64)
CELLS = 8 * 8 + 4 * 4 + 2 * 2
PERSON, CAR, BUS, TRUCK = (CLASSES.index(name) for name in ("person", "car", "bus", "truck"))


def nothing(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((count, CELLS, len(CLASSES)), np.float32), np.full((count, CELLS, 4), 5, np.float32)


def test_a_cell_lies_in_the_middle_of_its_stride_and_its_box_inside_the_input() -> None:
    scores, distances = nothing(1)
    scores[0, 9, PERSON] = 0.9  # the finest map's second row, second column
    scores[0, 64 + 16 + 3, CAR] = 0.8  # the coarsest map's last cell
    distances[0, 64 + 16 + 3] = (10, 20, 30, 40)

    (found,) = objects_of(scores, distances, INPUT_HW, 0.05)

    assert found.classes.tolist() == [PERSON, CAR]
    assert found.boxes_xyxy_px.tolist() == [[7, 7, 17, 17], [38, 28, 64, 64]]


def test_of_a_cells_vehicle_classes_the_best_one_counts_and_other_groups_stay() -> None:
    scores, distances = nothing(1)
    scores[0, 20, [PERSON, CAR, BUS, TRUCK]] = (0.3, 0.4, 0.6, 0.5)

    (found,) = objects_of(scores, distances, INPUT_HW, 0.05)

    assert found.classes.tolist() == [BUS, PERSON]
    assert np.allclose(found.scores, (0.6, 0.3))


def test_each_input_of_a_batch_gets_its_own_and_empty_ones_stay_empty() -> None:
    scores, distances = nothing(4)
    scores[1, 30, CAR] = 0.7
    scores[3, 2, PERSON] = 0.5
    scores[3, 50, CAR] = 0.04

    found = objects_of(scores, distances, INPUT_HW, 0.05)

    assert [each.classes.tolist() for each in found] == [[], [CAR], [], [PERSON]]
