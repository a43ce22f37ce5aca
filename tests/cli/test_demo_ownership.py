from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.local.ports import free_port
from services.cli.demo.ownership import Ownership, owned_cameras, ownership
from services.ingest.metrics import INGEST_METRICS
from services.runtime.health import Health, HealthServer
from services.runtime.metrics import Metrics


def claiming(**epochs: int) -> Metrics:
    """The metrics of an ingest worker that owns these cameras under these epochs, 0: no longer."""
    metrics = Metrics(INGEST_METRICS)
    for camera_id, epoch in epochs.items():
        metrics.set("tilik_ingest_owner_epoch", epoch, camera_id=camera_id)
    return metrics


def test_a_worker_owns_the_cameras_whose_epoch_is_above_zero() -> None:
    exposition = claiming(gate=1_700_000_000_000, market=0).exposition().decode()
    assert owned_cameras(exposition) == ["gate"]
    assert owned_cameras("") == []


@pytest.fixture
def ports() -> Iterator[list[int]]:
    """Two workers: both own ``market``, nobody owns ``pump``."""
    workers = [claiming(gate=5, market=5), claiming(market=6, pump=0)]
    servers = [HealthServer("127.0.0.1", 0, Health(), metrics) for metrics in workers]
    yield [server.port for server in servers]
    for server in servers:
        server.close()


@pytest.mark.integration
def test_cameras_are_counted_by_how_many_workers_own_them(ports: list[int]) -> None:
    assert ownership(["gate", "market", "pump"], ports) == Ownership(once=1, none=1, twice=1)


@pytest.mark.integration
def test_a_worker_that_does_not_answer_owns_nothing(ports: list[int]) -> None:
    assert ownership(["gate"], [free_port()]) == Ownership(once=0, none=1, twice=0)
