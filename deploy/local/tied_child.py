"""Become another program that dies with the process that started it: ``tied_child.py PARENT_PID PROGRAM ARGUMENTS…``.

The kernel sends SIGKILL when the parent's *thread* that started this ends, however it ends (PR_SET_PDEATHSIG; it
outlives ``exec``). So that thread must live as long as the child should. Elsewhere than on Linux nothing is tied.
Run as a file with ``python -S -E``, so it imports nothing of Tilik and costs 10 ms.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent, and become the program."""
    parent_pid, *program = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent_pid):  # it died before it could be tied to
            sys.exit(1)
    try:
        os.execvp(program[0], program)  # noqa: S606
    except OSError as error:
        sys.exit(f"{program[0]} can't be started: {error}")


if __name__ == "__main__":
    main()
