"""How many CPU cores this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(cpu_max: Path = _CPU_MAX) -> int:
    """Give the cores that this process may run on, or as many as its container's quota of CPU time fills, if less.

    Source: Linux, cgroup-v2, ``cpu.max``: microseconds of CPU time, or ``max``, in a period of microseconds.
    """
    cores = len(os.sched_getaffinity(0))
    try:
        quota, period = cpu_max.read_text().split()
        return max(1, min(cores, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError, ZeroDivisionError):  # no such file, or ``max``: no quota
        return cores
