"""What this machine must have for the local platform, each thing one check with the way to get it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psutil

from deploy.local.chart_library import chart_library_folder, chart_library_is_there
from deploy.local.java import OLDEST_JAVA, java_command, java_version
from deploy.local.kafka_jars import jars_are_current, jars_folder
from deploy.local.platform import running_processes
from deploy.local.ports import holder, is_free
from deploy.local.settings import LocalSettings
from services.runtime.errors import ConfigurationError

_OLDEST_PYTHON = (3, 11)
_FREE_DISK_GIB = 5.0
"""Data of a day of the demonstration's cameras, with Kafka's and ClickHouse's own files."""
_MEMORY_GIB = 3.0
"""Twice what everything took with one camera (1.45 GB: detect 0.70, Kafka 0.39, ClickHouse 0.16, the rest 0.20)."""
_GIB = 1 << 30


class Verdict(StrEnum):
    """What a check found: fine; works, but; does not work without."""

    OK = "ok"
    ADVICE = "advice"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked for. ``advice`` says what to do, empty where nothing is to be done."""

    name: str
    verdict: Verdict
    found: str
    advice: str = ""

    def as_json(self) -> dict[str, str]:
        """Give it as a flat object."""
        return {"name": self.name, "verdict": self.verdict.value, "found": self.found, "advice": self.advice}


def check_machine(settings: LocalSettings) -> list[Check]:
    """Look for everything; takes a second or two and changes nothing."""
    downloads = settings.jars_dir or settings.state_dir
    jars = jars_are_current(downloads)
    weights = any((downloads / "models").glob("*.safetensors"))
    running = _running(settings)
    return [
        _python(),
        _java(),
        _tool("Maven", "mvn", "maven", needed=not jars, purpose="Kafka's jars come by it, once"),
        _tool("Node", "node", "nodejs", needed=not weights, purpose="npm runs on it"),
        _tool("npm", "npm", "npm", needed=not weights, purpose="the detector's weights come by it, once"),
        _fetched("Kafka's jars", jars, jars_folder(downloads)),
        _fetched("detector's weights", weights, downloads / "models"),
        _charts(downloads),
        _port("port of Kafka", settings.kafka_port, "kafka", "TILIK_LOCAL_KAFKA_PORT", running),
        _port("port of ClickHouse", settings.clickhouse_port, "clickhouse", "TILIK_LOCAL_CLICKHOUSE_PORT", running),
        _disk(settings.state_dir),
        _memory(),
    ]


def _running(settings: LocalSettings) -> dict[str, dict[str, object]]:
    """Give the processes of Tilik that run here: those of ``tilik up``, or of the demonstration in its subfolder."""
    demonstration = settings.model_copy(update={"state_dir": settings.state_dir / "demo"})
    listed = {**running_processes(demonstration), **running_processes(settings)}
    return {name: entry for name, entry in listed.items() if psutil.pid_exists(int(str(entry["pid"] or 0)))}


def _python() -> Check:
    version = ".".join(str(part) for part in sys.version_info[:3])
    wanted = ".".join(str(part) for part in _OLDEST_PYTHON)
    fine = sys.version_info[:2] >= _OLDEST_PYTHON
    return Check("Python", Verdict.OK if fine else Verdict.MISSING, version, "" if fine else f"Tilik needs {wanted}")


def _java() -> Check:
    try:
        command = java_command()
    except ConfigurationError as error:
        return Check("Java", Verdict.MISSING, f"none of {OLDEST_JAVA} or later", str(error))
    return Check("Java", Verdict.OK, f"{java_version(command)} at {command}")


def _tool(name: str, command: str, package: str, needed: bool, purpose: str) -> Check:
    path = shutil.which(command)
    if path is not None:
        return Check(name, Verdict.OK, f"{_version(path)} at {path}")
    verdict = Verdict.MISSING if needed else Verdict.ADVICE
    later = "" if needed else "; what it brings is here already"
    return Check(name, verdict, "none", f"{purpose}{later}. On Debian: apt-get install {package}")


def _version(path: str) -> str:
    try:
        result = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown version"
    words = result.stdout.replace("\x1b[1m", "").replace("\x1b[m", "").split()
    return next((word.lstrip("v") for word in words if word.lstrip("v")[:1].isdigit()), "unknown version")


def _fetched(name: str, there: bool, folder: Path) -> Check:
    if there:
        return Check(name, Verdict.OK, f"in {folder}")
    return Check(name, Verdict.MISSING, f"not in {folder}", "tilik setup")


def _charts(downloads: Path) -> Check:
    name, folder = "charts of the dashboards' preview", chart_library_folder(downloads)
    if chart_library_is_there(downloads):
        return Check(name, Verdict.OK, f"in {folder}")
    return Check(name, Verdict.ADVICE, f"not in {folder}", "tilik setup, or the preview fetches them itself")


def _port(name: str, port: int, process: str, variable: str, running: dict[str, dict[str, object]]) -> Check:
    if port == 0:
        return Check(name, Verdict.OK, "a free one is taken at each start")
    if is_free(port):
        return Check(name, Verdict.OK, f"{port} is free")
    if running.get(process, {}).get("port") == port:
        return Check(name, Verdict.OK, f"{port} is used by Tilik, which runs")
    return Check(
        name, Verdict.MISSING, f"{port} is taken by {holder(port)}", f"stop that, or set {variable} to another"
    )


def _disk(state: Path) -> Check:
    return _amount("disk", lambda: shutil.disk_usage(_existing(state)).free, _FREE_DISK_GIB, "free", "make room")


def _memory() -> Check:
    advice = "close other programs; tilik needs about that much for itself"
    return _amount("memory", lambda: psutil.virtual_memory().available, _MEMORY_GIB, "available", advice)


def _amount(name: str, measured: Callable[[], int], wanted_gib: float, kind: str, advice: str) -> Check:
    gib = measured() / _GIB
    found = f"{gib:.1f} GiB {kind}"
    if gib >= wanted_gib:
        return Check(name, Verdict.OK, found)
    return Check(name, Verdict.ADVICE, found, f"{wanted_gib:g} GiB are wanted: {advice}")


def _existing(path: Path) -> Path:
    path = path.absolute()
    return next(parent for parent in (path, *path.parents) if parent.exists())
