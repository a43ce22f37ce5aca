"""What is hidden is gone before anything is encoded; the rest of the picture stays."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import simplejpeg
from numpy.typing import NDArray

from services.privacy.anonymise import BLOCKS_ALONG, JPEG_QUALITY, anonymise, anonymise_jpeg
from services.privacy.pixel_boxes import pixel_box
from services.runtime.errors import InvalidMessageError

BOX = (0.25, 0.2, 0.5, 0.8)
EXIF = b"\xff\xe1\x00\x10Exif\x00\x00secret!!"
COMMENT = b"\xff\xfe\x00\x0cposition!!"


def textured(height: int = 288, width: int = 384, seed: int = 1) -> NDArray[np.uint8]:
    """Give a picture that has detail everywhere."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def region_of(image_bgr: NDArray[np.uint8], box: tuple[float, float, float, float] = BOX) -> NDArray[np.uint8]:
    left, top, right, bottom = pixel_box(box, (image_bgr.shape[0], image_bgr.shape[1]))
    return image_bgr[top:bottom, left:right]


def test_what_is_outside_is_untouched_and_what_is_inside_is_blocks() -> None:
    before = textured()
    after = before.copy()
    anonymise(after, [BOX])
    inside = np.zeros(before.shape[:2], bool)
    left, top, right, bottom = pixel_box(BOX, (288, 384))
    inside[top:bottom, left:right] = True
    assert (after[~inside] == before[~inside]).all()
    colours = np.unique(region_of(after).reshape(-1, 3), axis=0)
    assert len(colours) <= BLOCKS_ALONG * BLOCKS_ALONG * 2, "a few blocks, each of one colour"


def test_two_pictures_with_the_same_means_become_the_same_blocks_but_for_noise() -> None:
    """What is published follows from block means alone: all else of two very different pictures is gone."""
    flat = np.full((96, 96, 3), 128, np.uint8)
    striped = flat.copy()
    striped[:, ::2], striped[:, 1::2] = 78, 178
    for image in (flat, striped):
        anonymise(image, [(0.0, 0.0, 1.0, 1.0)])
    assert abs(flat.astype(int) - striped).max() <= 64
    assert len(np.unique(striped.reshape(-1, 3), axis=0)) <= BLOCKS_ALONG**2


def test_noise_is_drawn_anew_each_time() -> None:
    first, second = textured(), textured()
    anonymise(first, [BOX])
    anonymise(second, [BOX])
    assert (region_of(first) != region_of(second)).any()


@pytest.mark.parametrize("box", [(0.0, 0.0, 0.001, 0.001), (0.999, 0.999, 1.0, 1.0), (0.5, 0.0, 0.502, 1.0)])
def test_a_box_that_touches_a_pixel_destroys_it(box: tuple[float, float, float, float]) -> None:
    image = textured()
    before = image.copy()
    anonymise(image, [box])
    assert region_of(image, box).size
    assert len(np.unique(region_of(image, box).reshape(-1, 3), axis=0)) <= 1 + 288 // 12
    assert (image != before).any(axis=2).sum() <= region_of(image, box).shape[0] * region_of(image, box).shape[1]


@pytest.mark.parametrize("box", [(0.5, 0.5, 0.5, 0.5), (0.7, 0.2, 0.3, 0.6)])
def test_an_empty_box_hides_nothing_and_breaks_nothing(box: tuple[float, float, float, float]) -> None:
    image = textured()
    before = image.copy()
    anonymise(image, [box])
    assert (image == before).all()


def test_a_jpeg_keeps_its_picture_and_loses_what_else_was_in_the_file() -> None:
    smooth = cv2.GaussianBlur(textured(), (0, 0), 8)
    jpeg = simplejpeg.encode_jpeg(smooth, colorspace="BGR", quality=95)
    told = jpeg[:2] + EXIF + COMMENT + jpeg[2:]
    assert simplejpeg.decode_jpeg(told).shape == smooth.shape, "the file is a valid JPEG with segments"
    published = anonymise_jpeg(told, [BOX], quality=JPEG_QUALITY)
    assert b"secret" not in published
    assert b"position" not in published
    shown = simplejpeg.decode_jpeg(published, colorspace="BGR")
    assert shown.shape == smooth.shape
    right_third = (slice(None), slice(280, None))
    assert abs(shown[right_third].astype(int) - smooth[right_third]).mean() < 6


def test_a_picture_is_made_smaller_when_asked() -> None:
    jpeg = simplejpeg.encode_jpeg(textured(), colorspace="BGR")
    assert simplejpeg.decode_jpeg(anonymise_jpeg(jpeg, [BOX], longest_px=192)).shape == (144, 192, 3)
    assert simplejpeg.decode_jpeg(anonymise_jpeg(jpeg, [BOX], longest_px=4000)).shape == (288, 384, 3)


@pytest.mark.parametrize("damaged", [b"", b"not a JPEG", b"\xff\xd8\xff\xe0"])
def test_what_is_no_picture_is_not_published(damaged: bytes) -> None:
    with pytest.raises(InvalidMessageError):
        anonymise_jpeg(damaged, [])
