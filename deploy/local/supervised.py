"""A process under supervision: start, readiness, death, restart, stop. Every call comes from the supervision thread."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from deploy.local.process import (
    SETTLED_SECONDS,
    ProcessSpec,
    ProcessState,
    ProcessStatus,
    bound_log,
    restart_pause_seconds,
    rotate_log,
    signal_group,
    start_process,
    stop_process,
)
from services.runtime.errors import EXIT_RESTART

_PROBE_SECONDS = 0.1
_DEATHS_BEFORE_READY = 3
"""So often a process may die without ever having been ready, before it counts as failed."""


class Supervised:
    """One process.

    Args:
        spec: What to run.
        log: Where its output goes.
        changed: Called after every change of ``status``.
    """

    def __init__(self, spec: ProcessSpec, log: Path, changed: Callable[[], None]) -> None:
        self.spec = spec
        self.status = ProcessStatus(spec.name, ProcessState.STARTING, None, spec.port, 0, None, log)
        self._changed = changed
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._start_again = 0.0
        self._in_a_row = 0
        self._ever_ready = False
        self._guard = threading.Lock()
        """Held while the process or its state change, so that a late probe does not call a dead process ready."""

    def first_start(self) -> None:
        """Put the old log aside and start."""
        rotate_log(self.status.log)
        self._start()

    def look_after(self) -> None:
        """See whether it died, and start it again once its pause is over."""
        if self.status.state == ProcessState.PAUSING:
            if time.monotonic() >= self._start_again:
                self._start()
            return
        if self._process is None:
            return
        exit_code = self._process.poll()
        if exit_code is not None:
            self._died(self._process, exit_code)
        elif self._overdue():
            signal_group(self._process, signal.SIGKILL)

    def bound_log(self) -> None:
        """Keep its log from growing without end."""
        bound_log(self.status.log)

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        if self._process is not None and self._process.poll() is None:
            signal_group(self._process, signal.SIGTERM)

    def wait_stopped(self) -> None:
        """Wait for its end, with SIGKILL when it takes too long."""
        code = self.status.exit_code
        if self._process is not None:
            code = stop_process(self._process, self.spec.stop_seconds)
        failed = self.status.state == ProcessState.FAILED
        with self._guard:
            self._process = None
            self._note(state=ProcessState.FAILED if failed else ProcessState.STOPPED, pid=None, exit_code=code)

    def _start(self) -> None:
        process = start_process(self.spec, self.status.log)
        self._started = time.monotonic()
        with self._guard:
            self._process = process
            self._note(state=ProcessState.STARTING, pid=process.pid)
        threading.Thread(target=self._probe, args=(process,), name=f"ready-{self.spec.name}", daemon=True).start()

    def _probe(self, process: subprocess.Popen[bytes]) -> None:
        while process is self._process and process.returncode is None:
            if self.spec.ready():
                with self._guard:
                    if process is self._process and process.returncode is None:
                        self._ever_ready = True
                        self._note(state=ProcessState.READY)
                return
            time.sleep(_PROBE_SECONDS)

    def _overdue(self) -> bool:
        waiting = self.status.state == ProcessState.STARTING
        return waiting and time.monotonic() - self._started > self.spec.ready_timeout_seconds

    def _died(self, process: subprocess.Popen[bytes], exit_code: int) -> None:
        signal_group(process, signal.SIGKILL)  # whatever it had started itself
        lived = time.monotonic() - self._started
        overdue = self._overdue()
        self._in_a_row = 0 if lived > SETTLED_SECONDS and not overdue else self._in_a_row + 1
        pause = restart_pause_seconds(exit_code, lived, self._in_a_row)
        hopeless = not self._ever_ready and (
            overdue or (self._in_a_row >= _DEATHS_BEFORE_READY and exit_code != EXIT_RESTART)
        )
        if pause is None or hopeless:
            self._ended(ProcessState.FAILED, exit_code)
        else:
            self._start_again = time.monotonic() + pause
            self._ended(ProcessState.PAUSING, exit_code)

    def _ended(self, state: ProcessState, exit_code: int) -> None:
        restarted = self.status.restart_count + (state == ProcessState.PAUSING)
        with self._guard:
            self._process = None
            self._note(state=state, pid=None, exit_code=exit_code, restart_count=restarted)

    def _note(self, **changes: object) -> None:
        self.status = replace(self.status, **changes)  # type: ignore[arg-type]
        self._changed()
