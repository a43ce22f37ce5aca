"""NanoDet-g: a CSP backbone, a path-aggregation neck and a GFL head, for inputs of any multiple of 32 px.

::

    image ─► stem ─► csp 1/4 ─► csp 1/8 ──► csp 1/16 ──► csp 1/32        backbone
                                   │            │            │
                                   └─lateral    └─lateral    └─lateral    neck: top down, then bottom up, by adding
                                        │            │            │
                                      head         head         head      80 class scores, 4 x 11 distance logits

Source: RangiLyu/nanodet (Apache-2.0), configuration ``nanodet_g``; CSPNet, Wang et al. 2019, arXiv:1911.11929; PAN,
Liu et al. 2018, arXiv:1803.01534; Generalized Focal Loss, Li et al. 2020, arXiv:2006.04388. Batch normalisation is
folded into the convolutions, as in the published graph.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from services.detect.models.nanodet_layout import (
    CLASS_COUNT,
    DISTANCE_BINS,
    LEAKY_SLOPE,
    MEAN_BGR,
    NECK_CHANNELS,
    STD_BGR,
    STRIDES,
)
from services.detect.objects import CLASSES, COCO_80

_COCO_INDICES = [COCO_80[name] for name in CLASSES]


class ActivatedConv(nn.Sequential):
    """A 3 x 3 convolution with its folded normalisation, then a leaky ReLU."""

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(channels_in, channels_out, 3, stride, padding=1),
            nn.LeakyReLU(LEAKY_SLOPE, inplace=True),
        )


class TinyResidual(nn.Module):
    """Two convolutions, the second one's output beside the first one's: ``channels`` in, ``channels`` out."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ActivatedConv(channels, channels // 2)
        self.second = ActivatedConv(channels // 2, channels // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Give the features [N, channels, H, W]."""
        first = self.first(x)
        return torch.cat((self.second(first), first), dim=1)


class CspBlock(nn.Module):
    """A stage: an entry, ``depth`` residuals and an exit, beside the entry: twice ``channels`` out."""

    def __init__(self, channels_in: int, channels: int, depth: int, stride: int) -> None:
        super().__init__()
        self.entry = ActivatedConv(channels_in, channels, stride)
        self.residuals = nn.Sequential(*(TinyResidual(channels) for _ in range(depth)))
        self.exit = ActivatedConv(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Give the features [N, 2 * channels, H / stride, W / stride]."""
        entry = self.entry(x)
        return torch.cat((self.exit(self.residuals(entry)), entry), dim=1)


class Backbone(nn.Module):
    """Features at 1/8, 1/16 and 1/32 of the input, with 128, 256 and 512 channels."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = ActivatedConv(3, 32, stride=2)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.quarter = CspBlock(32, 32, depth=1, stride=1)
        self.eighth = CspBlock(64, 64, depth=2, stride=2)
        self.sixteenth = CspBlock(128, 128, depth=2, stride=2)
        self.thirty_second = CspBlock(256, 256, depth=3, stride=2)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give the three feature maps of normalised images [N, 3, H, W]."""
        eighth = self.eighth(self.quarter(self.pool(self.stem(images))))
        sixteenth = self.sixteenth(eighth)
        return eighth, sixteenth, self.thirty_second(sixteenth)


class Neck(nn.Module):
    """Path aggregation without convolutions: resized neighbours are added, coarse to fine and back."""

    def __init__(self) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(nn.Conv2d(channels, NECK_CHANNELS, 1) for channels in (128, 256, 512))

    def forward(self, features: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Give three maps of 128 channels from the backbone's three."""
        fine, middle, coarse = (lateral(x) for lateral, x in zip(self.laterals, features, strict=True))
        middle = middle + _resized(coarse, 2.0)
        fine = fine + _resized(middle, 2.0)
        middle = middle + _resized(fine, 0.5)
        return fine, middle, coarse + _resized(middle, 0.5)


class HeadLevel(nn.Module):
    """One map's head: class scores after a sigmoid, and the logits of the four distances."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = ActivatedConv(NECK_CHANNELS, NECK_CHANNELS)
        self.out = nn.Conv2d(NECK_CHANNELS, CLASS_COUNT + 4 * DISTANCE_BINS, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Give scores [N, H * W, 80] in [0, 1] and distance logits [N, H * W, 44], row by row."""
        cells = self.out(self.conv(x)).flatten(2).transpose(1, 2)
        return cells[..., :CLASS_COUNT].sigmoid(), cells[..., CLASS_COUNT:]


class NanoDet(nn.Module):
    """The whole network; see the module's picture."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.neck = Neck()
        self.heads = nn.ModuleList(HeadLevel() for _ in STRIDES)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Give scores [N, cells, 80] and distance logits [N, cells, 44], the finest map's cells first.

        Args:
            images: float [N, 3, H, W], normalised; H and W multiples of 32.
        """
        levels = [head(x) for head, x in zip(self.heads, self.neck(self.backbone(images)), strict=True)]
        return torch.cat([scores for scores, _ in levels], dim=1), torch.cat([logits for _, logits in levels], dim=1)


def _resized(x: Tensor, factor: float) -> Tensor:
    return functional.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


class NanoDetOnPictures(nn.Module):
    """A network from bytes to what is asked of it: scores of our six classes, and distances in px. Shares its weights.

    Takes uint8 [N, H, W, 3], blue, green, red; H and W multiples of 32. Gives scores [N, cells, 6] and distances
    [N, cells, 4], left, top, right, bottom, px, the finest cells first. ``nanodet_graph`` is the same
    in OpenVINO.
    """

    def __init__(self, network: NanoDet) -> None:
        super().__init__()
        self.fine, self.coarse = _Beginning(network), _Rest(network)

    def forward(self, inputs_bgr: Tensor) -> tuple[Tensor, Tensor]:
        """Give scores and distances."""
        scores, distances = self.coarse(self.fine(inputs_bgr))
        return scores, distances


class _Beginning(nn.Module):
    """From bytes to the backbone's map at 1/8 of the input."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: NanoDet) -> None:
        super().__init__()
        backbone = network.backbone
        self.layers = nn.Sequential(backbone.stem, backbone.pool, backbone.quarter, backbone.eighth)
        self.register_buffer("mean", torch.tensor(MEAN_BGR).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD_BGR).view(3, 1, 1), persistent=False)

    def forward(self, inputs_bgr: Tensor) -> Tensor:
        # From [N, H, W, 3] by a change of view alone: that is what channels_last means.
        images = (inputs_bgr.permute(0, 3, 1, 2).to(self.mean.dtype) - self.mean) / self.std
        eighth: Tensor = self.layers(images)
        return eighth


class _Rest(nn.Module):
    """From there to scores and distances. A side's distance from its cell's centre is the mean of a distribution over
    whole strides.

    Source: Li et al. 2020, Generalized Focal Loss, arXiv:2006.04388, equation 3.
    """

    bins: Tensor

    def __init__(self, network: NanoDet) -> None:
        super().__init__()
        self.sixteenth, self.thirty_second = network.backbone.sixteenth, network.backbone.thirty_second
        self.neck = network.neck
        self.convs = nn.ModuleList(head.conv for head in _levels(network))
        self.outs = nn.ModuleList(_narrowed(head.out) for head in _levels(network))
        self.register_buffer("bins", torch.arange(float(DISTANCE_BINS)), persistent=False)

    def forward(self, eighth: Tensor) -> tuple[Tensor, Tensor]:
        sixteenth = self.sixteenth(eighth)
        maps = self.neck((eighth, sixteenth, self.thirty_second(sixteenth)))
        scores, distances = [], []
        for conv, out, stride, features in zip(self.convs, self.outs, STRIDES, maps, strict=True):
            cells = out(conv(features)).flatten(2).transpose(1, 2).float()
            scores.append(cells[..., : len(CLASSES)].sigmoid())
            shares = cells[..., len(CLASSES) :].unflatten(-1, (4, DISTANCE_BINS)).softmax(-1)
            distances.append((shares * (self.bins.float() * stride)).sum(-1))
        return torch.cat(scores, dim=1), torch.cat(distances, dim=1)


def _levels(network: NanoDet) -> list[HeadLevel]:
    return [head for head in network.heads if isinstance(head, HeadLevel)]


def _narrowed(out: nn.Conv2d) -> nn.Conv2d:
    """Give the last convolution of a head with six of its 80 classes: what is not asked for is not computed."""
    kept = _COCO_INDICES + list(range(CLASS_COUNT, out.out_channels))
    narrow = nn.Conv2d(out.in_channels, len(kept), 1)
    with torch.no_grad():
        narrow.weight.copy_(out.weight[kept])
        assert out.bias is not None
        assert narrow.bias is not None
        narrow.bias.copy_(out.bias[kept])
    return narrow


def load_nanodet(state: Mapping[str, NDArray[np.float32]]) -> NanoDetOnPictures:
    """Return the module with these weights, for inference."""
    network = NanoDet()
    network.load_state_dict(as_tensors(state))
    return NanoDetOnPictures(network).eval().requires_grad_(requires_grad=False)


def as_tensors(state: Mapping[str, NDArray[np.float32]]) -> dict[str, Tensor]:
    """Return weights as torch's, which share their memory."""
    return {name: torch.from_numpy(array) for name, array in state.items()}
