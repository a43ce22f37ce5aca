from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.local.testing import SHARED_STATE

pytestmark = pytest.mark.pipeline

SECONDS = 20
MARK = "DEMONSTRATION_UNDER_TEST"
"""A variable that every process of the demonstration inherits, so that none can hide."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """One demonstration on ports of its own, with what `tilik setup` has fetched."""
    state = tmp_path_factory.mktemp("state")
    for name in ("kafka", "models", "footage"):
        if (SHARED_STATE / name).exists():
            (state / name).symlink_to(SHARED_STATE / name)
    command = [sys.executable, "-m", "services.cli", "demo", "--seconds", str(SECONDS), "--state", str(state)]
    command += ["--kafka-port", "0", "--clickhouse-port", "0", "--json", str(state / "summary.json")]
    marked = {**os.environ, MARK: str(state)}
    done = subprocess.run(command, env=marked, capture_output=True, text=True, check=False, timeout=400)
    return done, state


@pytest.fixture
def summary(run: tuple[subprocess.CompletedProcess[str], Path]) -> dict[str, Any]:
    done, state = run
    assert done.returncode == 0, done.stdout + done.stderr
    content: dict[str, Any] = json.loads((state / "summary.json").read_text())
    return content


def test_every_captured_frame_has_exactly_one_outcome(summary: dict[str, Any]) -> None:
    outcomes = ("detected", "shed", "dead_lettered", "expired", "in_flight")
    assert summary["captured"] == sum(summary[name] for name in outcomes)
    assert summary["captured"] >= SECONDS
    assert summary["detected"] > 0


def test_every_camera_is_owned_exactly_once(summary: dict[str, Any]) -> None:
    assert summary["cameras"] >= 6
    assert (summary["owned_once"], summary["owned_none"], summary["owned_twice"]) == (summary["cameras"], 0, 0)


def test_rows_of_every_stage_are_there(summary: dict[str, Any]) -> None:
    rows = summary["rows"]
    assert rows["detections"] == summary["detected"]
    assert rows["frame_outcomes"] == summary["captured"] - summary["in_flight"]
    assert rows["camera_statuses"] >= 2 * summary["cameras"]
    assert rows["camera_minutes"] > 0
    assert 0 < summary["p50_capture_to_row_s"] <= summary["p95_capture_to_row_s"]


def test_without_a_terminal_lines_tell_how_it_goes(run: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    said = run[0].stdout
    assert "the first row was in ClickHouse" in said
    assert "cameras live; captured" in said
    assert "curl 'http://127.0.0.1:" in said


def test_nothing_is_left_running(run: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    assert not (run[1] / "demo" / "run.json").exists()
    assert [process.cmdline() for process in psutil.process_iter() if mark_of(process) == str(run[1])] == []


def mark_of(process: psutil.Process) -> str:
    try:
        return process.environ().get(MARK, "")
    except psutil.Error:  # of another user, or gone
        return ""
