"""How sure a share of counted cases is, and a count."""

from __future__ import annotations

from math import exp, factorial, sqrt

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


def poisson_interval(count: int) -> tuple[float, float]:
    """Give the exact 95 % interval of a Poisson count's mean.

    Source: Garwood 1936, Biometrika 28, p. 437. The ends are found by halving, to 1e-6.
    """
    low = _mean_with_chance_up_to(count - 1, 0.975) if count else 0.0
    return low, _mean_with_chance_up_to(count, 0.025)


def _mean_with_chance_up_to(count: int, chance: float) -> float:
    """Give the mean at which ``count`` and fewer have that chance; it falls as the mean grows."""
    low, high = 0.0, 10.0 + 3.0 * count
    while high - low > 1e-6:
        mean = (low + high) / 2
        if sum(exp(-mean) * mean**k / factorial(k) for k in range(count + 1)) > chance:
            low = mean
        else:
            high = mean
    return (low + high) / 2
