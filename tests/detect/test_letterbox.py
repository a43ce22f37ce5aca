from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.detect.letterbox import FILL_LEVEL, Placement, letterbox, undo_letterbox

sides = st.integers(16, 700)
shares = st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4)


@settings(max_examples=60, deadline=None)
@given(height=sides, width=sides, input_hw=st.tuples(sides, sides), corners=shares)
def test_letterbox_then_undo_is_identity_to_half_a_pixel(
    height: int, width: int, input_hw: tuple[int, int], corners: list[float]
) -> None:
    _, placement = letterbox(np.zeros((height, width, 3), np.uint8), input_hw)
    x, y = sorted(corners[:2]), sorted(corners[2:])
    boxes = np.array([[x[0] * width, y[0] * height, x[1] * width, y[1] * height]], np.float32)
    undone = undo_letterbox(_placed(boxes, placement), placement)
    assert np.abs(undone - boxes).max() <= 0.5


@settings(max_examples=60, deadline=None)
@given(height=sides, width=sides, input_hw=st.tuples(sides, sides))
def test_the_picture_touches_two_sides_of_the_input_and_stays_inside(
    height: int, width: int, input_hw: tuple[int, int]
) -> None:
    _, placement = letterbox(np.zeros((height, width, 3), np.uint8), input_hw)
    fitted_height, fitted_width = height * placement.scale_y, width * placement.scale_x
    assert fitted_height <= input_hw[0] + 1e-6
    assert fitted_width <= input_hw[1] + 1e-6
    assert round(fitted_height) == input_hw[0] or round(fitted_width) == input_hw[1]


def test_margins_are_grey_and_the_picture_is_between_them() -> None:
    image = np.full((100, 200, 3), 255, np.uint8)
    fitted, placement = letterbox(image, (400, 400))
    assert (placement.left, placement.top) == (0, 100)
    assert (fitted[:100] == FILL_LEVEL).all()
    assert (fitted[100:300] == 255).all()
    assert (fitted[300:] == FILL_LEVEL).all()


def test_a_mark_is_where_its_box_is() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    image[100:140, 300:380] = 255
    fitted, placement = letterbox(image, (320, 416))
    rows, columns = np.nonzero(fitted[..., 0] == 255)
    box = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float32)
    assert np.abs(undo_letterbox(box, placement) - [300, 100, 380, 140]).max() < 1.6  # one px of the input


def test_boxes_beyond_the_margins_are_cut_at_the_picture() -> None:
    _, placement = letterbox(np.zeros((100, 200, 3), np.uint8), (400, 400))
    boxes = undo_letterbox(np.array([[-50, 0, 450, 400]], np.float32), placement)
    assert boxes.tolist() == [[0, 0, 200, 100]]


def _placed(boxes_xyxy_px: NDArray[np.float32], placement: Placement) -> NDArray[np.float32]:
    scale = np.array([placement.scale_x, placement.scale_y] * 2, np.float32)
    move = np.array([placement.left, placement.top] * 2, np.float32)
    return np.asarray(boxes_xyxy_px * scale + move, np.float32)
