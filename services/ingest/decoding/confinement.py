"""Take from a decoding child what it does not need: memory, core dumps, new privileges, a life of its own."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
"""Source: prctl(2)."""


def bind_life(parent_pid: int) -> None:
    """End this process with the worker that started it, however that ends. For the start of a child."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) or prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent_pid:  # it ended before the line above
        raise SystemExit(0)


def confine(memory_bytes: int) -> None:
    """Let this process take ``memory_bytes`` of address space more than it has now, and leave no core dump.

    Libraries reserve much address space when they are loaded and use little of it, so that is not counted.
    """
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
