"""Which persons are found at the thresholds that ship: by their height, and by how far others cover them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from services.detect.accuracy.average_precision import Boxes, JudgedFrame, matched_truth, shared_areas
from services.detect.accuracy.bootstrap import share_figure
from services.detect.accuracy.measured import Measured
from services.detect.accuracy.persons import JudgedClip

IOU = 0.5
NETWORK_LONG_SIDE_PX = 416
"""Heights are told as if the picture's longer side had so many px, which is what the default detector looks at."""

HEIGHTS_PX: dict[str, tuple[float, float]] = {"small": (0, 40), "medium": (40, 80), "large": (80, np.inf)}
"""Chosen so that each has some hundreds of persons in the clips: PETS09 has those of 29 to 83, TUD of 79 and more."""
COVERED_RATIOS: dict[str, tuple[float, float]] = {
    "free": (0, 0.1),
    "partly_covered": (0.1, 0.5),
    "covered": (0.5, 1.01),
}
"""The largest part of a person's box that one other person's box shares. Which of the two stands in front is not told
by the ground truth, so half of those called covered are those who cover."""

Mask = NDArray[np.bool_]


def condition_figures(clips: Mapping[str, JudgedClip], threshold: float, suffix: str = "") -> list[Measured]:
    """Give recall by clip, by height and by covering, and by clip the share of boxes that are right.

    Names: ``person_recall_<clip or condition><suffix>``, ``person_precision_<clip><suffix>``.
    """
    shown = {name: [frame.from_score(threshold) for frame in clip.frames] for name, clip in clips.items()}
    found = {name: [_found(frame) for frame in frames] for name, frames in shown.items()}
    figures = [figure for name in shown for figure in _recall_and_precision(name + suffix, {name: shown[name]})]
    for name, limits in HEIGHTS_PX.items():
        figures.append(_recall_where(name + suffix, shown, found, _heights_px(clips), limits))
    for name, limits in COVERED_RATIOS.items():
        covered = {clip: [covered_ratios(frame.truth_xyxy) for frame in frames] for clip, frames in shown.items()}
        figures.append(_recall_where(name + suffix, shown, found, covered, limits))
    return figures


def overall_figures(name: str, clips: Mapping[str, JudgedClip], threshold: float) -> list[Measured]:
    """Give ``person_recall_<name>`` and ``person_precision_<name>`` over all clips together."""
    shown = {clip: [frame.from_score(threshold) for frame in judged.frames] for clip, judged in clips.items()}
    return _recall_and_precision(name, shown)


def _recall_and_precision(name: str, shown: Mapping[str, Sequence[JudgedFrame]]) -> list[Measured]:
    right = [[int(np.count_nonzero(_found(frame))) for frame in frames] for frames in shown.values()]
    everyone = [[len(frame.truth_xyxy) for frame in frames] for frames in shown.values()]
    reported = [[len(frame.scores) for frame in frames] for frames in shown.values()]
    return [
        share_figure(f"person_recall_{name}", right, everyone),
        share_figure(f"person_precision_{name}", right, reported),
    ]


def covered_ratios(truth_xyxy: Boxes) -> NDArray[np.float64]:
    """Give the largest part of each box [N, 4] that one other box shares: float64 [N] in [0, 1]."""
    if len(truth_xyxy) < 2:
        return np.zeros(len(truth_xyxy))
    shared = shared_areas(truth_xyxy, truth_xyxy)
    np.fill_diagonal(shared, 0)
    areas = np.prod(truth_xyxy[:, 2:] - truth_xyxy[:, :2], axis=1)
    ratios: NDArray[np.float64] = shared.max(axis=1) / np.maximum(areas, 1e-9)
    return ratios


def _recall_where(
    name: str,
    shown: Mapping[str, Sequence[JudgedFrame]],
    found: Mapping[str, Sequence[Mask]],
    facts: Mapping[str, Sequence[NDArray[np.float64]]],
    limits: tuple[float, float],
) -> Measured:
    """Give recall of the persons whose fact (a number each) lies from the first limit up to below the second."""
    low, high = limits
    meant = {clip: [(low <= fact) & (fact < high) for fact in facts[clip]] for clip in shown}
    hits = [[int(np.count_nonzero(a & b)) for a, b in zip(found[clip], meant[clip], strict=True)] for clip in shown]
    return share_figure(
        f"person_recall_{name}", hits, [[int(np.count_nonzero(mask)) for mask in meant[clip]] for clip in shown]
    )


def _found(frame: JudgedFrame) -> Mask:
    found = np.zeros(len(frame.truth_xyxy), bool)
    matched = matched_truth(frame, IOU)
    found[matched[matched >= 0]] = True
    return found


def _heights_px(clips: Mapping[str, JudgedClip]) -> dict[str, list[NDArray[np.float64]]]:
    return {
        name: [
            (frame.truth_xyxy[:, 3] - frame.truth_xyxy[:, 1]) * NETWORK_LONG_SIDE_PX / clip.long_side_px
            for frame in clip.frames
        ]
        for name, clip in clips.items()
    }
