"""How sure a figure of a clip is, where neighbouring frames show nearly the same.

Frames are drawn in blocks, with replacement, so that what hangs together stays together; a block that passes a clip's
end goes on at its beginning. Each clip is drawn for itself, so each keeps its share.

Source: Politis and Romano 1992, A circular block-resampling procedure for stationary data (in: LePage and Billard,
Exploring the Limits of Bootstrap, p. 263); Efron 1979, Annals of Statistics 7, p. 1 (the interval between percentiles).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from services.detect.accuracy.intervals import wilson_interval
from services.detect.accuracy.measured import Measured

Weights = NDArray[np.int64]
"""int64 [frames]: how often each frame counts."""
Statistic = Callable[[Weights], float]
"""A figure of frames that count so often. All ones: the figure itself."""

ROUNDS = 1000
SEED = 20130222
LEVEL = 0.95


def block_length(frame_count: int) -> int:
    """Give the length of a block: the root of the number of frames, rounded up.

    Longer than the cube root that is best for weak dependence (Hall, Horowitz and Jing 1995, Biometrika 82, p. 561):
    the same persons stay in view for a good part of these short clips. Intervals become wider by it, not narrower.
    """
    return max(1, ceil(sqrt(frame_count)))


def bootstrap_interval(
    frame_counts: Sequence[int], statistic: Statistic, block: int | None = None, rounds: int = ROUNDS
) -> tuple[float, float]:
    """Give the 95 % interval of ``statistic``; the same one each time.

    Args:
        frame_counts: Frames of each clip; ``statistic`` takes the weights of all of them, one after the other.
        statistic: The figure.
        block: Frames of a block; None: ``block_length`` of each clip.
        rounds: How often frames are drawn.

    Raises:
        ValueError: There is no frame.
    """
    if not sum(frame_counts):
        raise ValueError("no frames to draw from")
    random = np.random.default_rng(SEED)
    values = [
        statistic(np.concatenate([_drawn(count, block or block_length(count), random) for count in frame_counts]))
        for _ in range(rounds)
    ]
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def share_figure(
    name: str, hits: Sequence[Sequence[int]], cases: Sequence[Sequence[int]], block: int | None = None
) -> Measured:
    """Give the share of ``hits`` in ``cases``, both counted by clip and frame, with its interval; 0 without cases.

    Where every drawing gives the same share (all or none was found), drawing does not tell how sure that is: the
    interval is then Wilson's, with each block as one case.
    """
    all_hits, all_cases = (np.array([one for clip in counts for one in clip], np.int64) for counts in (hits, cases))

    def share(weights: Weights) -> float:
        return float(weights @ all_hits) / max(1, int(weights @ all_cases))

    value, case_count = share(np.ones_like(all_hits)), int(all_cases.sum())
    counts = [len(clip) for clip in cases]
    low, high = bootstrap_interval(counts, share, block)
    if low == high:
        blocks = sum(ceil(count / (block or block_length(count))) for count in counts if count)
        low, high = wilson_interval(round(value * blocks), blocks if case_count else 0)
    return Measured(name, value, low, high, case_count)


def _drawn(count: int, block: int, random: np.random.Generator) -> Weights:
    """Draw ``count`` frames in blocks, and give how often each came."""
    starts = random.integers(0, count, ceil(count / block)) if count else np.zeros(0, np.int64)
    places = (starts[:, None] + np.arange(block)).ravel()[:count] % max(1, count)
    return np.bincount(places, minlength=count).astype(np.int64)
