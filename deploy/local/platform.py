"""The local platform and the services on it, as one thing to start and stop.

    settings = LocalSettings(state_dir=Path(".tilik"), kafka_port=0, clickhouse_port=0)   # 0: free ports
    with LocalStack(settings) as stack:
        stack.start_platform()                                # Kafka and ClickHouse, ready when this returns
        ensure_topics(stack.kafka, "local")
        stack.start_services([ServiceRun("ingest"), ServiceRun("detect"), ServiceRun("aggregate")])
        stack.bootstrap_servers, stack.clickhouse_port        # addresses
        stack.pid("detect"), stack.status()                   # processes; ``<state>/run.json`` has the same
        stack.wait()                                          # until another thread or a signal stops it

Supervision runs on a thread of this process (``supervisor``), so it can be used from any program. Leaving the ``with``
stops everything; when this process dies, however, the kernel stops everything.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException
from types import TracebackType

from deploy.local.broker import broker_spec
from deploy.local.kafka_jars import Fetched, fetch_jars
from deploy.local.ports import HOST, claimed
from deploy.local.process import ProcessSpec, ProcessStatus
from deploy.local.settings import LocalSettings
from deploy.local.supervisor import Supervisor
from services.runtime.settings import KafkaSettings

_PROBE_SECONDS = 2

_CLICKHOUSE_OF = {
    "aggregate": ("CLICKHOUSE",),
    "record": ("CLICKHOUSE",),
    "portal": ("CLICKHOUSE", "OPERATIONS__AUDIT"),
}
"""Where a service's settings say how ClickHouse is reached."""

_FOLDERS_OF = {
    "record": {
        "STORE__URL": "record",
        "KEYS__SIGNING_KEY_FILE": "record-keys/signing.pem",
        "KEYS__SEALING_DIR": "record-keys/sealing",
    },
    "portal": {"STORE__URL": "record", "OPERATIONS__SECRETS_DIR": "portal"},
}
"""Settings of a service that name a folder, and which one of the stack's it is."""


@dataclass(frozen=True)
class ServiceRun:
    """One process of a service.

    Args:
        service: The service: ``python -m services.<service>``.
        name: Name of the process, where several of one service run.
        env: Settings, ``TILIK_<SERVICE>_…``, on top of the addresses, which are set already.
        port: Port of its health and metrics; 0: a free one, which it keeps when it is started again.
    """

    service: str
    name: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    port: int = 0


class LocalStack:
    """See the file's head. Every method may be called from any thread.

    Raises:
        ConfigurationError: Another process uses the state folder.
    """

    def __init__(self, settings: LocalSettings, with_parent: bool = True) -> None:
        self.settings = settings
        self._state = settings.state_dir
        self._supervisor = Supervisor(self._state, with_parent)
        self._kafka_port = 0
        self._clickhouse_port = 0

    def __enter__(self) -> LocalStack:
        """Give the stack; nothing has been started yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        self.stop()

    @property
    def bootstrap_servers(self) -> str:
        """Give Kafka's address."""
        return f"{HOST}:{self._kafka_port}"

    @property
    def kafka(self) -> KafkaSettings:
        """Give how to reach Kafka."""
        return KafkaSettings(bootstrap_servers=self.bootstrap_servers)

    @property
    def clickhouse_port(self) -> int:
        """Give the port of ClickHouse's HTTP interface."""
        return self._clickhouse_port

    def start_platform(self) -> Fetched | None:
        """Start Kafka and ClickHouse, and wait for both. Gives what fetching Kafka's jars cost, if it had to be.

        Raises:
            ConfigurationError: Java or Maven is missing, or a port is in foreign hands; the text names its holder.
            RetryableError: Maven failed.
            FatalError: One of them did not become ready; the text has the end of its log.
        """
        jars_state = self.settings.jars_dir or self._state
        fetched = fetch_jars(jars_state)
        self._kafka_port = claimed(self.settings.kafka_port, "Kafka")
        self._clickhouse_port = claimed(self.settings.clickhouse_port, "ClickHouse's HTTP interface")
        controller_port = claimed(self.settings.kafka_controller_port, "Kafka's controller")
        kafka = broker_spec(self._state, jars_state, self._kafka_port, controller_port, self.settings.kafka_heap_mib)
        self.start_processes([kafka, self._clickhouse_spec()])
        return fetched

    def start_services(self, runs: Sequence[ServiceRun]) -> None:
        """Start services together, and wait until each is ready.

        Raises:
            ConfigurationError: A port is in foreign hands.
            FatalError: One of them did not become ready; the text has the end of its log.
        """
        self.start_processes([self._service_spec(run) for run in runs])

    def start_processes(self, specs: Sequence[ProcessSpec]) -> None:
        """Start other processes under the same supervision, and wait until each is ready.

        Raises:
            FatalError: One of them did not become ready; the text has the end of its log.
        """
        patience = self.settings.patience
        self._supervisor.start(
            [replace(spec, ready_timeout_seconds=spec.ready_timeout_seconds * patience) for spec in specs]
        )

    def stop(self) -> None:
        """Stop everything, what was started last first."""
        self._supervisor.stop()

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait until everything has been stopped; False: it still runs."""
        return self._supervisor.wait(timeout_seconds)

    def pid(self, name: str) -> int:
        """Give the process id under which ``name`` runs now.

        Raises:
            KeyError: It does not run.
        """
        return self._supervisor.pid(name)

    def status(self) -> dict[str, ProcessStatus]:
        """Give what is known of every process, in the order of starting."""
        return self._supervisor.status()

    def wait_until_ready(self, name: str, other_than_pid: int | None = None, timeout_seconds: float = 60.0) -> int:
        """Wait until ``name`` is ready, under another process id than the given one, and give that.

        Raises:
            TimeoutError: It took longer.
        """
        return self._supervisor.wait_until_ready(name, other_than_pid, timeout_seconds)

    def _clickhouse_spec(self) -> ProcessSpec:
        port = self._clickhouse_port
        argv = [sys.executable, "-m", "deploy.local.clickhouse", "--data", str((self._state / "clickhouse").resolve())]
        argv += ["--port", str(port), "--memory-gib", str(self.settings.clickhouse_memory_gib)]
        return ProcessSpec("clickhouse", argv, http_probe(port, "/ping"), port=port, stop_seconds=20)

    def _service_spec(self, run: ServiceRun) -> ProcessSpec:
        name = run.name or run.service
        port = claimed(run.port, f"{name}'s health and metrics")
        prefix = f"TILIK_{run.service.upper()}_"
        env = {
            f"{prefix}KAFKA__BOOTSTRAP_SERVERS": self.bootstrap_servers,
            f"{prefix}HTTP_PORT": str(port),
            f"{prefix}INSTANCE": name,
        }
        if run.service == "ingest":
            env[f"{prefix}GROUP_INSTANCE_ID"] = (
                name  # started again within the session time-out, it has its cameras back
            )
        for part in _CLICKHOUSE_OF.get(run.service, ()):
            env |= {f"{prefix}{part}__HOST": HOST, f"{prefix}{part}__PORT": str(self._clickhouse_port)}
        for part, folder in _FOLDERS_OF.get(run.service, {}).items():
            env[f"{prefix}{part}"] = str((self._state / folder).resolve())
        return ProcessSpec(
            name=name,
            argv=[sys.executable, "-m", f"services.{run.service}"],
            ready=http_probe(port, "/readyz"),
            env=env | dict(run.env),
            port=port,
            ready_timeout_seconds=120,
            stop_seconds=30,
        )


def http_probe(port: int, path: str) -> Callable[[], bool]:
    """Give a function that tells whether ``path`` answers with 200 on a port of the loopback address."""

    def answers() -> bool:
        connection = HTTPConnection(HOST, port, timeout=_PROBE_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    return answers


def running_processes(settings: LocalSettings) -> dict[str, dict[str, object]]:
    """Give pid, port, state, restarts and log of each process of a running stack; empty: none runs."""
    path = settings.state_dir / "run.json"
    if not path.is_file():
        return {}
    content: dict[str, dict[str, dict[str, object]]] = json.loads(path.read_text())
    return content["processes"]
