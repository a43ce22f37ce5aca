"""Starts processes, waits until they work, starts again what dies, stops everything in reverse order.

    supervisor = Supervisor(state_dir)
    supervisor.start([kafka, clickhouse])     # together; returns when all are ready
    supervisor.start([ingest, detect])        # after those
    os.kill(supervisor.pid("detect"), 9)      # it comes back
    supervisor.stop()                         # detect and ingest first, then ClickHouse and Kafka

Supervision runs on one thread, which starts every child: the kernel kills a child when the thread that started it ends
(``tied_child``), so nothing is left behind even by SIGKILL. Logs are ``<state>/logs/<name>.log``, and
``<state>/run.json`` says who runs where. One supervisor at a time holds a state folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from deploy.local.process import ProcessSpec, ProcessState, ProcessStatus, log_tail
from deploy.local.supervised import Supervised
from services.runtime.errors import ConfigurationError, FatalError

_TICK_SECONDS = 0.05
_LOG_CHECK_SECONDS = 30.0


class StartError(FatalError):
    """A process did not become ready; the text has the end of its log."""


class Supervisor:
    """See the file's head.

    Args:
        state: Folder of logs and the state file.
        with_parent: Stop everything, and then this process, when this process's parent has died.

    Raises:
        ConfigurationError: Another supervisor holds the folder.
    """

    def __init__(self, state: Path, with_parent: bool = True) -> None:
        self._state = state
        self._lock_file = _hold(state)
        self._with_parent = with_parent
        self._parent_pid = os.getppid()
        self._ranks: list[list[Supervised]] = []
        self._changed = threading.Condition()
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="supervisor", daemon=True)
        self._thread.start()

    def start(self, specs: Sequence[ProcessSpec]) -> None:
        """Start ``specs`` together and wait until all are ready.

        Raises:
            StartError: One of them failed; everything has been stopped.
        """
        rank = [Supervised(spec, self._state / "logs" / f"{spec.name}.log", self._note_change) for spec in specs]
        self._orders.put(lambda: self._spawn(rank))
        with self._changed:
            self._changed.wait_for(lambda: self._settled(rank))
            failed = [supervised.status for supervised in rank if supervised.status.state != ProcessState.READY]
        if failed:
            self.stop()
            raise StartError(_failure(failed[0]))

    def stop(self) -> None:
        """Stop everything, what was started last first. May be called again, and from any thread."""
        self._stopping.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait until everything has been stopped; False: it still runs."""
        return self._stopped.wait(timeout_seconds)

    def pid(self, name: str) -> int:
        """Give the process id under which ``name`` runs now.

        Raises:
            KeyError: It does not run.
        """
        status = self.status()[name]
        if status.pid is None:
            raise KeyError(f"{name} does not run: {status.state}")
        return status.pid

    def status(self) -> dict[str, ProcessStatus]:
        """Give what is known of every process, in the order of starting."""
        return {supervised.spec.name: supervised.status for rank in self._ranks for supervised in rank}

    def wait_until_ready(self, name: str, other_than_pid: int | None = None, timeout_seconds: float = 60.0) -> int:
        """Wait until ``name`` is ready, under another process id than the given one, and give that.

        Raises:
            TimeoutError: It took longer.
        """

        def ready() -> bool:
            status = self.status()[name]
            return status.state == ProcessState.READY and status.pid not in (None, other_than_pid)

        with self._changed:
            if not self._changed.wait_for(ready, timeout_seconds):
                raise TimeoutError(f"{name} was not ready again within {timeout_seconds:g} s")
            return self.pid(name)

    def _settled(self, rank: Sequence[Supervised]) -> bool:
        states = [supervised.status.state for supervised in rank]
        failed = ProcessState.FAILED in states or self._stopped.is_set()
        return failed or all(state == ProcessState.READY for state in states)

    def _spawn(self, rank: list[Supervised]) -> None:
        self._ranks.append(rank)
        for supervised in rank:
            supervised.first_start()

    def _supervise(self) -> None:
        logs_checked = time.monotonic()
        try:
            while not self._stopping.is_set():
                self._tick()
                if time.monotonic() - logs_checked > _LOG_CHECK_SECONDS:
                    logs_checked = time.monotonic()
                    self._check_logs()
        finally:
            self._stop_all()
        if self._parent_died():
            os.kill(os.getpid(), signal.SIGTERM)

    def _tick(self) -> None:
        with contextlib.suppress(queue.Empty):
            self._orders.get(timeout=_TICK_SECONDS)()
        for rank in self._ranks:
            for supervised in rank:
                supervised.look_after()
        if self._parent_died():
            self._stopping.set()

    def _check_logs(self) -> None:
        for rank in self._ranks:
            for supervised in rank:
                supervised.bound_log()

    def _parent_died(self) -> bool:
        return self._with_parent and os.getppid() != self._parent_pid

    def _stop_all(self) -> None:
        for rank in reversed(self._ranks):
            for supervised in rank:
                supervised.ask_to_stop()
            for supervised in rank:
                supervised.wait_stopped()
        (self._state / "run.json").unlink(missing_ok=True)
        self._lock_file.close()
        with self._changed:
            self._stopped.set()
            self._changed.notify_all()

    def _note_change(self) -> None:
        """Write the state file anew and wake who waits. Called from the supervision and the probing threads."""
        with self._changed:
            processes = {
                status.name: {
                    "pid": status.pid,
                    "port": status.port,
                    "state": status.state,
                    "restarts": status.restart_count,
                    "log": str(status.log),
                }
                for status in self.status().values()
            }
            content = {"supervisor_pid": os.getpid(), "processes": processes}
            fresh = self._state / "run.json.new"
            fresh.write_text(json.dumps(content, indent=2) + "\n")
            fresh.replace(self._state / "run.json")
            self._changed.notify_all()


def _failure(status: ProcessStatus) -> str:
    ending = "" if status.exit_code is None else f" (last exit code {status.exit_code})"
    return f"{status.name} did not become ready{ending}; the end of {status.log}:\n{log_tail(status.log)}"


def _hold(state: Path) -> IO[str]:
    """Hold the folder for this process; the lock goes with it, however it ends."""
    state.mkdir(parents=True, exist_ok=True)
    file = (state / "run.lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        pid = file.read().strip()
        file.close()
        raise ConfigurationError(
            f"{state} is in use by process {pid}: stop it, or take another folder (TILIK_LOCAL_STATE_DIR)"
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
