"""How well standing water is found: on pictures that nobody trained on, taken from the folder ``TILIK_TEST_DATA``.

::

    flood_area: photographs of floods, with masks ─┬─► IoU over all pixels
                                                   └─► frame score ─┐
    roads: dry and wet roads ─────────────────────────► frame score ─┼─► area under the ROC curve,
    camvid: streets from a car ───────────────────────► frame score ─┘   recall at 5 % false alarms

A fifth of each set, by a hash of the file's name, is for development: network, augmentation, threshold and frame score
were chosen on it. Figures are of the rest, without what shows the same as a picture of that fifth: photographs that are
there twice, and frames of film beside one of it. Its three drives all lie in both parts, at more than a second.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from services.detect.accuracy.alike import Groups, alike, beside, stretches
from services.detect.accuracy.bootstrap import Weights, bootstrap_interval
from services.detect.accuracy.measured import Measured, Progress, unseen
from services.detect.networks import InputsBgr
from services.detect.resampling import resized
from services.detect.views import WATER_INPUT_HW
from services.runtime.errors import ConfigurationError

Part = Literal["development", "test"]
Grids = NDArray[np.uint8]
"""uint8 [N, 18, 32]: probability of water, 255 = 1."""

FLOODS = "flood_area/image"
DRY = {"roads": ("roads/rainy_roads", "roads/highway_road"), "camvid": ("camvid/image",)}
DEVELOPMENT_SHARE = 0.2
FALSE_ALARM_RATIO = 0.05
WATER_LEVEL = 128
"""From this level up a cell or a pixel counts as water."""
FRAME_SCORE_RATIO = 0.1
"""A frame's score is the mean of this share of its cells, the wettest ones. Chosen on the development fifth among
means of 10, 30 and 100 % of all cells and of those of the lower two thirds, the share of cells above one half, and the
wettest window: water may stand anywhere in a view from above, and fills a part of the view only."""
_BATCH = 8


class Water(Protocol):
    """What is measured: see ``services.detect.water.WaterDetector``."""

    def infer(self, inputs_bgr: InputsBgr) -> Grids:
        """Give the grids of uint8 [N, 288, 512, 3]."""


@dataclass(frozen=True, slots=True)
class PictureSet:
    """Pictures of one part, and which of them show the same. ``left_out``: how many show the same as the other part."""

    paths: list[Path]
    groups: Groups
    left_out: int


def is_development(name: str) -> bool:
    """Tell whether the picture of that file name is in the fifth on which things are chosen."""
    return hashlib.sha256(name.encode()).digest()[0] < DEVELOPMENT_SHARE * 256


def frame_scores(grids: Grids) -> NDArray[np.float64]:
    """Give how much each frame looks flooded, float64 [N] in [0, 1]."""
    cells = np.sort(grids.reshape(len(grids), -1), axis=1)
    return np.asarray(cells[:, -round(FRAME_SCORE_RATIO * cells.shape[1]) :].mean(axis=1) / 255, np.float64)


def measure_water(
    folder: Path, water: Water, progress: Progress = unseen, part: Part = "test", at_most: int | None = None
) -> list[Measured]:
    """Give the figures of ``part``. Blocks: 0.1 s a picture, some 900 pictures in the test part.

    Intervals come of drawing anew what shows the same as one.

    Args:
        folder: With ``flood_area``, ``roads`` and ``camvid``.
        water: What is measured.
        progress: Called after each batch.
        part: On which pictures.
        at_most: Take no more pictures of each set, spread evenly; None: all.

    Raises:
        ConfigurationError: Pictures are missing.
    """
    names = {"flood_area": (FLOODS,), **DRY}
    sets = {name: picture_set(folder, places, part, at_most) for name, places in names.items()}
    total, done = sum(len(each.paths) for each in sets.values()), 0
    grids: dict[str, Grids] = {}
    for name, pictures in sets.items():
        parts = []
        for start in range(0, len(pictures.paths), _BATCH):
            parts.append(_judged(pictures.paths[start : start + _BATCH], water))
            done += len(parts[-1])
            progress(done, total)
        grids[name] = np.concatenate(parts)
    floods = sets["flood_area"]
    figures = [_iou(grids["flood_area"], floods)]
    for name, suffix in (("roads", ""), ("camvid", "_camvid")):
        groups = (floods.groups, sets[name].groups)
        scores = (frame_scores(grids["flood_area"]), frame_scores(grids[name]))
        figures.append(_separation(f"water_auc_{name}", scores, groups, area_under_curve))
        figures.append(_separation(f"water_recall_at_5pct{suffix}", scores, groups, recall_at_false_alarms))
    return figures


def picture_set(folder: Path, places: Sequence[str], part: Part, at_most: int | None = None) -> PictureSet:
    """Give the pictures of ``part`` in ``places``; at most so many, spread evenly.

    All of the development part are kept: things were chosen on them. What shows the same as one of them is left out of
    the test part.

    Raises:
        ConfigurationError: Pictures are missing.
    """
    paths = _paths(folder, places)
    is_film = tuple(places) == DRY["camvid"]
    groups = stretches(paths) if is_film else alike(paths)
    chosen_on = np.array([is_development(path.name) for path in paths], np.bool_)
    if is_film:
        seen = beside(paths, [path for path, is_in in zip(paths, chosen_on, strict=True) if is_in])
    else:
        seen = np.isin(groups, groups[chosen_on])
    kept = np.flatnonzero(chosen_on if part == "development" else ~seen)
    if at_most is not None and len(kept) > at_most:
        kept = kept[np.linspace(0, len(kept) - 1, at_most).round().astype(int)]
    if not len(kept):
        raise ConfigurationError(f"{folder} has no pictures in {' and '.join(places)}")
    numbered = np.unique(groups[kept], return_inverse=True)[1]
    left_out = 0 if part == "development" else int((seen & ~chosen_on).sum())
    return PictureSet([paths[index] for index in kept], np.asarray(numbered, np.int64), left_out)


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of flooded and dry frames, and how often each counts."""

    wet: NDArray[np.float64]
    dry: NDArray[np.float64]
    wet_weights: Weights
    dry_weights: Weights


def area_under_curve(scores: Scores) -> float:
    """Give how often a flooded frame scores higher than a dry one; ties count half."""
    order = np.argsort(scores.dry, kind="stable")
    values, below = scores.dry[order], np.concatenate(([0], np.cumsum(scores.dry_weights[order])))
    lower = below[np.searchsorted(values, scores.wet, "left")]
    not_higher = below[np.searchsorted(values, scores.wet, "right")]
    pairs = scores.wet_weights.sum() * scores.dry_weights.sum()
    return float((scores.wet_weights * (lower + not_higher) / 2).sum() / pairs)


def recall_at_false_alarms(scores: Scores) -> float:
    """Give the share of flooded frames above the lowest threshold that at most 5 % of the dry frames exceed."""
    order = np.argsort(scores.dry, kind="stable")[::-1]
    allowed = FALSE_ALARM_RATIO * scores.dry_weights.sum()
    first_over = int(np.searchsorted(np.cumsum(scores.dry_weights[order]), allowed, "right"))
    threshold = scores.dry[order][first_over]
    return float(scores.wet_weights[scores.wet > threshold].sum() / scores.wet_weights.sum())


def _separation(
    name: str,
    scores: tuple[NDArray[np.float64], NDArray[np.float64]],
    groups: tuple[Groups, Groups],
    figure: Callable[[Scores], float],
) -> Measured:
    """Give a figure of flooded and dry ``scores``; each of both is drawn for itself, by its ``groups``."""
    (wet, dry), (of_wet, of_dry) = scores, groups
    counts = [int(of_wet.max()) + 1, int(of_dry.max()) + 1]

    def statistic(weights: Weights) -> float:
        return figure(Scores(wet, dry, weights[: counts[0]][of_wet], weights[counts[0] :][of_dry]))

    low, high = bootstrap_interval(counts, statistic, block=1)
    return Measured(name, statistic(np.ones(sum(counts), np.int64)), low, high, len(wet) + len(dry))


def _iou(grids: Grids, pictures: PictureSet) -> Measured:
    both, either = np.zeros(len(grids)), np.zeros(len(grids))
    for index, (grid, path) in enumerate(zip(grids, pictures.paths, strict=True)):
        mask = _mask(path)
        found = cv2.resize(grid, mask.shape[::-1], interpolation=cv2.INTER_LINEAR) >= WATER_LEVEL
        both[index], either[index] = (found & mask).sum(), (found | mask).sum()
    count = int(pictures.groups.max()) + 1

    def statistic(weights: Weights) -> float:
        counted = weights[pictures.groups]
        return float((counted * both).sum() / max(1.0, float((counted * either).sum())))

    low, high = bootstrap_interval([count], statistic, block=1)
    return Measured("water_iou_flood_area", statistic(np.ones(count, np.int64)), low, high, len(grids))


def _paths(folder: Path, places: Sequence[str]) -> list[Path]:
    missing = [place for place in places if not (folder / place).is_dir()]
    if missing:
        raise ConfigurationError(f"{folder} has no {' and no '.join(missing)}: set TILIK_TEST_DATA")
    return sorted(path for place in places for path in (folder / place).iterdir())


def _judged(paths: Sequence[Path], water: Water) -> Grids:
    inputs = [resized(_read(path, cv2.IMREAD_COLOR), WATER_INPUT_HW) for path in paths]
    return water.infer(np.stack(inputs))


def _mask(picture: Path) -> NDArray[np.bool_]:
    return np.asarray(_read(picture.parents[1] / "mask" / f"{picture.stem}.png", cv2.IMREAD_GRAYSCALE) >= WATER_LEVEL)


def _read(path: Path, how: int) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), how)
    if image is None:
        raise ConfigurationError(f"{path} is not a picture that can be read")
    return np.asarray(image, np.uint8)
