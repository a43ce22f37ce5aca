"""``tilik up``: the platform alone, its end, and what bad input gets. The services on it have the pipeline's tests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import clickhouse_connect
import psutil
import pytest

from deploy.local.testing import SHARED_STATE
from schemas.topics import TOPICS

pytestmark = pytest.mark.integration


def up(state: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "services.cli", "up", "--state", str(state), "--platform-only", *arguments]
    environment = {**os.environ, "TILIK_LOCAL_JARS_DIR": str(SHARED_STATE), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_platform_is_prepared_and_ctrl_c_stops_it(tmp_path: Path) -> None:
    with up(tmp_path, "--kafka-port", "0", "--clickhouse-port", "0") as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or "Ctrl-C stops everything" not in lines[-1]:
            lines.append(process.stdout.readline())
            assert lines[-1], process.communicate()[1]
        running = json.loads((tmp_path / "run.json").read_text())["processes"]
        with clickhouse_connect.get_client(host="127.0.0.1", port=running["clickhouse"]["port"]) as client:
            tables = client.query("SELECT name FROM system.tables WHERE database = 'tilik'").result_rows
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert ("detections",) in tables
    assert f"topics: {len(TOPICS)} created" in "".join(lines)
    assert rest == "stopping ...\nstopped\n"
    assert not any(psutil.pid_exists(entry["pid"]) for entry in running.values())


def test_port_in_foreign_hands_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with up(tmp_path, "--kafka-port", str(port), "--clickhouse-port", "0") as process:
            _, errors = process.communicate(timeout=60)

    assert process.returncode == 78
    assert errors.startswith(f"tilik: port {port}, wanted for Kafka, is taken by process {os.getpid()} (")
    assert len(errors.splitlines()) == 1


def test_wrong_registry_file_is_said_before_anything_is_started(tmp_path: Path) -> None:
    file = tmp_path / "cameras.yaml"
    file.write_text("cameras:\n  - camera_id: X\n")
    with up(tmp_path / "state", "--kafka-port", "0", "--clickhouse-port", "0", str(file)) as process:
        said, errors = process.communicate(timeout=60)

    assert process.returncode == 78
    assert "nothing was applied" in errors
    assert f"{file}: line 2" in errors
    assert said == ""
    assert not (tmp_path / "state").exists()


def test_missing_java_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with up(tmp_path, "--kafka-port", "0", "--clickhouse-port", "0") as process:
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 78
    assert errors.startswith("tilik: Java is missing")
    assert len(errors.splitlines()) == 1
