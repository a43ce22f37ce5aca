"""Resizing gives means of areas, and copies of pixels."""

from __future__ import annotations

import numpy as np

from services.privacy.resize import resize_area, resize_nearest


def test_each_pixel_is_the_mean_of_its_area() -> None:
    image = np.random.default_rng(3).integers(0, 256, (12, 20, 3), dtype=np.uint8)
    means = image.reshape(3, 4, 5, 4, 3).mean(axis=(1, 3))
    assert np.abs(resize_area(image, (3, 5)) - means).max() <= 1


def test_a_pixel_belongs_to_where_its_centre_lies() -> None:
    image = np.arange(0, 80, 10, dtype=np.uint8)[None, :, None].repeat(3, axis=2)
    assert resize_area(image, (1, 3))[0, :, 0].tolist() == [10, 35, 60]


def test_a_part_of_an_image_is_resized_as_a_copy_of_it_would_be() -> None:
    image = np.random.default_rng(4).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    part = image[7:31, 11:47]
    assert (resize_area(part, (5, 9)) == resize_area(part.copy(), (5, 9))).all()


def test_nearest_invents_no_pixel() -> None:
    image = np.random.default_rng(5).integers(0, 256, (2, 3, 3), dtype=np.uint8)
    enlarged = resize_nearest(image, (8, 12))
    assert (enlarged == image.repeat(4, axis=0).repeat(4, axis=1)).all()
