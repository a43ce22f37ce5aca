"""What processes cost: CPU time and memory of a process and all that it has started, by ``/proc``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU time since the processes' start (user and system, s), and memory: the sum of proportional set sizes.

    A page that several processes share counts in each by its share, so that sums are right.
    """

    cpu_seconds: float
    memory_bytes: int

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.cpu_seconds + other.cpu_seconds, self.memory_bytes + other.memory_bytes)


NOTHING = Usage(0.0, 0)


def usage_of(pid: int, *, itself: bool = True) -> Usage:
    """Give what a process and its descendants have used; those that have ended count as well, once waited for.

    Args:
        pid: The process at the top.
        itself: Whether the process at the top counts, or only what it has started.
    """
    top = psutil.Process(pid)
    processes = [top, *top.children(recursive=True)] if itself else top.children(recursive=True)
    return total(processes)


def total(processes: Iterable[psutil.Process]) -> Usage:
    """Give the sum over these processes; one that has ended meanwhile counts as nothing."""
    sum_of_all = NOTHING
    for process in processes:
        with suppress(psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            times = process.cpu_times()
            seconds = times.user + times.system + times.children_user + times.children_system
            sum_of_all += Usage(seconds, pss_bytes(Path(f"/proc/{process.pid}/smaps_rollup").read_text()))
    return sum_of_all


def pss_bytes(smaps_rollup: str) -> int:
    """Read the proportional set size out of ``smaps_rollup``, in bytes; 0 of a process that has ended."""
    found = _PSS.search(smaps_rollup)
    return int(found[1]) * 1024 if found else 0
