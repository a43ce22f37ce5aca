"""Networks as torch modules, and how one is tried: what all ways of running them (``running.py``) share."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

Outputs = tuple[Tensor, ...]

EXAMPLE_HW = (128, 192)
"""Size of the input that a module is traced with, px; sizes stay free. All networks here take multiples of 32."""


class StagedModule(nn.Module):
    """Two modules, one after the other; the second one's results stay close where it is computed in bfloat16.

    ``fine`` gives the maps, [N, channels, H, W] each, that ``coarse`` takes.
    """

    def __init__(self, fine: nn.Module, coarse: nn.Module) -> None:
        super().__init__()
        self.fine = fine
        self.coarse = coarse

    def forward(self, inputs_bgr: Tensor) -> Outputs:
        """Give the outputs of ``coarse``."""
        outputs: Outputs = self.coarse(self.fine(inputs_bgr))
        return outputs


@dataclass(frozen=True, slots=True)
class Stage:
    """A module that is a whole network or a part of one; ``coarse``: it is run in bfloat16."""

    module: nn.Module
    coarse: bool


def outputs_of(module: nn.Module, *inputs: Tensor) -> Outputs:
    """Run a module as it is; give its outputs as float32, also where it gives but one."""
    result: Tensor | Outputs = module(*inputs)
    return tuple(output.float() for output in ((result,) if isinstance(result, Tensor) else result))


def example_bgr(count: int, size_hw: tuple[int, int]) -> Tensor:
    """Give pictures of coarse, coloured noise, uint8 [count, *size_hw, 3]: smooth in most places, as real ones."""
    generator = torch.Generator().manual_seed(0)
    patches = torch.rand((count, 3, -(-size_hw[0] // 16), -(-size_hw[1] // 16)), generator=generator) * 255
    smooth = nn.functional.interpolate(patches, size=size_hw, mode="bilinear")
    return smooth.permute(0, 2, 3, 1).round().to(torch.uint8).contiguous()
