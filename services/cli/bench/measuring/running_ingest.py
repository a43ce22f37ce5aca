"""Ingest workers as processes of their own, on cameras that are in the registry."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.platform import http_probe
from deploy.local.ports import HOST, free_port
from deploy.local.process import ProcessSpec
from deploy.local.supervisor import Supervisor
from schemas.cameras import Camera
from services.cli.bench.measuring.exposition import Samples, by_label, read_metrics
from services.cli.cameras.diff import plan_changes
from services.cli.cameras.publishing import publish_changes
from services.runtime.camera_registry import read_registry
from services.runtime.errors import FatalError
from services.runtime.settings import KafkaSettings

_LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class RunningIngest:
    """Workers that run. ``supervisor`` runs them as ``ingest-0`` and so on."""

    supervisor: Supervisor
    addresses: tuple[str, ...]

    def pids(self) -> list[int]:
        """Give the workers' process ids."""
        return [self.supervisor.pid(name) for name in self.supervisor.status()]

    def metrics(self) -> list[Samples]:
        """Give each worker's metrics."""
        return [read_metrics(address) for address in self.addresses]

    def wait_live(self, cameras: int, timeout_seconds: float) -> None:
        """Wait until so many cameras are live.

        Raises:
            FatalError: They are not, after all that time; the text says what they are.
        """
        deadline = time.monotonic() + timeout_seconds
        while (states := self._states()).get("live", 0) < cameras:
            if time.monotonic() > deadline:
                raise FatalError(f"after {timeout_seconds:g} s not all of {cameras} cameras are live: {states}")
            time.sleep(_LOOK_SECONDS)

    def _states(self) -> dict[str, float]:
        states: dict[str, float] = {}
        for samples in self.metrics():
            for state, count in by_label(samples, "tilik_ingest_cameras", "state").items():
                states[state] = states.get(state, 0.0) + count
        return states


def register(kafka: KafkaSettings, cameras: Sequence[Camera]) -> None:
    """Make the registry say that there are these cameras, and no others.

    Raises:
        RetryableError: Kafka did not take them.
    """
    publish_changes(kafka, plan_changes(tuple(cameras), read_registry(kafka), remove_missing=True))


@contextmanager
def running_ingest(kafka: KafkaSettings, workers: int, state: Path) -> Iterator[RunningIngest]:
    """Run workers until the ``with`` ends; they then stop as they should, so that their last statuses are exact.

    Raises:
        FatalError: One did not become ready.
    """
    ports = [free_port() for _ in range(workers)]
    supervisor = Supervisor(state)
    try:
        supervisor.start([_worker(kafka, number, port) for number, port in enumerate(ports)])
        yield RunningIngest(supervisor, tuple(f"http://{HOST}:{port}" for port in ports))
    finally:
        supervisor.stop()


def _worker(kafka: KafkaSettings, number: int, port: int) -> ProcessSpec:
    settings = {
        "KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "HTTP_PORT": str(port),
        "INSTANCE": f"ingest-{number}",
        "ALLOWED_NETWORKS": json.dumps(["loopback"]),
        "LOG_FORMAT": "json",
    }
    return ProcessSpec(
        name=f"ingest-{number}",
        argv=[sys.executable, "-m", "services.ingest"],
        ready=http_probe(port, "/readyz"),
        env={f"TILIK_INGEST_{name}": value for name, value in settings.items()},
        port=port,
        ready_timeout_seconds=120,
        stop_seconds=60,
    )
