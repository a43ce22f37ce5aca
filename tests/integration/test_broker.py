"""The local Kafka broker: the real one, with its data kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # re-exported without __all__

from deploy.local import java, kafka_jars
from deploy.local.broker import broker_spec
from deploy.local.kafka_jars import fetch_jars
from deploy.local.ports import free_port
from deploy.local.supervisor import Supervisor
from deploy.local.testing import SHARED_STATE
from services.runtime.errors import ConfigurationError, RetryableError

pytestmark = pytest.mark.integration

DYING_CONSUMER = """
import os, sys
from confluent_kafka import Consumer
servers = f"127.0.0.1:{sys.argv[1]}"
consumer = Consumer({"bootstrap.servers": servers, "group.id": "freed", "group.protocol": "consumer",
                     "auto.offset.reset": "earliest", "enable.auto.commit": False})
consumer.subscribe(["freed"])
while consumer.poll(0.5) is None:
    pass
os.kill(os.getpid(), 9)
"""
RECORDS = [(f"key {number}".encode(), b"x" * 60_000) for number in range(50)]


class Broker:
    def __init__(self, state: Path) -> None:
        fetch_jars(SHARED_STATE)
        self.port = free_port()
        self.supervisor = Supervisor(state)
        self.supervisor.start([broker_spec(state, SHARED_STATE, self.port, free_port(), heap_mib=256)])

    @property
    def config(self) -> dict[str, str | int | float]:
        return {"bootstrap.servers": f"127.0.0.1:{self.port}", "log_level": 0}

    def create_topic(self, name: str) -> None:
        topic = NewTopic(name, num_partitions=2, replication_factor=1)
        admin = AdminClient(self.config)
        admin.create_topics([topic])[name].result(timeout=20)

    def produce(self, topic: str) -> None:
        producer = Producer(self.config)
        for key, value in RECORDS:
            producer.produce(topic, value, key)
        assert producer.flush(30) == 0

    def consume(self, topic: str, group: str) -> list[tuple[bytes | None, bytes | None]]:
        consumer = Consumer(
            {**self.config, "group.id": group, "group.protocol": "consumer", "auto.offset.reset": "earliest"}
        )
        consumer.subscribe([topic])
        records: list[tuple[bytes | None, bytes | None]] = []
        deadline = time.monotonic() + 60
        while len(records) < len(RECORDS) and time.monotonic() < deadline:
            message = consumer.poll(0.5)
            if message is not None and message.error() is None:
                records.append((message.key(), message.value()))
        consumer.close()
        return sorted(records)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("broker")


@pytest.fixture(scope="module")
def broker(state: Path) -> Iterator[Broker]:
    broker = Broker(state)
    yield broker
    broker.supervisor.stop()


def test_records_come_back_through_a_group(broker: Broker) -> None:
    broker.create_topic("ordinary")
    broker.produce("ordinary")

    assert broker.consume("ordinary", "first") == sorted(RECORDS)


def test_topics_are_not_made_by_accident(broker: Broker) -> None:
    producer = Producer({**broker.config, "message.timeout.ms": 2000})
    producer.produce("mistyped", b"x")
    producer.flush(5)

    assert "mistyped" not in AdminClient(broker.config).list_topics(timeout=10).topics


def test_killed_broker_comes_back_with_its_data(broker: Broker) -> None:
    broker.create_topic("kept")
    broker.produce("kept")
    killed = broker.supervisor.pid("kafka")
    os.kill(killed, signal.SIGKILL)
    broker.supervisor.wait_until_ready("kafka", other_than_pid=killed, timeout_seconds=40)

    assert broker.consume("kept", "after") == sorted(RECORDS)


@pytest.mark.alone
def test_killed_consumer_frees_its_partitions_within_seconds(broker: Broker) -> None:
    broker.create_topic("freed")
    broker.produce("freed")
    subprocess.run([sys.executable, "-c", DYING_CONSUMER, str(broker.port)], check=False, timeout=60)
    started = time.monotonic()

    assert broker.consume("freed", "freed") == sorted(RECORDS)
    assert time.monotonic() - started < 15


def test_data_survives_a_new_start_on_other_ports(broker: Broker, state: Path) -> None:
    broker.supervisor.stop()
    again = Broker(state)
    try:
        assert again.consume("ordinary", "second") == sorted(RECORDS)
        assert psutil.Process(again.supervisor.pid("kafka")).memory_info().rss < 700e6
    finally:
        again.supervisor.stop()


def test_jars_are_fetched_once() -> None:
    fetch_jars(SHARED_STATE)

    assert fetch_jars(SHARED_STATE) is None


def test_missing_java_and_maven_are_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ConfigurationError, match=r"Java is missing.*apt-get install default-jre-headless"):
        java.java_command()
    with pytest.raises(ConfigurationError, match=r"Maven is missing.*apt-get install maven"):
        fetch_jars(tmp_path)


def test_old_java_and_failing_maven_are_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path / "java", "echo 'openjdk version \"11.0.2\" 2019-01-15' >&2")
    program(tmp_path / "mvn", "echo '[ERROR] Could not transfer artifact'; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ConfigurationError, match=r"Java 11 at .* is too old"):
        java.java_command()
    with pytest.raises(RetryableError, match="Could not transfer artifact"):
        fetch_jars(tmp_path)
    assert not kafka_jars.jars_are_current(tmp_path)


def program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
