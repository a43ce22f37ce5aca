"""The water network: the first stages of NanoDet-g's backbone, and a small decoder that judges each cell of the grid.

::

    picture ─► stem ─► csp 1/4 ─► csp 1/8 ─► csp 1/16
                          │          │           │
               mean and spread     mean      as it is
                          └──────────┴───────────┘
                                     │ 1x1
                                     ├─ what the whole picture is like, added to each cell
                           3x3, dilated 1, 2, 4, added up
                                     └─ logit a cell ─► mean over several decoders ─► probability a cell

Still water is told from asphalt and sky by what is missing (edges, grain) and by what surrounds it: hence the spread of
the finest features within a cell, the dilated convolutions and the context of the whole picture.
Decoders that differ by their seed alone err in different places: their mean scatters less than each of them.

The backbone's last stage is left out: it is 80 % of the weights and 30 % of the work, and the one trial with it, which
was cut short, showed no gain (ADR 0014).

Source: backbone and its weights as in ``nanodet_network``; dilated context, Chen et al. 2017, arXiv:1706.05587;
context of the whole picture, Liu et al. 2015, arXiv:1506.04579.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from services.detect.models.nanodet_layout import MEAN_BGR, STD_BGR
from services.detect.models.nanodet_network import ActivatedConv, CspBlock, as_tensors
from services.detect.models.water_layout import DECODER_WIDTH, DECODERS, DILATIONS, FEATURE_CHANNELS, SPREAD_EPSILON


class WaterFeatures(nn.Module):
    """Pictures to what the decoder looks at. Its weights are NanoDet-g's and are not trained."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.stem = ActivatedConv(3, 32, stride=2)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.quarter = CspBlock(32, 32, depth=1, stride=1)
        self.eighth = CspBlock(64, 64, depth=2, stride=2)
        self.sixteenth = CspBlock(128, 128, depth=2, stride=2)
        self.register_buffer("mean", torch.tensor(MEAN_BGR).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD_BGR).view(3, 1, 1), persistent=False)

    def forward(self, inputs_bgr: Tensor) -> Tensor:
        """Give the features, float [N, FEATURE_CHANNELS, H / 16, W / 16], of uint8 [N, H, W, 3]: blue, green, red.

        H and W are multiples of 16.
        """
        images = (inputs_bgr.permute(0, 3, 1, 2).to(self.mean.dtype) - self.mean) / self.std
        quarter = self.quarter(self.pool(self.stem(images)))
        eighth = self.eighth(quarter)
        mean = functional.avg_pool2d(quarter, 4)
        spread = local_spread(quarter, mean)
        return torch.cat((mean, spread, functional.avg_pool2d(eighth, 2), self.sixteenth(eighth)), dim=1)


def local_spread(fine: Tensor, mean: Tensor) -> Tensor:
    """Give the standard deviation within blocks of 4 x 4. In half precision squares above 255 would overflow."""
    square = functional.avg_pool2d(fine.float().square(), 4)
    return (square - mean.float().square()).clamp(min=0).add(SPREAD_EPSILON).sqrt().to(fine.dtype)


class WaterDecoder(nn.Module):
    """Features to one logit a cell. Small, so that it learns what water looks like and not the training pictures."""

    def __init__(self, width: int = DECODER_WIDTH, dropout: float = 0.3) -> None:
        super().__init__()
        # Without affine parameters this only brings all channels to one scale.
        self.scale = nn.BatchNorm2d(FEATURE_CHANNELS, affine=False)
        self.drop = nn.Dropout2d(dropout)
        self.cells = nn.Conv2d(FEATURE_CHANNELS, width, 1)
        self.whole = nn.Linear(2 * width, width)
        self.around = nn.ModuleList(nn.Conv2d(width, width, 3, padding=step, dilation=step) for step in DILATIONS)
        self.out = nn.Conv2d(2 * width, 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Give logits, float [N, H / 16, W / 16]."""
        cells = functional.relu(self.cells(self.drop(self.scale(features))))
        seen = torch.cat((cells.mean(dim=(2, 3)), cells.amax(dim=(2, 3))), dim=1)
        cells = cells + self.whole(seen)[:, :, None, None]
        first, *others = (conv(cells) for conv in self.around)
        context = functional.relu(sum(others, first))
        logits: Tensor = self.out(self.drop(torch.cat((cells, context), dim=1)))
        return logits.squeeze(1)


class WaterNetwork(nn.Module):
    """The whole network; see the module's picture."""

    def __init__(self) -> None:
        super().__init__()
        self.features = WaterFeatures()
        self.decoders = nn.ModuleList(WaterDecoder() for _ in range(DECODERS))

    def forward(self, inputs_bgr: Tensor) -> Tensor:
        """Give the probability of standing water, float [N, H / 16, W / 16], for uint8 [N, H, W, 3]."""
        features = self.features(inputs_bgr)
        first, *others = (decoder(features) for decoder in self.decoders)
        logits: Tensor = sum(others, first) / DECODERS
        return logits.sigmoid()


def load_water_network(state: Mapping[str, NDArray[np.float32]]) -> WaterNetwork:
    """Return the module with these weights, for inference."""
    network = WaterNetwork()
    network.load_state_dict(as_tensors(state))
    return network.eval().requires_grad_(requires_grad=False)
