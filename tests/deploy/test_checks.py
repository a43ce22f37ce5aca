"""What ``tilik doctor`` finds, and what it says."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.local.checks import Check, Verdict, check_machine
from deploy.local.settings import LocalSettings
from services.cli.doctor import command

pytestmark = pytest.mark.integration


def checks_of(settings: LocalSettings) -> dict[str, Check]:
    return {check.name: check for check in check_machine(settings)}


def free_settings(state: Path) -> LocalSettings:
    return LocalSettings(state_dir=state, kafka_port=0, clickhouse_port=0)


def test_what_is_missing_comes_with_the_way_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)

    checks = checks_of(free_settings(tmp_path / "state"))

    missing = {name: check.advice for name, check in checks.items() if check.verdict == Verdict.MISSING}
    assert set(missing) == {"Java", "Maven", "Node", "npm", "Kafka's jars", "detector's weights"}
    assert "apt-get install default-jre-headless" in missing["Java"]
    assert "apt-get install maven" in missing["Maven"]
    assert missing["Kafka's jars"] == "tilik setup"


def test_tools_are_only_advised_once_they_have_done_their_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a.safetensors").touch()
    monkeypatch.setenv("PATH", str(tmp_path))

    checks = checks_of(free_settings(tmp_path))

    assert checks["npm"].verdict == Verdict.ADVICE
    assert checks["detector's weights"].verdict == Verdict.OK


def test_port_in_foreign_hands_names_its_holder_and_the_setting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        check = checks_of(LocalSettings(state_dir=tmp_path, kafka_port=port, clickhouse_port=0))["port of Kafka"]

    assert check.verdict == Verdict.MISSING
    assert f"{port} is taken by process {os.getpid()}" in check.found
    assert "TILIK_LOCAL_KAFKA_PORT" in check.advice


def test_port_that_tilik_itself_holds_is_fine(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        processes = {"kafka": {"pid": os.getpid(), "port": port}}
        (tmp_path / "demo").mkdir()
        (tmp_path / "demo" / "run.json").write_text(json.dumps({"processes": processes}))
        check = checks_of(LocalSettings(state_dir=tmp_path, kafka_port=port, clickhouse_port=0))["port of Kafka"]

    assert (check.verdict, check.advice) == (Verdict.OK, "")


def test_doctor_prints_json_and_exits_with_1_when_something_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILIK_LOCAL_KAFKA_PORT", "0")
    monkeypatch.setenv("TILIK_LOCAL_CLICKHOUSE_PORT", "0")

    result = CliRunner().invoke(command, ["--json", "--state", str(tmp_path)])

    assert result.exit_code == 1
    verdicts = {entry["name"]: entry["verdict"] for entry in json.loads(result.stdout)}
    assert verdicts["Python"] == "ok"
    assert verdicts["Kafka's jars"] == "missing"
    assert "Kafka's jars" in CliRunner().invoke(command, ["--state", str(tmp_path)]).stdout
