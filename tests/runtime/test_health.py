from __future__ import annotations

import httpx
import pytest

from services.runtime.errors import ConfigurationError
from services.runtime.health import Health, HealthServer
from services.runtime.metrics import LOOP_METRICS, Metrics


def test_loop_that_stands_still_is_taken_for_dead() -> None:
    times = iter([0.0, 59.0, 61.0, 61.0, 62.0])
    health = Health(alive_within_seconds=60, clock=lambda: next(times))

    alive_at_59, alive_at_61 = health.alive, health.alive
    health.touch()

    assert (alive_at_59, alive_at_61, health.alive) == (True, False, True)


@pytest.mark.integration
def test_probes_answer_over_http() -> None:
    health = Health()
    health.wait_for("partitions", "model")
    server = HealthServer("127.0.0.1", 0, health, Metrics(LOOP_METRICS))
    base = f"http://127.0.0.1:{server.port}"
    try:
        assert httpx.get(f"{base}/livez").status_code == 200
        waiting = httpx.get(f"{base}/readyz")
        assert (waiting.status_code, waiting.text) == (503, "waiting for model, partitions\n")
        health.fulfil("partitions")
        health.fulfil("model")
        assert httpx.get(f"{base}/readyz").status_code == 200
        assert "tilik_loop_records_total" in httpx.get(f"{base}/metrics").text
        assert httpx.get(f"{base}/").status_code == 404
    finally:
        server.close()


@pytest.mark.integration
def test_taken_port_is_a_clear_error() -> None:
    server = HealthServer("127.0.0.1", 0, Health(), Metrics(LOOP_METRICS))
    try:
        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{server.port}"):
            HealthServer("127.0.0.1", server.port, Health(), Metrics(LOOP_METRICS))
    finally:
        server.close()
