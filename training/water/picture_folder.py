"""A folder of pictures with water masks: how they are named, written and found again.

`NNNNNN.jpg` is a picture, `NNNNNN.png` its mask (`DRY`, `UNSURE` or `WATER` a pixel), and `index.jsonl` has a line for
each picture. A picture counts only once its line is written, so a run that is cut off goes on where it stopped.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

DRY, UNSURE, WATER = 0, 128, 255
JPEG_QUALITY = 92  # high enough that the file adds nothing to the faults of the camera, which the picture already has

Tags = dict[str, str | float]


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """A line of the index."""

    file: str
    seed: int
    split: Literal["train", "val"]
    tags: Tags = field(default_factory=dict)


def mask_of(coverage_ratio: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Turn the share of water in each pixel, 0-1, into labels; pixels that are partly water are `UNSURE`."""
    mask = np.full(coverage_ratio.shape, UNSURE, np.uint8)
    mask[coverage_ratio < 0.15] = DRY
    mask[coverage_ratio > 0.85] = WATER
    return mask


def append(
    folder: Path, number: int, image_bgr: NDArray[np.uint8], mask: NDArray[np.uint8], line: LabelledPicture
) -> None:
    """Write picture and mask, then the line that makes them count."""
    cv2.imwrite(str(folder / f"{number:06d}.jpg"), image_bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    cv2.imwrite(str(folder / f"{number:06d}.png"), mask)
    with (folder / "index.jsonl").open("a", encoding="utf-8") as index:
        index.write(json.dumps(asdict(line)) + "\n")


def read_index(folder: Path) -> list[LabelledPicture]:
    """Give the pictures of a folder in the order of their names; a last line that was cut off is left out."""
    path = folder / "index.jsonl"
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
    return sorted((LabelledPicture(**json.loads(line)) for line in lines), key=lambda picture: picture.file)
