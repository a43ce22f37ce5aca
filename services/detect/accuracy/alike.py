"""Which labelled pictures show the same: a figure is as sure as there are different ones.

Of photographs those whose difference hashes are nearly the same, of film what was taken within some seconds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from services.detect.scene import facts_of
from services.runtime.errors import ConfigurationError

Groups = NDArray[np.int64]
"""int64 [pictures]: pictures of one number show the same; numbers from 0 on, without gaps."""

ALIKE_BITS: Final = 12
"""Of 256: pictures whose hashes differ in no more are one. Pairs in flood_area and roads differ in 0 to 12; looked at,
each showed one photograph twice."""
FRAMES_A_SECOND: Final = 30
STRETCH_SECONDS: Final = 15
"""Frames of a drive that are drawn together; about the root of its number of labelled frames, one a second."""
_FRAME = re.compile(r"(?P<drive>\w+)_f?(?P<number>\d+)\.\w+")


def alike(paths: Sequence[Path]) -> Groups:
    """Group photographs that are the same but for cutting and compression. Blocks: 10 ms each.

    Raises:
        ConfigurationError: A picture can't be read.
    """
    bits = np.array([_hash_bits(path) for path in paths], np.float32)
    differing = bits @ (1 - bits).T
    near = differing + differing.T <= ALIKE_BITS
    groups = np.arange(len(paths))
    for index in range(len(paths)):
        groups[np.isin(groups, groups[near[index]])] = groups[index]
    return _numbered(groups)


def stretches(paths: Sequence[Path]) -> Groups:
    """Group CamVid's frames by drive and ``STRETCH_SECONDS``."""
    return _numbered([f"{drive} {number // (STRETCH_SECONDS * FRAMES_A_SECOND)}" for drive, number in _frames(paths)])


def beside(paths: Sequence[Path], others: Sequence[Path]) -> NDArray[np.bool_]:
    """Tell which of CamVid's frames, bool [paths], were taken within a good second of one of ``others``."""
    taken = _frames(others)
    return np.array(
        [
            any(drive == other and abs(number - at) < 1.5 * FRAMES_A_SECOND for other, at in taken)
            for drive, number in _frames(paths)
        ],
        np.bool_,
    )


def _frames(paths: Sequence[Path]) -> list[tuple[str, int]]:
    """Give drive and number of each frame."""
    found = [(path, _FRAME.fullmatch(path.name)) for path in paths]
    wrong = [path for path, match in found if match is None]
    if wrong:
        raise ConfigurationError(f"{wrong[0]} is not named as a frame of CamVid: 0016E5_00390.jpg")
    return [(match["drive"], int(match["number"])) for _, match in found if match is not None]


def _hash_bits(path: Path) -> NDArray[np.uint8]:
    # An eighth of the size suffices for 17 x 16 cells, and is decoded ten times as fast.
    luma = cv2.imread(str(path), cv2.IMREAD_REDUCED_GRAYSCALE_8)
    if luma is None:
        raise ConfigurationError(f"{path} is not a picture that can be read")
    return np.unpackbits(np.frombuffer(bytes.fromhex(facts_of(np.asarray(luma, np.uint8)).signature), np.uint8))


def _numbered(labels: Sequence[str] | NDArray[np.int64]) -> Groups:
    return np.asarray(np.unique(np.asarray(labels), return_inverse=True)[1], np.int64)
