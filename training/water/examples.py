"""Pictures with masks, augmented, as features of the frozen backbone and targets a cell of the grid.

The backbone is not trained, so its features are made once, a few augmentations a picture, and kept in memory in half
precision: 0.6 MB an example.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from services.detect.models.water_layout import INPUT_HW
from services.detect.networks import Runner
from services.detect.views import WATER_INPUT_HW
from training.water.augmentation import ImageBgr, Mask, augmented
from training.water.picture_folder import UNSURE, WATER, LabelledPicture, read_index

GRID_HW = (INPUT_HW[0] // 16, INPUT_HW[1] // 16)
_BATCH = 8
_AUGMENTING = 0
"""Which of a seed's streams of chance augmentation takes."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """The first ``count`` pictures of a folder as in ``picture_folder``, each augmented ``rounds`` times."""

    folder: Path
    rounds: int
    count: int | None = None

    def lines(self) -> list[LabelledPicture]:
        """Give their lines in the index; all there are without a ``count``."""
        return read_index(self.folder)[: self.count]


@dataclass(frozen=True, slots=True)
class Examples:
    """Features float16 [N, C, 18, 32]; shares of water and of labelled pixels in each cell, float32 [N, 18, 32].

    ``held_out`` are the examples that training does not see, bool [N].
    """

    features: Tensor
    water: Tensor
    weight: Tensor
    held_out: Tensor


@dataclass(frozen=True, slots=True)
class _Example:
    image_bgr: ImageBgr
    mask: Mask
    held_out: bool


def make_examples(
    sources: Sequence[Pictures], network: Runner, seed: int, advance: Callable[[int], None] = lambda _: None
) -> Examples:
    """Give the examples of all pictures in ``sources``. Blocks: 25 ms an example on one core.

    Args:
        sources: Where pictures are.
        network: Runs ``WaterFeatures``.
        seed: Of the augmentation.
        advance: Called with the number of examples of each batch.

    Raises:
        ValueError: There are no pictures.
    """
    features, water, weight, held_out = [], [], [], []
    for batch in _batches(_read(sources, seed)):
        (found,) = network(np.stack([example.image_bgr for example in batch]))
        features.append(torch.from_numpy(found).half())
        shares = [cell_shares(example.mask) for example in batch]
        water += [share for share, _ in shares]
        weight += [labelled for _, labelled in shares]
        held_out += [example.held_out for example in batch]
        advance(len(batch))
    if not features:
        raise ValueError(f"no pictures in {[str(source.folder) for source in sources]}")
    return Examples(
        torch.cat(features).contiguous(),
        torch.from_numpy(np.stack(water)),
        torch.from_numpy(np.stack(weight)),
        torch.tensor(held_out),
    )


def cell_shares(mask: Mask) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give the share of water among a cell's labelled pixels, and the share of labelled ones; float32 [18, 32] each."""
    size_wh = GRID_HW[::-1]
    labelled = cv2.resize((mask != UNSURE).astype(np.float32), size_wh, interpolation=cv2.INTER_AREA)
    water = cv2.resize((mask == WATER).astype(np.float32), size_wh, interpolation=cv2.INTER_AREA)
    share = np.clip(water / np.maximum(labelled, 1e-6), 0, 1)
    return np.asarray(share, np.float32), np.asarray(labelled, np.float32)


def _read(sources: Sequence[Pictures], seed: int) -> Iterator[_Example]:
    for source in sources:
        for line in source.lines():
            image = cv2.imread(str(source.folder / line.file), cv2.IMREAD_COLOR)
            mask = cv2.imread(str(source.folder / f"{Path(line.file).stem}.png"), cv2.IMREAD_GRAYSCALE)
            if image is None or mask is None:
                raise ValueError(f"{source.folder / line.file} or its mask can't be read")
            for turn in range(source.rounds):
                # Chance of its own, so that an example does not depend on which pictures came before it.
                chance = np.random.default_rng([seed, _AUGMENTING, int(Path(line.file).stem), turn])
                changed, labels = augmented(
                    np.asarray(image, np.uint8), np.asarray(mask, np.uint8), chance, WATER_INPUT_HW
                )
                yield _Example(changed, labels, line.split == "val")


def _batches(examples: Iterator[_Example]) -> Iterator[list[_Example]]:
    batch: list[_Example] = []
    for example in examples:
        batch.append(example)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
