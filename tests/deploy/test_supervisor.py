"""Processes under supervision, with real ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from deploy.local.process import ProcessSpec, ProcessState
from deploy.local.supervisor import StartError, Supervisor
from services.runtime.errors import ConfigurationError

SLEEP = "import time; time.sleep(600)"


def python(name: str, code: str, ready: Callable[[], bool] = lambda: True, **options: float) -> ProcessSpec:
    return ProcessSpec(name, [sys.executable, "-S", "-c", code], ready, **options)  # type: ignore[arg-type]


@contextmanager
def supervisor_in(state: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(state)
    try:
        yield supervisor
    finally:
        supervisor.stop()


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def test_killed_process_comes_back_and_the_state_file_says_so(tmp_path: Path) -> None:
    with supervisor_in(tmp_path) as supervisor:
        supervisor.start([python("sleeper", SLEEP)])
        killed = supervisor.pid("sleeper")
        os.kill(killed, signal.SIGKILL)
        pid = supervisor.wait_until_ready("sleeper", other_than_pid=killed, timeout_seconds=20)

        content = json.loads((tmp_path / "run.json").read_text())
        assert content["supervisor_pid"] == os.getpid()
        assert content["processes"]["sleeper"]["pid"] == pid
        assert supervisor.status()["sleeper"].restart_count == 1
        assert supervisor.status()["sleeper"].exit_code == -signal.SIGKILL
    assert not psutil.pid_exists(pid)
    assert not (tmp_path / "run.json").exists()


def test_wrong_settings_end_the_start_with_the_log(tmp_path: Path) -> None:
    code = "import sys; print('port is not a number'); sys.exit(78)"
    supervisor = Supervisor(tmp_path)

    with pytest.raises(StartError, match=r"exit code 78(.|\n)*port is not a number"):
        supervisor.start([python("fine", SLEEP), python("wrong", code, lambda: False)])

    assert supervisor.status()["fine"].state == ProcessState.STOPPED


def test_process_that_never_gets_ready_fails_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="hanging did not become ready"):
        Supervisor(tmp_path).start([python("hanging", SLEEP, lambda: False, ready_timeout_seconds=0.3)])


def test_process_that_dies_at_every_start_fails_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="no such table"):
        Supervisor(tmp_path).start([python("dying", "raise SystemExit('no such table')", lambda: False)])


def test_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="no-such-program can't be started"):
        Supervisor(tmp_path).start([ProcessSpec("missing", ["no-such-program"], lambda: False)])


def test_last_started_stops_first_and_the_deaf_are_killed(tmp_path: Path) -> None:
    order = tmp_path / "order"
    note = f"open({str(order)!r}, 'a').write(sys.argv[1]); sys.exit(0)"
    code = f"import signal, sys, time\ndef end(*_): {note}\nsignal.signal(15, end)\n"
    code += "print('up', flush=True)\ntime.sleep(600)"

    def spec(name: str) -> ProcessSpec:
        log = tmp_path / "logs" / f"{name}.log"
        return ProcessSpec(name, [sys.executable, "-S", "-c", code, name], lambda: "up" in log.read_text())

    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    deaf_log = tmp_path / "logs" / "deaf.log"
    with supervisor_in(tmp_path) as supervisor:
        supervisor.start([spec("a")])
        supervisor.start([spec("b")])
        supervisor.start([python("deaf", deaf, lambda: "up" in deaf_log.read_text(), stop_seconds=0.2)])

    assert order.read_text() == "ba"
    assert supervisor.status()["deaf"].exit_code == -signal.SIGKILL


def test_folder_in_use_is_refused_with_the_holder(tmp_path: Path) -> None:
    with supervisor_in(tmp_path), pytest.raises(ConfigurationError, match=f"in use by process {os.getpid()}"):
        Supervisor(tmp_path)
    with supervisor_in(tmp_path):
        pass


PROGRAM = """
import sys, time
from pathlib import Path
from deploy.local.process import ProcessSpec
from deploy.local.supervisor import Supervisor
supervisor = Supervisor(Path(sys.argv[1]))
argv = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
supervisor.start([ProcessSpec(name, argv, lambda: True) for name in ("one", "two")])
print("started", flush=True)
supervisor.wait()
time.sleep(600)
"""


def children_of(state: Path) -> list[int]:
    return [entry["pid"] for entry in json.loads((state / "run.json").read_text())["processes"].values()]


def test_nothing_is_left_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"started\n"
        children = children_of(tmp_path)
        assert all(psutil.pid_exists(pid) for pid in children)
        program.kill()

    until(lambda: not any(is_alive(pid) for pid in children))


def test_everything_stops_when_the_parent_dies(tmp_path: Path) -> None:
    parent = f"import subprocess, sys; subprocess.run({[sys.executable, '-c', PROGRAM, str(tmp_path)]!r})"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        everyone = [*children_of(tmp_path), json.loads((tmp_path / "run.json").read_text())["supervisor_pid"]]
        process.kill()

    until(lambda: not any(is_alive(pid) for pid in everyone))
    assert not (tmp_path / "run.json").exists()  # it stopped in order


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
