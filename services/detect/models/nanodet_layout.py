"""Sizes of NanoDet-g, and the names and shapes of its weights: for the torch module and for the OpenVINO graph alike.

Source: RangiLyu/nanodet (Apache-2.0), configuration ``nanodet_g``.
"""

from __future__ import annotations

from dataclasses import dataclass

STRIDES = (8, 16, 32)
"""Pixels of the input per cell of the three feature maps."""
CLASS_COUNT = 80
DISTANCE_BINS = 11
"""A side's distance is a distribution over 0 … 10 strides (GFL's ``reg_max`` = 10)."""
STEM_CHANNELS = 32
NECK_CHANNELS = 128
LEAKY_SLOPE = 0.1
MEAN_BGR = (103.53, 116.28, 123.675)
STD_BGR = (57.375, 57.12, 58.395)
"""Of the published configuration: ImageNet's, in 0 … 255, blue first."""

KernelShapes = dict[str, tuple[int, ...]]
"""Shapes of weights, [out, in, height, width] of a convolution, [out, in] of a linear layer, by the layer's name."""


@dataclass(frozen=True, slots=True)
class CspSize:
    """Size of a block of the backbone, which gives twice ``channels``."""

    name: str
    channels_in: int
    channels: int
    depth: int
    stride: int


CSP_BLOCKS = (
    CspSize("quarter", 32, 32, depth=1, stride=1),
    CspSize("eighth", 64, 64, depth=2, stride=2),
    CspSize("sixteenth", 128, 128, depth=2, stride=2),
    CspSize("thirty_second", 256, 256, depth=3, stride=2),
)


def nanodet_kernel_shapes() -> KernelShapes:
    """Return the shapes of all convolutions, in the order in which the published graph numbers them."""
    shapes = backbone_kernel_shapes(CSP_BLOCKS, "backbone.")
    for index, block in enumerate(CSP_BLOCKS[1:]):
        shapes[f"neck.laterals.{index}"] = (NECK_CHANNELS, 2 * block.channels, 1, 1)
    for index in range(len(STRIDES)):
        shapes[f"heads.{index}.conv.0"] = (NECK_CHANNELS, NECK_CHANNELS, 3, 3)
        shapes[f"heads.{index}.out"] = (CLASS_COUNT + 4 * DISTANCE_BINS, NECK_CHANNELS, 1, 1)
    return shapes


def backbone_kernel_shapes(blocks: tuple[CspSize, ...], prefix: str) -> KernelShapes:
    """Return the shapes of the stem's and the blocks' convolutions. Names begin with ``prefix``."""
    shapes: KernelShapes = {f"{prefix}stem.0": (STEM_CHANNELS, 3, 3, 3)}
    for block in blocks:
        name, half = prefix + block.name, block.channels // 2
        shapes[f"{name}.entry.0"] = (block.channels, block.channels_in, 3, 3)
        for index in range(block.depth):
            shapes[f"{name}.residuals.{index}.first.0"] = (half, block.channels, 3, 3)
            shapes[f"{name}.residuals.{index}.second.0"] = (half, half, 3, 3)
        shapes[f"{name}.exit.0"] = (block.channels, block.channels, 3, 3)
    return shapes
