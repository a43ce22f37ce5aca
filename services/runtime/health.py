"""Health and metrics over HTTP: ``/livez`` (the loop turns), ``/readyz`` (work can be done), ``/metrics``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from services.runtime.errors import ConfigurationError
from services.runtime.metrics import Metrics


class Health:
    """What the probes ask. The service's loop touches it; lag plays no part.

    Args:
        alive_within_seconds: A loop that has not touched its heartbeat for so long is taken for dead.
        clock: Monotonic seconds.
    """

    def __init__(self, alive_within_seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._alive_within_seconds = alive_within_seconds
        self._touched = clock()
        self._missing: set[str] = set()

    def touch(self) -> None:
        """Say that the loop has turned once more."""
        self._touched = self._clock()

    def wait_for(self, *conditions: str) -> None:
        """Name what must come true before the service is ready."""
        self._missing |= set(conditions)

    def fulfil(self, condition: str) -> None:
        """Say that ``condition`` has come true."""
        self._missing.discard(condition)

    @property
    def alive(self) -> bool:
        """Tell whether the loop turned lately."""
        return self._clock() - self._touched < self._alive_within_seconds

    @property
    def missing(self) -> list[str]:
        """Give the conditions that are not true yet; none: ready."""
        return sorted(self._missing)


class HealthServer:
    """The HTTP server of one process, on a thread of its own.

    Raises:
        ConfigurationError: The port is taken.
    """

    def __init__(self, host: str, port: int, health: Health, metrics: Metrics) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = _answer(self.path, health, metrics)
                self.send_response(status)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Probes are not worth a line."""

        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            raise ConfigurationError(f"health and metrics can't listen on {host}:{port}: {error}") from error
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _answer(path: str, health: Health, metrics: Metrics) -> tuple[int, bytes]:
    if path == "/livez":
        return (200, b"alive\n") if health.alive else (503, b"the loop does not turn\n")
    if path == "/readyz":
        missing = health.missing
        return (503, f"waiting for {', '.join(missing)}\n".encode()) if missing else (200, b"ready\n")
    if path == "/metrics":
        return 200, metrics.exposition()
    return 404, b"/livez, /readyz and /metrics are here\n"
