"""Count the processes that tests start, and the time that tests wait for them, and print both after the run.

A process is counted where the test process starts it (CPython's audit event ``subprocess.Popen``); what that process
starts in turn is not. The time waited is the sum over all workers of

* calls of ``Supervisor.start``, which returns once its processes are ready (broker, ClickHouse, services), and
* calls of ``subprocess.run``, which returns once the program has ended.
"""

from __future__ import annotations

import functools
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.local.supervisor import Supervisor

_WORKER_OUTPUT = "process_starts"
_PROGRAM_OF_MODULE_RUN = 2


class ProcessStarts:
    """Starts by program, and seconds waited by kind of wait."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def on_audit_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Count the start of a process; every other audit event is ignored."""
        if event == "subprocess.Popen":
            self.counts[get_program_name(arguments[1])] += 1

    def add(self, counts: dict[str, int], seconds: dict[str, float]) -> None:
        """Add what another test process has counted."""
        self.counts.update(counts)
        for kind, value in seconds.items():
            self.seconds[kind] += value

    def timed(self, kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``function`` with the time that its calls take added to ``kind``."""

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            begin = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds[kind] += time.perf_counter() - begin

        return call

    def format_lines(self) -> list[str]:
        """Return the lines that are printed: the total, the waits, and starts by program, most frequent first."""
        waits = ", ".join(f"{kind} {seconds:.0f} s" for kind, seconds in sorted(self.seconds.items()))
        programs = ", ".join(f"{name} {count}" for name, count in self.counts.most_common(15))
        return [
            f"{self.counts.total()} processes started; waited for them: {waits or '0 s'} (sum over workers)",
            f"by program: {programs}",
        ]


def get_program_name(argv: object) -> str:
    """Return a short name of a command line: the module of ``python -m``, else the program's file name."""
    if isinstance(argv, str | bytes):
        argv = [argv]
    words = [word.decode() if isinstance(word, bytes) else str(word) for word in list(argv)]  # type: ignore[call-overload]
    tied = next((index for index, word in enumerate(words) if word.endswith("tied_child.py")), None)
    if tied is not None:
        words = words[tied + _PROGRAM_OF_MODULE_RUN :]
    if "-m" in words[:-1] and Path(words[0]).name.startswith("python"):
        return words[words.index("-m") + 1]
    return Path(words[0]).name


_starts = ProcessStarts()


def pytest_configure(config: pytest.Config) -> None:
    """Begin to count in this process."""
    if config.pluginmanager.has_plugin("process-starts-installed"):
        return
    config.pluginmanager.register(object(), "process-starts-installed")
    sys.addaudithook(_starts.on_audit_event)
    subprocess.run = _starts.timed("programs that end", subprocess.run)
    Supervisor.start = _starts.timed("services until ready", Supervisor.start)  # type: ignore[method-assign]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's counts to the process that prints them."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_WORKER_OUTPUT] = (dict(_starts.counts), dict(_starts.seconds))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add the counts of a worker that has ended."""
    if counted := getattr(node, "workeroutput", {}).get(_WORKER_OUTPUT):
        _starts.add(*counted)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the counts."""
    terminalreporter.section("process starts")
    for line in _starts.format_lines():
        terminalreporter.write_line(line)
