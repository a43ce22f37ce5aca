"""Memory that a portal holds of what may be shown of a city: frames once a second, with six people in each, all shown.

Usage: python -m benchmarks.measured.portal_memory CAMERAS SECONDS
The last line is what resident memory grew by, in MB (10^6 bytes), once frames of so many seconds are held.
"""

from __future__ import annotations

import gc
import sys

import psutil

from services.cli.bench.measuring.portal_following import FollowedCity


def resident_mb() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss) / 1e6


def main(cameras: int, seconds: int) -> None:
    city = FollowedCity(cameras)
    city.follow(*city.second(0))
    before = resident_mb()
    for number in range(1, seconds):
        city.follow(*city.second(number))
    city.check(seconds)
    print(resident_mb() - before)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
