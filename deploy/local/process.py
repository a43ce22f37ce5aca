"""One supervised process: what to run, what is known of it, its log, its pauses between restarts."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from services.runtime.errors import EXIT_CONFIGURATION, EXIT_RESTART

_TIED_CHILD = Path(__file__).with_name("tied_child.py")
_OLD_LOGS = 3
LARGEST_LOG_BYTES = 32 << 20

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
SETTLED_SECONDS = 30.0
"""A process that ran for so long starts anew with the shortest pause."""
_SHORT_LIFE_SECONDS = 1.0
_AT_ONCE_IN_A_ROW = 3
"""A process that asks for a restart more often than that, and never settles, only burns the processor."""


@dataclass(frozen=True)
class ProcessSpec:
    """What to run.

    Args:
        name: Its name in the state file, and of its log.
        argv: Program and arguments.
        ready: Tells whether it does its work; called every 0.1 s from a thread of its own, may block for seconds.
        env: Variables on top of this process's own.
        port: The port it listens on; 0: none.
        ready_timeout_seconds: Started for so long without being ready, it counts as failed.
        stop_seconds: It has so long between SIGTERM and SIGKILL.
    """

    name: str
    argv: Sequence[str]
    ready: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    ready_timeout_seconds: float = 60.0
    stop_seconds: float = 10.0


class ProcessState(StrEnum):
    """Where a supervised process stands."""

    STARTING = "starting"
    READY = "ready"
    PAUSING = "pausing"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """What is known of a process. ``exit_code`` is the last one, negative for a signal."""

    name: str
    state: ProcessState
    pid: int | None
    port: int
    restart_count: int
    exit_code: int | None
    log: Path


def start_process(spec: ProcessSpec, log: Path) -> subprocess.Popen[bytes]:
    """Start a process that dies with the calling thread, in a session of its own, so that Ctrl-C passes it by."""
    command = [sys.executable, "-S", "-E", str(_TIED_CHILD), str(os.getpid()), *spec.argv]
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            env={**os.environ, **spec.env},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a process and what it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def stop_process(process: subprocess.Popen[bytes], stop_seconds: float) -> int:
    """Wait for a process that has had SIGTERM, then kill it; give its exit code."""
    try:
        code = process.wait(stop_seconds)
    except subprocess.TimeoutExpired:
        signal_group(process, signal.SIGKILL)
        code = process.wait()
    signal_group(process, signal.SIGKILL)
    return code


def rotate_log(log: Path) -> None:
    """Keep the logs of the last starts as ``NAME.1.log`` (the newest) to ``NAME.3.log``."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if not log.exists() or log.stat().st_size == 0:
        return
    for number in range(_OLD_LOGS - 1, 0, -1):
        older = log.with_suffix(f".{number}.log")
        if older.exists():
            older.replace(log.with_suffix(f".{number + 1}.log"))
    log.replace(log.with_suffix(".1.log"))


def bound_log(log: Path) -> None:
    """Empty a log that has grown too large; what it held is kept once. The process goes on appending to it."""
    if log.exists() and log.stat().st_size > LARGEST_LOG_BYTES:
        shutil.copyfile(log, log.with_suffix(".1.log"))
        os.truncate(log, 0)


def log_tail(log: Path, lines: int = 12) -> str:
    """Give the last lines of a log."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace")[-20_000:].splitlines()[-lines:])


def restart_pause_seconds(exit_code: int, lived_seconds: float, restart_count: int) -> float | None:
    """Give the pause before a process is started again; None: never.

    Args:
        exit_code: How it ended. 78: its settings are wrong, so it would only end again. 70: it asks for a restart.
        lived_seconds: How long it ran.
        restart_count: Restarts in a row, none of which settled.
    """
    if exit_code == EXIT_CONFIGURATION:
        return None
    if exit_code == EXIT_RESTART and lived_seconds > _SHORT_LIFE_SECONDS and restart_count <= _AT_ONCE_IN_A_ROW:
        return 0.0
    longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(restart_count, 10))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311  jitter, not secrecy
