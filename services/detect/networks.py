"""What all ways of running a network share: its forms, its inputs and outputs, and the images it is tried with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.runtime.errors import ConfigurationError

if TYPE_CHECKING:
    from torch import Tensor, nn

InputsBgr: TypeAlias = "NDArray[np.uint8] | Tensor"
"""Inputs of a network, uint8 [..., H, W, 3], blue, green, red: arrays on a CPU, tensors on a GPU."""
TorchModule: TypeAlias = "nn.Module"
Outputs = tuple[NDArray[np.float32], ...]
"""Outputs of a network, float32 [N, ...] each, in the CPU's memory."""

LARGEST_BATCH = 128
"""Inputs that a GPU takes at once at most; larger batches are cut."""
EXAMPLE_HW = (128, 192)
CHECKED_HWS = (EXAMPLE_HW, (160, 96))
"""Sizes that are checked: one more, of other sides, so that nothing of the first has stayed in the graph."""
CHECKED_INPUTS = 3
"""Images that are checked of each size. On a CPU they are a batch, of whose parts one is full and one is not."""
_PATCH_PX = 16
"""Between two points of the examples' noise."""

Expected = Mapping[tuple[int, int], Outputs]
"""What a network must give of ``CHECKED_INPUTS`` examples, by their size."""


class Runner(Protocol):
    """Runs a network. Thread-safe; does not change its input."""

    def __call__(self, inputs_bgr: InputsBgr) -> Outputs:
        """Return the network's outputs for uint8 [N, H, W, 3], N at least 1. Blocks."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network in the forms in which it is run. All of them take uint8 [N, H, W, 3], H and W multiples of 32.

    ``build_model`` and ``build_stages`` give OpenVINO's models, the whole and its two stages, of which the second may
    run in bfloat16; None: no part may. ``build_module`` gives the torch module, for a GPU. ``expected`` is what the
    module gives of the examples; None where nobody knows, since weights are random.
    """

    name: str
    build_model: Callable[[], Any]
    build_stages: Callable[[], tuple[Any, Any]] | None
    build_module: Callable[[], TorchModule]
    expected: Expected | None


def is_gpu(device: str) -> bool:
    """Return whether a device is an NVIDIA GPU; otherwise it is the CPU.

    Raises:
        ConfigurationError: It is neither.
    """
    kind, _, number = device.partition(":")
    if kind not in {"cpu", "cuda"} or (number and not number.isdecimal()):
        raise ConfigurationError(f"there is no device {device!r}; there are cpu, cuda and cuda:1, cuda:2 and so on")
    return kind == "cuda"


def example_bgr(count: int, size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """Return images of coarse, coloured noise, uint8 [count, *size_hw, 3]: smooth in most places, as real ones.

    They are the same to the bit on every machine and with every version of NumPy: noise by SHAKE, integers alone.
    """
    rows, columns = (side // _PATCH_PX + 2 for side in size_hw)
    noise = hashlib.shake_256(b"tilik").digest(count * rows * columns * 3)
    points = np.frombuffer(noise, np.uint8).reshape(count, rows, columns, 3).astype(np.int64)
    tall = _interpolated(points, size_hw[0], axis=1)
    return (_interpolated(tall, size_hw[1], axis=2) // (2 * _PATCH_PX) ** 2).astype(np.uint8)


def _interpolated(points: NDArray[np.int64], side_px: int, axis: int) -> NDArray[np.int64]:
    """Return the values between points that are ``_PATCH_PX`` apart, times twice that."""
    places = 2 * np.arange(side_px) + 1
    before, share = places // (2 * _PATCH_PX), places % (2 * _PATCH_PX)
    share = share.reshape([-1 if index == axis else 1 for index in range(points.ndim)])
    return points.take(before, axis) * (2 * _PATCH_PX - share) + points.take(before + 1, axis) * share
