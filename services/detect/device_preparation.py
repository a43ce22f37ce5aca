"""JPEGs to inputs of networks on a GPU: decoded by nvJPEG in lists, and never brought back but for a small luma.

::

    JPEGs ─► groups ─► nvJPEG, the whole list ─► shrunk, fitted, stretched on the device ─► inputs
                │                    │
                │         refused: halved until it is one,
                └─ no end ─────────► libjpeg on the CPU decides

All but the decoding is written for any device that torch knows, and tested on the CPU against ``preparation.py``.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import simplejpeg
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.io import ImageReadMode, decode_jpeg

from services.detect.decode import decode, is_whole
from services.detect.device_resampling import as_levels, letterbox_planes, resampled
from services.detect.look_ahead import results_ahead
from services.detect.networks import InputsBgr
from services.detect.scene import facts_of, luma_hw
from services.detect.tiles import regions_of
from services.detect.views import WATER_INPUT_HW, Asked, Prepared, View
from services.runtime.errors import FatalError, InvalidMessageError
from services.runtime.logging import get_logger

GROUP_FRAMES = 64
"""JPEGs in one list for nvJPEG."""
GROUP_PIXELS = 64_000_000
"""Pixels in one list: 70 frames of 720p. While it is worked on, 14 bytes each of the GPU's memory, 0.9 GB: decoded and
stacked 3 + 3, in half precision 6, luma 2. One list is, at a time; of the others only inputs are left. A single JPEG of
more pixels is a list of its own, but ``decode.MOST_PIXELS`` lets none through unless it is set higher."""
GROUPS_AHEAD = 1
"""Groups that are worked on while the networks take the one before: there is one decoder, and it is kept busy."""
RGB_OF_LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601, as OpenCV's grey."""
_TELL_SECONDS = 60.0
"""Between two warnings of frames that the device refused: a city's cameras may send nothing else."""
_TRIAL_HW, _TRIAL_INPUT_HW = (250, 430), (128, 224)
"""Of the JPEG that a decoder is tried with: its last blocks, of 16 px where colours are halved, are not full."""
_TRIAL_ERROR = 12
"""Levels by which an input may differ from that of libjpeg's picture. Seen: 4 of FFmpeg, 8 of libjpeg's own coarser
ways; of faulty decoders at least 18, of one that takes levels for 16 … 235."""

log = get_logger(__name__)

Pictures = list[Tensor]
"""uint8 [3, height, width], red, green, blue, on the device."""
DecodeList = Callable[[Sequence[bytes]], Pictures]
"""Decodes all or raises RuntimeError: whichever of them it refuses, it does not say, nor why but in words."""


class DevicePreparation:
    """See ``Preparation``. One thread works ahead; on a GPU its work runs in a stream beside that of the networks.

    ``by_libjpeg`` counts frames that libjpeg decoded because ``decode_list`` refused them or gave another size.
    """

    def __init__(
        self,
        device: torch.device,
        decode_list: DecodeList,
        group_frames: int = GROUP_FRAMES,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.by_libjpeg = 0
        self._seconds = seconds
        self._told, self._told_at = 0, -math.inf
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
        pictures = [self._or_by_libjpeg(listed.get(index), asked) for index, asked in enumerate(group)]
        self._tell()
        return pictures

    def _or_by_libjpeg(self, picture: Tensor | None, asked: Asked) -> Tensor | InvalidMessageError:
        if picture is not None and tuple(picture.shape[1:]) == asked.size_hw:
            return picture
        try:
            image_bgr = decode(asked.jpeg, asked.size_hw).image_bgr
        except InvalidMessageError as error:
            return error
        self.by_libjpeg += 1
        return torch.from_numpy(image_bgr).to(self._device).flip(-1).permute(2, 0, 1)

    def _tell(self) -> None:
        """Warn of frames that libjpeg decoded since the last warning: once a minute, however many they are."""
        if self.by_libjpeg > self._told and self._seconds() >= self._told_at + _TELL_SECONDS:
            log.warning("detect.device_refused_jpegs", frames=self.by_libjpeg - self._told)
            self._told, self._told_at = self.by_libjpeg, self._seconds()


def cuda_preparation(device_name: str, group_frames: int = GROUP_FRAMES) -> DevicePreparation:
    """Give preparation on an NVIDIA GPU.

    Raises:
        FatalError: Its decoder does not work.
    """
    device = torch.device(device_name)
    # ``resampled`` adds up hundreds of products: in half precision, which this allows by default, levels would be lost.
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False

    def decode_list(jpegs: Sequence[bytes]) -> Pictures:
        data = [torch.from_numpy(np.frombuffer(jpeg, np.uint8).copy()) for jpeg in jpegs]
        pictures: Pictures = decode_jpeg(data, mode=ImageReadMode.RGB, device=device)
        return pictures

    try_decoder(decode_list)
    return DevicePreparation(device, decode_list, group_frames)


def try_decoder(decode_list: DecodeList) -> None:
    """Let it decode a good JPEG, and hold inputs that are made of it against those made of what libjpeg decodes.

    If it refused all, every frame would quietly be decoded by libjpeg; if it took red for blue, less would be found.

    Raises:
        FatalError: It refuses it, or gives another picture.
    """
    jpeg = simplejpeg.encode_jpeg(_trial_rgb(), quality=95, colorspace="RGB", colorsubsampling="420")
    asked = Asked(jpeg, _TRIAL_HW, "1x1", True, lambda _: _TRIAL_INPUT_HW)
    try:
        (picture,) = decode_list([jpeg])
    except RuntimeError as error:
        raise FatalError(f"the GPU does not decode JPEGs: {error}") from error
    if tuple(picture.shape) != (3, *_TRIAL_HW):
        raise FatalError(f"the GPU decodes JPEGs wrongly: {tuple(picture.shape)}, not 3 x {_TRIAL_HW} px")
    expected = torch.from_numpy(simplejpeg.decode_jpeg(jpeg, colorspace="RGB")).permute(2, 0, 1)
    (own,), (theirs,) = _inputs(picture[None], asked), _inputs(expected[None], asked)
    assert own.water_bgr is not None
    assert theirs.water_bgr is not None
    pairs = ((own.inputs_bgr[0], theirs.inputs_bgr[0]), (own.water_bgr, theirs.water_bgr))
    if (error_levels := max(_largest_difference(one, other) for one, other in pairs)) > _TRIAL_ERROR:
        raise FatalError(
            f"the GPU decodes JPEGs wrongly: an input differs from libjpeg's by {error_levels} of 255 levels"
        )


def _largest_difference(one: InputsBgr, other: InputsBgr) -> int:
    """Return the most levels by which two inputs differ."""
    return int((torch.as_tensor(one).cpu().int() - torch.as_tensor(other).cpu().int()).abs().max())


def _trial_rgb() -> NDArray[np.uint8]:
    """Give a picture of grey squares of 4 px, which show where each row is, under colours that change slowly.

    Decoders agree on it but for rounding: where colours change within a few px they need not.
    """
    height, width = _TRIAL_HW
    squares = np.random.default_rng(0).integers(88, 169, (-(-height // 4), -(-width // 4))).astype(float)
    luma = squares.repeat(4, axis=0).repeat(4, axis=1)[:height, :width]
    blueness, redness = np.linspace(-48, 48, width)[None, :], np.linspace(-48, 48, height)[:, None]
    # ITU-R BT.601, as in every JPEG.
    planes = (luma + 1.402 * redness, luma - 0.344136 * blueness - 0.714136 * redness, luma + 1.772 * blueness)
    return np.stack(planes, axis=-1).round().astype(np.uint8)


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

    Raises:
        RuntimeError: Memory is wanting, which is no JPEG's fault. torchvision says so only in the message.
    """
    if not jpegs:
        return []
    try:
        return list(decode_list(jpegs))
    except RuntimeError as error:
        if "out of memory" in str(error).lower():
            raise
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


def stack_tensors(inputs_bgr: Sequence[Tensor]) -> Tensor:
    """Return inputs of one size as one batch, where they lie."""
    return torch.stack(list(inputs_bgr))


def _as_bgr(planes_rgb: Tensor) -> Tensor:
    return planes_rgb.flip(1).permute(0, 2, 3, 1).contiguous()
