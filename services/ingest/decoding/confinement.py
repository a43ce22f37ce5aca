"""Take from a decoding child what it does not need: memory, core dumps, privileges, a life of its own, its worker."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
"""Source: prctl(2)."""

_DIES_FIRST = "1000"
"""Source: proc(5), oom_score_adj: when memory runs out, a child goes, and not the worker or a broker beside it."""


def hide() -> None:
    """Hide this process's memory and environment from others of the same user. For the worker, at its start.

    A child that hostile video has taken over must not find the worker's secrets in ``/proc``. Root still can look.
    It leaves no core dump either, and nobody but root can debug it.
    """
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def bind_life(parent_pid: int) -> None:
    """End this process with the worker that started it, however that ends. For the start of a child."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) or prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent_pid:  # it ended before the line above
        raise SystemExit(0)


def confine(memory_bytes: int) -> None:
    """Let this process take ``memory_bytes`` of address space more than it has now, leave no core dump, and be the
    first that the kernel ends for want of memory.

    Libraries reserve much address space when they are loaded and use little of it, so that is not counted.
    """
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):  # some sandboxes have no such file
        Path("/proc/self/oom_score_adj").write_text(_DIES_FIRST)
