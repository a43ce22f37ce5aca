"""JPEGs to inputs of networks on a GPU: decoded by nvJPEG in lists, and never brought back but for a small luma.

::

    JPEGs ─► groups ─► nvJPEG, the whole list ─► shrunk, fitted, stretched on the device ─► inputs
                │                    │
                │         refused: halved until it is one,
                └─ no end ─────────► libjpeg on the CPU decides

All but the decoding is written for any device that torch knows, and tested on the CPU against ``preparation.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from torch import Tensor
from torchvision.io import ImageReadMode, decode_jpeg

from services.detect.decode import decode, is_whole
from services.detect.letterbox import as_levels, letterbox_planes
from services.detect.look_ahead import results_ahead
from services.detect.resampling import resampled
from services.detect.scene import facts_of, luma_hw
from services.detect.tiles import regions_of
from services.detect.views import WATER_INPUT_HW, Asked, Prepared, View
from services.runtime.errors import InvalidMessageError

GROUP_FRAMES = 64
"""JPEGs in one list for nvJPEG."""
GROUP_PIXELS = 64_000_000
"""Pixels in one list: 70 frames of 720p. In bytes and again in half precision they take 0.6 GB of the GPU's memory; so
much is taken for two groups, and 25 million pixels (``decode.MOST_PIXELS``) are the most that one JPEG adds."""
GROUPS_AHEAD = 1
"""Groups that are worked on while the networks take the one before: there is one decoder, and it is kept busy."""
RGB_OF_LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601, as OpenCV's grey."""

Pictures = list[Tensor]
"""uint8 [3, height, width], red, green, blue, on the device."""
DecodeList = Callable[[Sequence[bytes]], Pictures]
"""Decodes all or raises RuntimeError: whichever of them it refuses, it does not say."""


class DevicePreparation:
    """See ``Preparation``. One thread works ahead; on a GPU its work runs in a stream beside that of the networks."""

    def __init__(self, device: torch.device, decode_list: DecodeList, group_frames: int = GROUP_FRAMES) -> None:
        self._device = device
        self._decode_list = decode_list
        self._group_frames = group_frames
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="decode")
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]

    def prepare(self, asked: Sequence[Asked]) -> Iterator[Prepared | InvalidMessageError]:
        """Give each frame's inputs; see ``Preparation``."""
        groups = groups_of(asked, self._group_frames)
        for group in results_ahead(self._pool, self._prepared, groups, GROUPS_AHEAD):
            yield from group

    def _prepared(self, group: Sequence[Asked]) -> list[Prepared | InvalidMessageError]:
        with torch.inference_mode(), self._beside_the_networks():
            pictures = self._decoded(group)
            made: dict[int, Prepared] = {}
            for indices in _alike(group, pictures):
                alike = [picture for index in indices if isinstance(picture := pictures[index], Tensor)]
                made.update(zip(indices, _inputs(torch.stack(alike), group[indices[0]]), strict=True))
        return [
            picture if isinstance(picture, InvalidMessageError) else made[index]
            for index, picture in enumerate(pictures)
        ]

    def _beside_the_networks(self) -> AbstractContextManager[object]:
        # Bringing the luma over waits for all that was begun before it, so what is handed over is complete; and the
        # networks give their results before they let go of their inputs, so no stream has to wait for another.
        return nullcontext() if self._stream is None else torch.cuda.stream(self._stream)

    def _decoded(self, group: Sequence[Asked]) -> list[Tensor | InvalidMessageError]:
        """Decode those that are whole as one list; libjpeg tells what is wrong with the rest, or decodes it."""
        whole = [index for index, asked in enumerate(group) if is_whole(asked.jpeg)]
        listed = dict(zip(whole, halving(self._decode_list, [group[index].jpeg for index in whole]), strict=True))
        return [self._or_by_libjpeg(listed.get(index), asked) for index, asked in enumerate(group)]

    def _or_by_libjpeg(self, picture: Tensor | None, asked: Asked) -> Tensor | InvalidMessageError:
        if picture is not None and tuple(picture.shape[1:]) == asked.size_hw:
            return picture
        try:
            image_bgr = decode(asked.jpeg, asked.size_hw).image_bgr
        except InvalidMessageError as error:
            return error
        return torch.from_numpy(image_bgr).to(self._device).flip(-1).permute(2, 0, 1)


def cuda_preparation(device: torch.device, group_frames: int = GROUP_FRAMES) -> DevicePreparation:
    """Give preparation on an NVIDIA GPU."""

    def decode_list(jpegs: Sequence[bytes]) -> Pictures:
        data = [torch.from_numpy(np.frombuffer(jpeg, np.uint8).copy()) for jpeg in jpegs]
        pictures: Pictures = decode_jpeg(data, mode=ImageReadMode.RGB, device=device)
        return pictures

    return DevicePreparation(device, decode_list, group_frames)


def groups_of(asked: Iterable[Asked], most_frames: int, most_pixels: int = GROUP_PIXELS) -> Iterator[list[Asked]]:
    """Cut into groups in order, each of at most so many frames and, but for a single frame, so many pixels."""
    group: list[Asked] = []
    pixels = 0
    for each in asked:
        more = each.size_hw[0] * each.size_hw[1]
        if group and (len(group) == most_frames or pixels + more > most_pixels):
            yield group
            group, pixels = [], 0
        group.append(each)
        pixels += more
    if group:
        yield group


def halving(decode_list: DecodeList, jpegs: Sequence[bytes]) -> list[Tensor | None]:
    """Give the picture of each JPEG, None where the decoder refuses it alone.

    A refusal costs decoding its list again by halves: about twice, however long the list is.
    """
    if not jpegs:
        return []
    try:
        return list(decode_list(jpegs))
    except torch.OutOfMemoryError:
        raise
    except RuntimeError:
        if len(jpegs) == 1:
            return [None]
    middle = len(jpegs) // 2
    return [*halving(decode_list, jpegs[:middle]), *halving(decode_list, jpegs[middle:])]


def _alike(group: Sequence[Asked], pictures: Sequence[Tensor | InvalidMessageError]) -> list[list[int]]:
    """Give the indices of the decoded ones, together those of one size of which the same is asked."""
    alike: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for index, (asked, picture) in enumerate(zip(group, pictures, strict=True)):
        if isinstance(picture, Tensor):
            alike[asked.size_hw, asked.tiles, asked.water].append(index)
    return list(alike.values())


def _inputs(pictures_rgb: Tensor, asked: Asked) -> list[Prepared]:
    """Make the inputs of pictures of one size, uint8 [N, 3, H, W], as ``asked`` of each."""
    planes = pictures_rgb.to(torch.float16 if pictures_rgb.is_cuda else torch.float32)
    views, inputs = [], []
    for region in regions_of(asked.size_hw, asked.tiles):
        part = planes[..., region.top : region.bottom, region.left : region.right]
        fitted, placement = letterbox_planes(part, asked.input_hw((part.shape[-2], part.shape[-1])))
        views.append(View(region, placement))
        inputs.append(_as_bgr(fitted))
    water = _as_bgr(as_levels(resampled(planes, WATER_INPUT_HW))) if asked.water else None
    weights = torch.tensor(RGB_OF_LUMA, dtype=planes.dtype, device=planes.device)
    luma = torch.einsum("nchw,c->nhw", planes, weights)
    small_lumas = as_levels(resampled(luma, luma_hw(asked.size_hw))).cpu().numpy()
    return [
        Prepared(
            asked.size_hw,
            tuple(views),
            tuple(of_view[index] for of_view in inputs),
            None if water is None else water[index],
            facts_of(small_luma),
        )
        for index, small_luma in enumerate(small_lumas)
    ]


def _as_bgr(planes_rgb: Tensor) -> Tensor:
    return planes_rgb.flip(1).permute(0, 2, 3, 1).contiguous()
