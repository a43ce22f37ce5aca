"""What is the GPU form's own: lists for the decoder, and who is asked when it refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event

import numpy as np
import pytest
import simplejpeg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from torch import Tensor

from services.detect.device_preparation import DevicePreparation, groups_of, halving, try_decoder
from services.detect.views import Asked, Prepared
from services.runtime.errors import FatalError
from tests.detect.pictures import jpeg_of, nanodet, street_bgr
from tests.detect.test_look_ahead import PATIENCE_SECONDS
from tests.detect.test_preparation import decode_list

pytestmark = pytest.mark.torch


def asked(jpeg: bytes, size_hw: tuple[int, int] = (360, 640), water: bool = False) -> Asked:
    return Asked(jpeg, size_hw, "1x1", water, nanodet().input_hw)


@settings(deadline=None)  # the first one loads the network
@given(pixels=st.lists(st.integers(1, 50), max_size=30), most_frames=st.integers(1, 8))
def test_groups_keep_order_and_bounds(pixels: list[int], most_frames: int) -> None:
    frames = [asked(bytes([index]), (1, count)) for index, count in enumerate(pixels)]
    groups = list(groups_of(frames, most_frames, most_pixels=60))
    assert [each for group in groups for each in group] == frames
    totals = [sum(each.size_hw[1] for each in group) for group in groups]
    assert all(len(group) <= most_frames for group in groups)
    for group, total, following in zip(groups, totals, groups[1:], strict=False):  # closed only when it is full
        assert len(group) == most_frames or total + following[0].size_hw[1] > 60
    assert max(totals, default=0) <= 60


@given(refused=st.lists(st.booleans(), max_size=40))
def test_a_refusal_is_found_by_halving(refused: list[bool]) -> None:
    lists = []

    def decode(jpegs: Sequence[bytes]) -> list[Tensor]:
        lists.append(len(jpegs))
        if any(refused[jpeg[0]] for jpeg in jpegs):
            raise RuntimeError("one of them")
        return [torch.tensor([jpeg[0]]) for jpeg in jpegs]

    found = halving(decode, [bytes([index]) for index in range(len(refused))])
    assert [None if each is None else int(each) for each in found] == [
        None if bad else index for index, bad in enumerate(refused)
    ]
    if refused and not any(refused):
        assert lists == [len(refused)]


def test_a_single_refusal_costs_its_list_no_more_than_twice() -> None:
    handed = []

    def decode(jpegs: Sequence[bytes]) -> list[Tensor]:
        handed.append(len(jpegs))
        if b"bad" in jpegs:
            raise RuntimeError("one of them")
        return [torch.zeros(1) for _ in jpegs]

    halving(decode, [b"bad" if index == 37 else b"good" for index in range(64)])
    assert sum(handed) <= 64 + 2 * 64


def test_want_of_memory_is_no_refusal() -> None:
    lists = []

    def decode(jpegs: Sequence[bytes]) -> list[Tensor]:
        lists.append(len(jpegs))
        raise RuntimeError("Error while decoding JPEG images: CUDA out of memory. Tried to allocate 2.64 MiB.")

    with pytest.raises(RuntimeError, match="out of memory"):
        halving(decode, [b"one", b"two"])
    assert lists == [2]


def test_a_decoder_that_refuses_a_good_jpeg_ends_the_start() -> None:
    def refuses(jpegs: Sequence[bytes]) -> list[Tensor]:
        raise RuntimeError("no nvJPEG in this build")

    with pytest.raises(FatalError, match="no nvJPEG in this build"):
        try_decoder(refuses)


def coarsely(jpeg: bytes) -> Tensor:
    """Decode by another DCT, halved colours without a transition, as decoders may."""
    image_rgb = simplejpeg.decode_jpeg(jpeg, colorspace="RGB", fastdct=True, fastupsample=True)
    return torch.from_numpy(image_rgb).permute(2, 0, 1)


def without_colours(rgb: Tensor) -> Tensor:
    return rgb.float().mean(0, keepdim=True).expand(3, -1, -1).to(torch.uint8)


def in_video_range(rgb: Tensor) -> Tensor:
    return ((rgb.float() - 16) * 255 / 219).clamp(0, 255).to(torch.uint8)


def test_a_decoder_that_rounds_otherwise_is_taken() -> None:
    try_decoder(decode_list)
    try_decoder(lambda jpegs: [coarsely(jpeg) for jpeg in jpegs])


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda rgb: rgb // 2, id="darker"),
        pytest.param(lambda rgb: rgb.flip(0), id="blue, green, red"),
        pytest.param(without_colours, id="no colours"),
        pytest.param(in_video_range, id="video's levels"),
        pytest.param(lambda rgb: rgb.roll(1, 1), id="rows moved by one"),
        pytest.param(lambda rgb: rgb.roll(1, 2), id="columns moved by one"),
        pytest.param(lambda rgb: torch.cat([rgb[:, :240], rgb[:, 230:240]], 1), id="the last blocks' rows not decoded"),
        pytest.param(lambda rgb: rgb[:, :240], id="cut to whole blocks"),
        pytest.param(lambda rgb: rgb[:1], id="one channel"),
    ],
)
def test_a_decoder_that_spoils_a_good_jpeg_ends_the_start(spoil: Callable[[Tensor], Tensor]) -> None:
    with pytest.raises(FatalError, match="wrongly"):
        try_decoder(lambda jpegs: [spoil(picture) for picture in decode_list(jpegs)])


def test_frames_that_libjpeg_decodes_in_place_of_the_device_are_counted_and_told_of_once_a_minute() -> None:
    now, good = 1000.0, jpeg_of(street_bgr(64, 64))

    def refuses(jpegs: Sequence[bytes]) -> list[Tensor]:
        raise RuntimeError("not of my kind")

    preparation = DevicePreparation(torch.device("cpu"), refuses, 2, lambda: now)
    with capture_logs() as logs:
        list(preparation.prepare([asked(good, (64, 64))] * 3 + [asked(good[:-40], (64, 64))]))
        now = 1059.0
        list(preparation.prepare([asked(good, (64, 64))]))
        now = 1061.0
        list(preparation.prepare([asked(good, (64, 64))]))
    assert preparation.by_libjpeg == 5  # a broken one is nobody's
    assert [entry["frames"] for entry in logs if entry["event"] == "detect.device_refused_jpegs"] == [2, 3]


def test_what_the_list_decoder_refuses_or_turns_is_decoded_by_libjpeg() -> None:
    """nvJPEG refuses some kinds that libjpeg knows; a picture of another size than its header's would lie elsewhere."""

    def refuses(jpegs: Sequence[bytes]) -> list[Tensor]:
        raise RuntimeError("not of my kind")

    def turns(jpegs: Sequence[bytes]) -> list[Tensor]:
        return [picture.transpose(1, 2) for picture in decode_list(jpegs)]

    frame = asked(jpeg_of(street_bgr()), water=True)
    (usual,), *others = (
        list(DevicePreparation(torch.device("cpu"), way).prepare([frame])) for way in (decode_list, refuses, turns)
    )
    assert isinstance(usual, Prepared)
    for (other,) in others:
        assert isinstance(other, Prepared)
        assert other.scene == usual.scene
        assert np.array_equal(other.inputs_bgr[0], usual.inputs_bgr[0])


def test_a_cut_jpeg_never_reaches_the_list_decoder() -> None:
    """It would show the missing rest in grey, and say nothing."""
    seen: list[bytes] = []

    def decode(jpegs: Sequence[bytes]) -> list[Tensor]:
        seen.extend(jpegs)
        return decode_list(jpegs)

    good = jpeg_of(street_bgr())
    cut, _ = list(DevicePreparation(torch.device("cpu"), decode).prepare([asked(good[:5000]), asked(good)]))
    assert not isinstance(cut, Prepared)
    assert cut.reason == "undecodable"
    assert seen == [good]


def test_frames_of_many_sizes_in_one_group_keep_their_order() -> None:
    sizes = [(360, 640), (240, 320), (360, 640), (100, 120), (240, 320)]
    frames = [asked(jpeg_of(street_bgr(*size)), size, water=index == 2) for index, size in enumerate(sizes)]
    results = list(DevicePreparation(torch.device("cpu"), decode_list, group_frames=4).prepare(frames))
    assert [each.decoded_hw for each in results if isinstance(each, Prepared)] == sizes
    assert [each.water_bgr is not None for each in results if isinstance(each, Prepared)] == [
        index == 2 for index in range(5)
    ]


def test_a_group_is_prepared_while_the_one_before_is_in_use_and_no_more() -> None:
    lists: list[int] = []
    second_is_begun = Event()

    def decode(jpegs: Sequence[bytes]) -> list[Tensor]:
        lists.append(len(jpegs))
        if len(lists) == 2:
            second_is_begun.set()
        return decode_list(jpegs)

    frames = [asked(jpeg_of(street_bgr(64, 64)), (64, 64))] * 9
    results = DevicePreparation(torch.device("cpu"), decode, 2).prepare(frames)
    next(results)
    assert second_is_begun.wait(PATIENCE_SECONDS)
    for taken, _ in enumerate(results, start=2):
        assert sum(lists) <= min(9, (taken + 1) // 2 * 2 + 2)  # the group in use, and one ahead
    assert lists == [2, 2, 2, 2, 1]
