"""What every test gets: no network unless it is marked, no silent skip in continuous integration, and its lane."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from pytest_socket import disable_socket, enable_socket

from deploy.local.platform import LocalStack
from deploy.local.ports import SHARE
from deploy.local.settings import LocalSettings
from services.runtime.settings import KafkaSettings
from services.runtime.topics import ensure_topics
from tests.lanes import ALONE, WITHOUT_TORCH, WholeFiles, is_not_alone, longest_first, needs_torch
from tests.samples import DAY, get_day, is_long

STATE = Path(__file__).parent.parent / ".tilik"
"""Where set-up has put Kafka's jars, the detector's weights and the footage."""

pytest_plugins = ["tests.object_stores", "tests.process_starts"]

os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
"""Brokers of tests live for a minute: the optimising compiler would take more of the cores than its code gives back."""

os.environ.setdefault("TILIK_LOCAL_PATIENCE", "4")
"""Three workers start platforms side by side, on a machine whose speed nobody knows."""

_MARKS_WITH_NETWORK = {"integration", "pipeline"}
_skipped: list[str] = []


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Run the tests that run alone without importing all others, and those that need no torch where there is none."""
    expression = config.option.markexpr
    is_left_out = (expression == ALONE and is_not_alone(collection_path)) or (
        WITHOUT_TORCH in expression and needs_torch(collection_path)
    )
    return True if is_left_out else None


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """No test falls between the lanes: refuse one that the lane of its own would not find."""
    report = yield
    items = [item for item in report.result if isinstance(item, pytest.Item)]
    lost = [item.name for item in items if item.get_closest_marker(ALONE) and is_not_alone(item.path)]
    if lost:
        report.outcome = "failed"
        report.longrepr = f"`-m {ALONE}` would not find {lost}: the file doesn't name the mark in full"
    return report


def pytest_configure(config: pytest.Config) -> None:
    """Workers run side by side: each draws ports of its own share, and so do the processes that it starts.

    All draw the samples of one day, also where a run goes on over midnight.
    """
    get_day()
    if worker := getattr(config, "workerinput", None):
        os.environ.setdefault(SHARE, f"{int(worker['workerid'].removeprefix('gw')) + 1}/{worker['workercount']}")


def pytest_report_header() -> str:
    """Print what the samples of long matrices are drawn by."""
    return "whole matrices" if is_long() else f"samples of long matrices: {DAY}={get_day()}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where workers share the files, they begin with the longest."""
    if hasattr(config, "workerinput"):
        longest_first(items)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> WholeFiles:
    """Let each worker run whole files."""
    return WholeFiles(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Only marked tests reach a socket, so that an unmarked one can't depend on what happens to run here."""
    if _MARKS_WITH_NETWORK & {mark.name for mark in item.iter_markers()}:
        enable_socket()
    else:
        disable_socket(allow_unix_socket=True)


def pytest_runtest_teardown() -> None:
    """Give the network back to fixtures that end later."""
    enable_socket()


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Remember files that are skipped as a whole."""
    if report.skipped:
        _skipped.append(report.nodeid)


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
