"""What runs a network, held against what its torch module gives of the examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from services.detect.networks import CHECKED_INPUTS, Expected, Outputs, Runner, example_bgr
from services.runtime.errors import FatalError


def outputs_of_examples(run: Callable[[NDArray[np.uint8]], Outputs], sizes_hw: Sequence[tuple[int, int]]) -> Expected:
    """Return what ``run`` gives of the examples of each size."""
    return {size_hw: run(example_bgr(CHECKED_INPUTS, size_hw)) for size_hw in sizes_hw}


def require_close(
    run: Runner, expected: Expected, most: float, name: str, counts: Sequence[int] = (CHECKED_INPUTS,)
) -> None:
    """Check that ``run`` gives what is expected of the network called ``name``.

    Raises:
        FatalError: It differs by more than ``most`` (see ``largest_error``), or gives what is no number.
    """
    error = largest_error(run, expected, counts)
    if not error <= most:
        raise FatalError(
            f"{type(run).__name__}'s output differs from that of {name} in torch by {error:g} of its largest; "
            f"at most {most:g} is allowed"
        )


def largest_error(run: Runner, expected: Expected, counts: Sequence[int] = (CHECKED_INPUTS,)) -> float:
    """Return the most that an output differs from what is expected, as part of its largest value (at least 1).

    NaN if any of either is no number. Of each size, batches of ``counts`` inputs are tried; they repeat the same
    ``CHECKED_INPUTS`` images.
    """
    errors = []
    for size_hw, all_expected in expected.items():
        example = example_bgr(CHECKED_INPUTS, size_hw)
        for count in counts:
            repeated = np.arange(count) % CHECKED_INPUTS
            for theirs, own in zip(run(example[repeated]), all_expected, strict=True):
                if own[repeated].shape != theirs.shape:
                    return float("inf")
                errors.append(float(np.abs(own[repeated] - theirs).max()) / max(1.0, float(np.abs(own).max())))
    return float(np.max(errors))  # which keeps NaN; Python's own gives whichever it met first
