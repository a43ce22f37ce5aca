"""The local Kafka broker: one node, KRaft, formatted once, started with little memory."""

from __future__ import annotations

import base64
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local.java import java_command
from deploy.local.kafka_jars import jars_folder
from deploy.local.ports import HOST
from deploy.local.process import ProcessSpec
from services.runtime.errors import FatalError

_FORMAT_TIMEOUT_SECONDS = 60
_PROBE_TIMEOUT_SECONDS = 3

_LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
)
_SHORT_LIVED = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""For a program of a second: what the optimising compiler would make comes too late for it."""

_ONE_NODE = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "inter.broker.listener.name": "PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
}
_SMALL_MACHINE = {
    "offsets.topic.num.partitions": "4",  # 50 by default: files, and seconds of recovery, for nothing here
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "4",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "log.cleaner.dedupe.buffer.size": str(16 << 20),  # 128 MiB of heap by default
    "log.cleaner.backoff.ms": "5000",
}
_BEHAVIOUR = {
    "auto.create.topics.enable": "false",  # topics come from schemas/topics.py alone
    "group.initial.rebalance.delay.ms": "0",
    # A consumer that was killed must not keep its partitions for 45 s; classic groups ask for theirs themselves.
    "group.consumer.session.timeout.ms": "6000",
    "group.consumer.min.session.timeout.ms": "6000",
    "group.consumer.heartbeat.interval.ms": "1000",
    "group.consumer.min.heartbeat.interval.ms": "1000",
    # A broker that was killed may register again only once its former self has timed out: 9 s by default.
    "broker.session.timeout.ms": "4000",
    "broker.heartbeat.interval.ms": "500",
    "log.retention.check.interval.ms": "30000",  # frames are kept for minutes
    "log.segment.delete.delay.ms": "10000",
}


def broker_spec(state: Path, jars_state: Path, port: int, controller_port: int, heap_mib: int) -> ProcessSpec:
    """Write the broker's settings, format its storage if there is none yet, and give how to run it. Blocks.

    Args:
        state: Folder below which the broker keeps its data.
        jars_state: State folder that has the jars.
        port: Port of the clients.
        controller_port: Port that the broker and its own controller talk on; may change between starts.
        heap_mib: Largest heap of Java.

    Raises:
        ConfigurationError: Java is missing or too old.
        FatalError: The storage could not be formatted.
    """
    java = java_command()
    folder = (state / "kafka").resolve()
    properties = _write_properties(folder, port, controller_port)
    classpath = f"{jars_folder(jars_state).resolve()}/*"
    if not (folder / "data" / "meta.properties").is_file():
        _format(java, classpath, properties)
    options = [f"-Xmx{heap_mib}m", f"-Xms{heap_mib // 2}m", "-XX:+ExitOnOutOfMemoryError", *_LOGGING]
    return ProcessSpec(
        name="kafka",
        argv=[java, *options, "-cp", classpath, "kafka.Kafka", str(properties)],
        ready=broker_probe(f"{HOST}:{port}"),
        port=port,
        stop_seconds=20,
    )


def broker_probe(bootstrap_servers: str) -> Callable[[], bool]:
    """Give a function that tells whether a broker answers there, in Kafka's protocol."""

    def answers() -> bool:
        admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})
        try:
            return bool(admin.list_topics(timeout=_PROBE_TIMEOUT_SECONDS).brokers)
        except KafkaException:
            return False

    return answers


def _write_properties(folder: Path, port: int, controller_port: int) -> Path:
    listeners = f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}"
    values = {
        **_ONE_NODE,
        **_SMALL_MACHINE,
        **_BEHAVIOUR,
        "controller.quorum.bootstrap.servers": f"{HOST}:{controller_port}",
        "listeners": listeners,
        "advertised.listeners": listeners,
        "log.dirs": str(folder / "data"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "server.properties"
    path.write_text("".join(f"{key}={value}\n" for key, value in values.items()))
    return path


def _format(java: str, classpath: str, properties: Path) -> None:
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    tool = [java, *_SHORT_LIVED, *_LOGGING, "-cp", classpath, "kafka.tools.StorageTool"]
    command = [*tool, "format", "--standalone", f"--cluster-id={cluster_id}", "-c", str(properties)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=_FORMAT_TIMEOUT_SECONDS, check=False)
    if result.returncode != 0:
        last = (result.stderr.strip() or result.stdout.strip() or "no output").splitlines()[-1]
        raise FatalError(f"Kafka's storage could not be formatted: {last}")
