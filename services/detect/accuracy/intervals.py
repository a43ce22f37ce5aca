"""How sure a share of counted cases is."""

from __future__ import annotations

from math import sqrt

Z_95 = 1.959964


def wilson_interval(hits: int, cases: int) -> tuple[float, float]:
    """Give the 95 % interval of the share ``hits / cases``; (0, 1) without cases.

    Source: Wilson 1927, Journal of the American Statistical Association 22, p. 209. It stays inside [0, 1] and is
    honest at shares near 0 and 1, where the normal approximation is not.
    """
    if cases == 0:
        return 0.0, 1.0
    share = hits / cases
    spread = Z_95**2 / cases
    middle = (share + spread / 2) / (1 + spread)
    half = Z_95 * sqrt(share * (1 - share) / cases + spread / (4 * cases)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
