"""What every test gets: no network unless it is marked, and no silent skip in continuous integration."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_socket import disable_socket, enable_socket

from deploy.local.platform import LocalStack
from deploy.local.settings import LocalSettings
from services.runtime.settings import KafkaSettings
from services.runtime.topics import ensure_topics

STATE = Path(__file__).parent.parent / ".tilik"
"""Where set-up has put Kafka's jars, the detector's weights and the footage."""

pytest_plugins = ["tests.object_stores"]

_MARKS_WITH_NETWORK = {"integration", "pipeline"}
_skipped: list[str] = []


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Only marked tests reach a socket, so that an unmarked one can't depend on what happens to run here."""
    if _MARKS_WITH_NETWORK & {mark.name for mark in item.iter_markers()}:
        enable_socket()
    else:
        disable_socket(allow_unix_socket=True)


def pytest_runtest_teardown() -> None:
    """Give the network back to fixtures that end later."""
    enable_socket()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember skips."""
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In continuous integration a skipped test is a failure: it proves nothing."""
    if os.environ.get("CI") and _skipped:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why a run without a failed test fails."""
    if os.environ.get("CI") and _skipped:
        terminalreporter.write_line(f"skipped in CI, which counts as failed: {', '.join(_skipped)}", red=True)


@pytest.fixture(scope="session")
def local_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A real Kafka with every topic, and the real ClickHouse engine, on free ports, for the whole run."""
    state = tmp_path_factory.mktemp("platform")
    enable_socket()
    settings = LocalSettings(
        state_dir=state, jars_dir=STATE, kafka_port=0, clickhouse_port=0, kafka_heap_mib=512, clickhouse_memory_gib=2
    )
    with LocalStack(settings) as stack:
        stack.start_platform()
        ensure_topics(stack.kafka, "local")
        yield stack


@pytest.fixture(scope="session")
def kafka(local_platform: LocalStack) -> KafkaSettings:
    """How to reach the run's Kafka. Its topics are shared: use names of cameras and groups of your own."""
    return local_platform.kafka


@pytest.fixture(scope="session")
def clickhouse_port(local_platform: LocalStack) -> int:
    """The port of the run's ClickHouse on 127.0.0.1. Use a database of your own."""
    return local_platform.clickhouse_port
