from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from services.detect.scene import WIDTH_PX, facts_of, measure_scene, reliability_of, small_luma
from tests.detect.pictures import street_bgr, textured_bgr


def differing_bits(a: str, b: str) -> int:
    return (int(a, 16) ^ int(b, 16)).bit_count()


def as_u8(image: object) -> NDArray[np.uint8]:
    return np.asarray(np.clip(np.asarray(image), 0, 255), np.uint8)


def test_a_black_picture_is_dark_flat_and_not_reliable() -> None:
    scene = measure_scene(np.zeros((360, 640, 3), np.uint8))
    assert (scene.luma, scene.contrast, scene.sharpness) == (0.0, 0.0, 0.0)
    assert reliability_of(scene) == 0.0


def test_a_clear_picture_is_reliable() -> None:
    assert reliability_of(measure_scene(street_bgr())) == 1.0


def test_blur_lowers_sharpness_and_reliability() -> None:
    blurred = as_u8(cv2.GaussianBlur(street_bgr(), (0, 0), 12))
    scene = measure_scene(blurred)
    assert scene.sharpness < measure_scene(street_bgr()).sharpness / 20
    assert reliability_of(scene) < 0.5


def test_the_content_hash_is_equal_for_equal_pictures_only() -> None:
    image = street_bgr()
    changed = image.copy()
    changed[100:108, 200:208] ^= 64
    assert measure_scene(image).content_hash == measure_scene(image.copy()).content_hash
    assert measure_scene(image).content_hash != measure_scene(changed).content_hash


def test_the_signature_follows_the_view_and_not_the_light() -> None:
    image = textured_bgr()
    reference = measure_scene(image).signature
    darker = measure_scene(as_u8(image * 0.6)).signature
    shifted = measure_scene(np.roll(image, (60, 150), axis=(0, 1))).signature
    assert differing_bits(reference, darker) < 32
    assert differing_bits(reference, shifted) > 48


def test_facts_hardly_depend_on_the_resolution() -> None:
    large, small = street_bgr(), as_u8(cv2.resize(street_bgr(), (480, 270), interpolation=cv2.INTER_AREA))
    a, b = measure_scene(large), measure_scene(small)
    assert abs(a.luma - b.luma) < 0.02
    assert abs(a.contrast - b.contrast) < 0.05


def test_facts_come_of_the_small_luma_alone() -> None:
    image = street_bgr()
    luma = small_luma(image)
    assert luma.dtype == np.uint8
    assert luma.shape == (round(image.shape[0] * WIDTH_PX / image.shape[1]), WIDTH_PX)
    assert facts_of(luma) == measure_scene(image)
    assert facts_of(np.asfortranarray(luma)) == facts_of(luma)


def test_facts_say_what_their_names_say() -> None:
    luma = np.zeros((180, WIDTH_PX), np.uint8)
    luma[::2] = 200
    scene = facts_of(luma)
    edges = cv2.Laplacian(luma, cv2.CV_64F)
    assert scene.luma == round(100 / 255, 4)
    assert scene.contrast == round(100 / 255, 4)
    assert scene.sharpness == round(float(edges.var()), 2)
