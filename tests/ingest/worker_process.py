"""An ingest worker as a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from deploy.local.ports import free_port
from services.runtime.settings import KafkaSettings

_GAUGE = re.compile(r'^tilik_ingest_owner_epoch\{camera_id="([^"]+)"\} (\S+)$', re.MULTILINE)
_ACTIVE = re.compile(r'^tilik_ingest_camera_active\{camera_id="([^"]+)"\} (\S+)$', re.MULTILINE)
_STATES = re.compile(r'^tilik_ingest_cameras\{state="([^"]+)"\} (\S+)$', re.MULTILINE)
_MISSED = re.compile(r'^tilik_ingest_samples_missed_total\{reason="([^"]+)"\} (\S+)$', re.MULTILINE)


class WorkerProcess:
    """Runs from its creation on; ``stop`` ends it whatever its state."""

    def __init__(self, kafka: KafkaSettings, name: str, log: Path, **settings: str) -> None:
        self.http_port = free_port()
        self.log = log
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("TILIK_")},
            "TILIK_INGEST_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "TILIK_INGEST_HTTP_PORT": str(self.http_port),
            "TILIK_INGEST_INSTANCE": name,
            "TILIK_INGEST_LOG_FORMAT": "json",
            **{f"TILIK_INGEST_{key.upper()}": value for key, value in settings.items()},
        }
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.ingest"], env=environment, stdout=output, stderr=output
            )

    def ready(self) -> bool:
        return self._get("/readyz")[0] == 200

    def owned(self) -> set[str]:
        """The cameras that this worker says it owns."""
        return set(self.owned_since())

    def active(self) -> set[str]:
        """The cameras that the registry calls active, as this worker says, whoever owns them."""
        return {camera for camera, value in _ACTIVE.findall(self._get("/metrics")[1]) if float(value) == 1}

    def owned_since(self) -> dict[str, int]:
        """The same, each with its epoch."""
        found = _GAUGE.findall(self._get("/metrics")[1])
        return {camera: round(float(epoch)) for camera, epoch in found if float(epoch) > 0}

    def disowned(self) -> set[str]:
        """The cameras that this worker has owned, and says that it does no longer, or does not know it."""
        return {camera for camera, value in _GAUGE.findall(self._get("/metrics")[1]) if float(value) == 0}

    def states(self) -> dict[str, int]:
        """How many of its cameras are in each state."""
        return {state: round(float(count)) for state, count in _STATES.findall(self._get("/metrics")[1])}

    def missed(self) -> dict[str, float]:
        return {reason: float(count) for reason, count in _MISSED.findall(self._get("/metrics")[1])}

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.send(signal.SIGCONT)
            self.send(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def _get(self, path: str) -> tuple[int, str]:
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.http_port}{path}", timeout=5)
        except httpx.TransportError:
            return 0, ""
        return answer.status_code, answer.text


def wait_for(condition: Callable[[], bool], what: str, timeout_seconds: float = 40.0) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_seconds:g} s: {what}"
        time.sleep(0.1)
