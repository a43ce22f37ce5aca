"""JPEGs to inputs of networks: on CPU cores, in threads that run ahead of the networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from services.detect.decode import DECODE_THREADS, DECODED_AHEAD, decode
from services.detect.letterbox import letterbox
from services.detect.look_ahead import results_ahead
from services.detect.networks import is_gpu
from services.detect.resampling import resized
from services.detect.scene import measure_scene
from services.detect.tiles import regions_of
from services.detect.torch_extra import translate_missing_torch
from services.detect.views import WATER_INPUT_HW, Asked, Prepared, View, least_decoded_hw
from services.runtime.errors import InvalidMessageError


class Preparation(Protocol):
    """Decodes frames and makes of them what the networks look at."""

    def prepare(self, asked: Sequence[Asked]) -> Iterator[Prepared | InvalidMessageError]:
        """Give each frame's inputs, in the frames' order, or why it can't be decoded.

        Frames are worked on while the taker is busy, boundedly far ahead. Blocks until the next one is there. A frame
        that can't be decoded harms no other.
        """


class CpuPreparation:
    """See ``Preparation``. JPEG decoding and shrinking release Python's lock, so that threads gain."""

    def __init__(self, threads: int = DECODE_THREADS, most_ahead: int = DECODED_AHEAD) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
        self._most_ahead = most_ahead

    def prepare(self, asked: Sequence[Asked]) -> Iterator[Prepared | InvalidMessageError]:
        """Give each frame's inputs; see ``Preparation``."""
        return results_ahead(self._pool, _prepared, asked, self._most_ahead)


def preparation_for(device: str, threads: int = DECODE_THREADS, most_ahead: int = DECODED_AHEAD) -> Preparation:
    """Return the preparation that suits networks on ``device``; on a GPU its own decoder works, in one thread.

    Raises:
        ConfigurationError: There is no such device, or torch is missing for a GPU.
        FatalError: The GPU's decoder does not work.
    """
    if not is_gpu(device):
        return CpuPreparation(threads, most_ahead)
    with translate_missing_torch(f"device {device}"):
        from services.detect.device_preparation import cuda_preparation

    return cuda_preparation(device)


def _prepared(asked: Asked) -> Prepared | InvalidMessageError:
    try:
        image_bgr = decode(asked.jpeg, asked.size_hw, least_decoded_hw(asked)).image_bgr
    except InvalidMessageError as error:
        return error
    views, inputs = [], []
    decoded_hw = image_bgr.shape[0], image_bgr.shape[1]
    for region in regions_of(decoded_hw, asked.tiles):
        part = image_bgr[region.top : region.bottom, region.left : region.right]
        input_bgr, placement = letterbox(part, asked.input_hw((part.shape[0], part.shape[1])))
        views.append(View(region, placement))
        inputs.append(input_bgr)
    water_bgr = resized(image_bgr, WATER_INPUT_HW) if asked.water else None
    return Prepared(decoded_hw, tuple(views), tuple(inputs), water_bgr, measure_scene(image_bgr))
