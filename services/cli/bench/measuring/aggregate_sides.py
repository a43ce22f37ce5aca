"""The sides of ``bench aggregate``: an aggregation worker that catches up with events, and peers that read the same."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.local.platform import LocalStack, http_probe
from deploy.local.ports import HOST, free_port
from deploy.local.process import ProcessSpec
from deploy.local.supervisor import Supervisor
from schemas.topics import CAMERA_EVENTS
from services.cli.bench.measuring.exposition import Samples, read_metrics, total
from services.cli.bench.measuring.process_usage import Usage, usage_of
from services.runtime.errors import FatalError

_REPOSITORY = Path(__file__).parents[4]
"""The peers are scripts of the source tree (``benchmarks/``), which no wheel contains."""
_NAME = "aggregate"
_LOOK_SECONDS = 0.2
_TIMEOUT_SECONDS = 300.0
EVENTS, ROWS, STATE_BYTES = (
    "tilik_aggregate_events_total",
    "tilik_aggregate_rows_total",
    "tilik_aggregate_state_bytes_total",
)


@dataclass(frozen=True, slots=True)
class Pace:
    """Events in a window, how long it took, and the CPU time (user and system, all threads) that went into them."""

    events: float
    seconds: float
    cpu_seconds: float
    rows: float = 0.0

    @property
    def a_second(self) -> float:
        """Give events a second by the clock."""
        return self.events / self.seconds

    @property
    def a_cpu_second(self) -> float:
        """Give events a CPU-second: what one core that does nothing else would do."""
        return self.events / self.cpu_seconds


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of a worker at a moment: monotonic time, its usage, its metrics."""

    at_seconds: float
    usage: Usage
    metrics: Samples

    @property
    def events(self) -> float:
        """Give how many events it has applied since its start."""
        return total(self.metrics, EVENTS)

    def pace_since(self, before: Reading) -> Pace:
        """Give what happened between two readings."""
        return Pace(
            self.events - before.events,
            self.at_seconds - before.at_seconds,
            self.usage.cpu_seconds - before.usage.cpu_seconds,
            total(self.metrics, ROWS) - total(before.metrics, ROWS),
        )


@dataclass(frozen=True, slots=True)
class RunningWorker:
    """An aggregation worker that runs. ``ready_seconds``: from its start until it owned all partitions."""

    supervisor: Supervisor
    address: str
    ready_seconds: float

    def read(self) -> Reading:
        """Look at it.

        Raises:
            FatalError: It was started anew, as it had ended.
        """
        if any(status.restart_count for status in self.supervisor.status().values()):
            raise FatalError("the aggregation worker ended while it was measured")
        metrics = read_metrics(self.address)
        return Reading(time.monotonic(), usage_of(self.supervisor.pid(_NAME)), metrics)

    def wait_until_applied(self, events: float) -> list[Reading]:
        """Wait until it has applied so many events since its start, and give the readings on the way.

        Raises:
            FatalError: It takes too long.
        """
        readings = [self.read()]
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while readings[-1].events < events:
            if time.monotonic() > deadline:
                raise FatalError(f"the worker applied {readings[-1].events:g} of {events:g} events in time")
            time.sleep(_LOOK_SECONDS)
            readings.append(self.read())
        return readings


@contextmanager
def running_worker(stack: LocalStack) -> Iterator[RunningWorker]:
    """Run a worker until the ``with`` ends; it then takes a last checkpoint.

    Raises:
        FatalError: It did not become ready.
    """
    port = free_port()
    settings = {
        "KAFKA__BOOTSTRAP_SERVERS": stack.bootstrap_servers,
        "CLICKHOUSE__PORT": str(stack.clickhouse_port),
        "HTTP_PORT": str(port),
        "LOG_FORMAT": "json",
    }
    spec = ProcessSpec(
        name=_NAME,
        argv=[sys.executable, "-m", "services.aggregate"],
        ready=http_probe(port, "/readyz"),
        env={f"TILIK_AGGREGATE_{name}": value for name, value in settings.items()},
        port=port,
        ready_timeout_seconds=120,
        stop_seconds=60,
    )
    with TemporaryDirectory(prefix="tilik-bench-") as state:
        supervisor = Supervisor(Path(state))
        began = time.monotonic()
        try:
            supervisor.start([spec])
            yield RunningWorker(supervisor, f"http://{HOST}:{port}", time.monotonic() - began)
        finally:
            supervisor.stop()


def middle_of(readings: list[Reading], events: float) -> Pace:
    """Give the pace from a tenth of the events on to nine tenths: neither start nor end counts."""
    first = next(reading for reading in readings if reading.events >= events / 10)
    last = next(reading for reading in readings if reading.events >= events * 9 / 10)
    return last.pace_since(first)


def peer_side(stack: LocalStack, module: str, events: int) -> Callable[[], Pace]:
    """Give what measures a peer on the first ``events`` events of the topic, each time in a group of its own."""
    started = 0

    def measure() -> Pace:
        nonlocal started
        started += 1
        group = f"bench-{module.rsplit('.', 1)[-1]}-{started}"
        command = [sys.executable, "-m", module, stack.bootstrap_servers, CAMERA_EVENTS.name, group, str(events)]
        try:
            with TemporaryDirectory(prefix="tilik-bench-") as faust_data:  # else Faust leaves it in the repository
                done = subprocess.run(
                    command,
                    cwd=_REPOSITORY,
                    env={**os.environ, "APP_DATADIR": faust_data},
                    capture_output=True,
                    text=True,
                    timeout=_TIMEOUT_SECONDS,
                    check=False,
                )
        except subprocess.TimeoutExpired as error:
            raise FatalError(f"{module} did not read {events} events in {_TIMEOUT_SECONDS:g} s") from error
        words = done.stdout.split()
        if done.returncode != 0 or len(words) < 3:
            raise FatalError(f"{module} failed: {done.stderr.strip()[-1000:]}")
        counted, seconds, cpu_seconds = words[-3:]
        return Pace(float(counted), float(seconds), float(cpu_seconds))

    return measure
