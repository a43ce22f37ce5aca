"""``tilik topics``: the table on a real broker, and in words."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from confluent_kafka.admin import AdminClient

from deploy.local.broker import broker_spec
from deploy.local.kafka_jars import fetch_jars
from deploy.local.ports import free_port
from deploy.local.supervisor import Supervisor
from deploy.local.testing import SHARED_STATE
from schemas.topics import FRAMES, PARTITIONS, TOPICS
from services.cli.topics import command
from services.runtime.errors import ConfigurationError


@pytest.fixture
def bootstrap(tmp_path: Path) -> Iterator[str]:
    """A broker that has no topic yet."""
    fetch_jars(SHARED_STATE)
    supervisor = Supervisor(tmp_path)
    port = free_port()
    try:
        supervisor.start([broker_spec(tmp_path, SHARED_STATE, port, free_port(), heap_mib=256)])
        yield f"127.0.0.1:{port}"
    finally:
        supervisor.stop()


@pytest.mark.integration
def test_topics_are_created_once_and_another_profile_is_refused(bootstrap: str) -> None:
    apply = ["apply", "--bootstrap", bootstrap, "--profile"]
    first = CliRunner().invoke(command, [*apply, "local"])
    second = CliRunner().invoke(command, [*apply, "local"])
    other = CliRunner().invoke(command, [*apply, "production"])

    assert first.exit_code == 0, first.output
    assert [f"created {topic.name}" for topic in TOPICS] == first.output.splitlines()[:-1]
    assert second.output == f"{bootstrap}: 0 of {len(TOPICS)} topics created, profile local\n"
    assert isinstance(other.exception, ConfigurationError)
    assert partitions_on(bootstrap) == dict.fromkeys((topic.name for topic in TOPICS), PARTITIONS["local"])


def partitions_on(bootstrap: str) -> dict[str, int]:
    """Give the partitions of each topic of the table. A broker tells of a new topic a moment after it was created."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    deadline = time.monotonic() + 10
    while True:
        found = {name: len(topic.partitions) for name, topic in admin.list_topics(timeout=10).topics.items()}
        counts = {topic.name: found[topic.name] for topic in TOPICS if topic.name in found}
        if len(counts) == len(TOPICS) or time.monotonic() > deadline:
            return counts


@pytest.mark.parametrize(("profile", "bound"), [("local", "512 MiB"), ("production", "2048 MiB")])
def test_the_table_is_shown_by_profile(profile: str, bound: str) -> None:
    said = CliRunner().invoke(command, ["list", "--profile", profile]).output

    for topic in TOPICS:
        assert topic.name in said
    for words in ("for ever", "10 minutes", "3 days", "compacted", "30 days, compacted", "14 days", bound):
        assert words in said


def test_the_table_as_json_has_every_setting() -> None:
    listed = json.loads(CliRunner().invoke(command, ["list", "--json", "--profile", "production"]).stdout)

    assert [entry["name"] for entry in listed] == [topic.name for topic in TOPICS]
    frames = next(entry for entry in listed if entry["name"] == FRAMES.name)
    assert (frames["partitions"], frames["replicas"]) == (48, 3)
    assert frames["settings"] == FRAMES.settings_for("production")


def test_the_profile_must_be_said() -> None:
    assert CliRunner().invoke(command, ["apply"]).exit_code == 2
