"""The platform for tests: free ports, a state folder of its own, jars fetched once for all.

with running_platform(tmp_path) as stack:
    client = clickhouse_connect.get_client(host="127.0.0.1", port=stack.clickhouse_port)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.kafka_jars import fetch_jars
from deploy.local.platform import LocalStack, http_probe
from deploy.local.ports import free_port
from deploy.local.process import ProcessSpec
from deploy.local.settings import LocalSettings
from deploy.local.supervisor import Supervisor

SHARED_STATE = Path(__file__).parents[2] / ".tilik"
"""Where ``make setup`` has put Kafka's jars."""


@dataclass(frozen=True, slots=True)
class RunningFace:
    """A ClickHouse face. ``supervisor`` runs it under the name ``clickhouse``."""

    port: int
    supervisor: Supervisor

    @property
    def url(self) -> str:
        """Give its address."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running_platform(state: Path, clickhouse_memory_gib: float = 2.0) -> Iterator[LocalStack]:
    """Run Kafka and ClickHouse on free ports with their data below ``state``, and stop them at the end.

    Raises:
        ConfigurationError: Java or Maven is missing.
        FatalError: One of them did not become ready.
    """
    fetch_jars(SHARED_STATE)
    settings = LocalSettings(
        state_dir=state,
        jars_dir=SHARED_STATE,
        kafka_port=0,
        clickhouse_port=0,
        kafka_controller_port=0,
        clickhouse_memory_gib=clickhouse_memory_gib,
    )
    with LocalStack(settings) as stack:
        stack.start_platform()
        yield stack


@contextmanager
def running_face(state: Path, memory_gib: float = 2.0) -> Iterator[RunningFace]:
    """Run the ClickHouse face alone, on a free port.

    Raises:
        FatalError: It did not become ready.
    """
    port = free_port()
    argv = [sys.executable, "-m", "deploy.local.clickhouse", "--data", str(state / "clickhouse")]
    argv += ["--port", str(port), "--memory-gib", str(memory_gib)]
    supervisor = Supervisor(state)
    try:
        supervisor.start([ProcessSpec("clickhouse", argv, http_probe(port, "/ping"), port=port)])
        yield RunningFace(port, supervisor)
    finally:
        supervisor.stop()
