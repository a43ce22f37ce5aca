"""Both ways of making inputs, side by side: on the CPU, and the one for GPUs with a list decoder on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import simplejpeg

from services.detect import preparation as on_cpu
from services.detect.decode import decode
from services.detect.detector import Tiles
from services.detect.preparation import CpuPreparation, Preparation
from services.detect.views import Asked, Prepared
from services.runtime.errors import InvalidMessageError
from tests.detect.pictures import jpeg_of, nanodet, street_bgr, textured_bgr

if TYPE_CHECKING:
    from torch import Tensor

MOST_DIFFERING_BITS = 5
"""Of 256. Decoding real footage at any of libjpeg's scales changed no more: cells that are nearly equal."""
LEAST_SHARPNESS_RATIO = 0.65
"""Of real footage, decoded at three and five eighths, against full size: .68 to 1.01."""


def decode_list(jpegs: Sequence[bytes]) -> list[Tensor]:
    """Decode as nvJPEG does: at full size, all or nothing."""
    import torch

    try:
        return [torch.from_numpy(simplejpeg.decode_jpeg(jpeg, colorspace="RGB")).permute(2, 0, 1) for jpeg in jpegs]
    except ValueError as error:
        raise RuntimeError(str(error)) from error


def device_preparation(group_frames: int = 3) -> Preparation:
    """Return the way of a GPU, on the CPU."""
    import torch

    from services.detect.device_preparation import DevicePreparation

    return DevicePreparation(torch.device("cpu"), decode_list, group_frames)


def both() -> list[Preparation]:
    return [CpuPreparation(), device_preparation()]


each_way = pytest.mark.parametrize(
    "make_way", [CpuPreparation, pytest.param(device_preparation, marks=pytest.mark.torch)], ids=["cpu", "device"]
)


def asked(jpeg: bytes, size_hw: tuple[int, int] = (360, 640), tiles: Tiles = "1x1", water: bool = False) -> Asked:
    return Asked(jpeg, size_hw, tiles, water, nanodet().input_hw)


def whole(results: Iterator[Prepared | InvalidMessageError]) -> list[Prepared]:
    prepared = list(results)
    assert all(isinstance(each, Prepared) for each in prepared)
    return [each for each in prepared if isinstance(each, Prepared)]


@each_way
def test_one_broken_jpeg_harms_no_other(make_way: Callable[[], Preparation]) -> None:
    way = make_way()
    jpegs = [jpeg_of(street_bgr(360, 640 - 8 * n)) for n in range(5)]
    frames = [asked(jpeg, (360, 640 - 8 * n)) for n, jpeg in enumerate(jpegs)]
    frames[1] = asked(jpegs[1][:3000], (360, 632))
    frames[3] = asked(jpegs[3][:300] + bytes(2000) + jpegs[3][2300:], (360, 616))
    results = list(way.prepare(frames))
    assert [type(each) for each in results] == [Prepared, InvalidMessageError, Prepared, InvalidMessageError, Prepared]
    assert [each.reason for each in results if isinstance(each, InvalidMessageError)] == ["undecodable"] * 2
    for index in (0, 2, 4):
        (alone,) = whole(way.prepare([frames[index]]))
        among = results[index]
        assert isinstance(among, Prepared)
        assert among.scene == alone.scene
        assert np.array_equal(among.inputs_bgr[0], alone.inputs_bgr[0])


@each_way
@pytest.mark.parametrize(("tiles", "views"), [("1x1", 1), ("2x2", 5)])
def test_there_is_one_input_a_view_and_water_only_where_asked(
    make_way: Callable[[], Preparation], tiles: Tiles, views: int
) -> None:
    jpeg = jpeg_of(street_bgr())
    dry, wet = whole(make_way().prepare([asked(jpeg, tiles=tiles), asked(jpeg, tiles=tiles, water=True)]))
    for each in (dry, wet):
        assert [tuple(one.shape) for one in each.inputs_bgr] == [(256, 416, 3)] * views
        assert len(each.views) == views
        assert {np.asarray(one).dtype for one in each.inputs_bgr} == {np.dtype(np.uint8)}
    assert dry.water_bgr is None
    assert wet.water_bgr is not None
    assert tuple(wet.water_bgr.shape) == (288, 512, 3)


@each_way
def test_no_frames_give_nothing(make_way: Callable[[], Preparation]) -> None:
    assert list(make_way().prepare([])) == []


@pytest.mark.torch
@pytest.mark.parametrize(
    ("size_hw", "tiles"), [((360, 640), "2x2"), ((234, 416), "1x1"), ((200, 300), "2x2"), ((416, 240), "1x1")]
)
def test_both_ways_give_the_same_inputs_to_one_level(size_hw: tuple[int, int], tiles: Tiles) -> None:
    """At sizes that the CPU too decodes in full; shrunk JPEGs differ by what libjpeg's own shrinking does."""
    frame = asked(jpeg_of(street_bgr(*size_hw)), size_hw, tiles, water=True)
    first, second = (whole(way.prepare([frame]))[0] for way in both())
    assert (first.decoded_hw, first.views) == (second.decoded_hw, second.views) == (size_hw, first.views)
    assert first.water_bgr is not None
    assert second.water_bgr is not None
    for a, b in zip((*first.inputs_bgr, first.water_bgr), (*second.inputs_bgr, second.water_bgr), strict=True):
        assert np.abs(np.asarray(a).astype(int) - np.asarray(b)).max() <= 1


@pytest.mark.torch
@pytest.mark.parametrize("size_hw", [(360, 640), (720, 1280), (576, 768)])
def test_both_ways_state_the_same_scene(size_hw: tuple[int, int]) -> None:
    image = cv2.addWeighted(textured_bgr(*size_hw), 0.6, street_bgr(*size_hw), 0.4, 0)
    frame = asked(jpeg_of(np.asarray(image, np.uint8)), size_hw)
    first, second = (whole(way.prepare([frame]))[0].scene for way in both())
    assert LEAST_SHARPNESS_RATIO < first.sharpness / second.sharpness < 1.02
    assert abs(first.luma - second.luma) < 0.005
    assert abs(first.contrast - second.contrast) < 0.005
    assert (int(first.signature, 16) ^ int(second.signature, 16)).bit_count() <= MOST_DIFFERING_BITS


def test_a_large_jpeg_is_decoded_once_and_only_as_large_as_all_need(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []

    def counted(jpeg: bytes, size_hw: tuple[int, int], least_hw: tuple[int, int]) -> object:
        picture = decode(jpeg, size_hw, least_hw)
        decoded.append(picture.image_bgr.shape[:2])
        return picture

    monkeypatch.setattr(on_cpu, "decode", counted)
    jpeg = jpeg_of(street_bgr(720, 1280))
    frames = [asked(jpeg, (720, 1280), water=water, tiles=tiles) for tiles in ("1x1", "2x2") for water in (False, True)]
    results = whole(CpuPreparation(threads=1).prepare(frames))
    # Three, four and five eighths: the smallest of libjpeg's scales with 416, 512 and 694 px of width.
    assert decoded == [(270, 480), (360, 640), (450, 800), (450, 800)]
    assert [each.decoded_hw for each in results] == decoded


def test_what_lies_ready_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []

    def counted(each: Asked) -> int:
        begun.append(each)
        return len(begun)

    monkeypatch.setattr(on_cpu, "_prepared", counted)
    results = CpuPreparation(threads=2, most_ahead=3).prepare([asked(b"")] * 20)
    for taken, _ in enumerate(results, start=1):
        assert len(begun) <= taken + 3
    assert len(begun) == 20


@each_way
def test_inputs_are_the_pictures_in_their_colours(make_way: Callable[[], Preparation]) -> None:
    image = np.zeros((360, 640, 3), np.uint8)
    image[...] = (200, 100, 20)
    (prepared,) = whole(make_way().prepare([asked(jpeg_of(image), water=True)]))
    assert prepared.water_bgr is not None
    for pixels in (prepared.inputs_bgr[0][128], prepared.water_bgr[144]):
        assert np.abs(np.asarray(pixels).astype(int) - [200, 100, 20]).max() <= 3
