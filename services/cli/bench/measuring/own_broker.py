"""A Kafka broker for one benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.local.broker import broker_spec
from deploy.local.kafka_jars import fetch_jars
from deploy.local.ports import HOST, free_port
from deploy.local.settings import local_settings
from deploy.local.supervisor import Supervisor
from services.runtime.settings import KafkaSettings
from services.runtime.topics import ensure_topics


@dataclass(frozen=True, slots=True)
class OwnBroker:
    """A broker that runs, with Tilik's topics. ``data`` is the folder that all its records lie in."""

    bootstrap_servers: str
    pid: int
    data: Path

    @property
    def kafka(self) -> KafkaSettings:
        """Give how to reach it."""
        return KafkaSettings(bootstrap_servers=self.bootstrap_servers)


@contextmanager
def own_broker(heap_mib: int, below: Path | None = None) -> Iterator[OwnBroker]:
    """Run a broker with data of its own on a free port; what it held is deleted at the end.

    Args:
        heap_mib: Largest heap of Java.
        below: Where its folder is made; none: the system's place for what is temporary.

    Raises:
        ConfigurationError: Java or Maven is missing.
        FatalError: It did not become ready.
    """
    local = local_settings()
    jars = local.jars_dir or local.state_dir
    fetch_jars(jars)
    with TemporaryDirectory(prefix="tilik-bench-", dir=below) as folder:
        port = free_port()
        supervisor = Supervisor(Path(folder))
        try:
            supervisor.start([broker_spec(Path(folder), jars, port, free_port(), heap_mib)])
            broker = OwnBroker(f"{HOST}:{port}", supervisor.pid("kafka"), Path(folder) / "kafka" / "data")
            ensure_topics(broker.kafka, "local")
            yield broker
        finally:
            supervisor.stop()
