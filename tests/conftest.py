"""What every test gets: no network unless it is marked, and no silent skip in continuous integration."""

from __future__ import annotations

import os

import pytest
from pytest_socket import disable_socket, enable_socket

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
