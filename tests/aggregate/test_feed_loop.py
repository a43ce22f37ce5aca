"""What a worker tells while it begins."""

from __future__ import annotations

import gc

import pytest

from services.aggregate import feed_loop
from services.aggregate.metrics import AGGREGATE_METRICS
from services.aggregate.settings import AggregateSettings
from services.runtime.health import Health
from services.runtime.metrics import Metrics
from services.runtime.service import Service


def test_a_worker_tells_how_many_partitions_there_are_before_it_owns_any(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(Health(), Metrics(AGGREGATE_METRICS))

    def found(settings: AggregateSettings) -> int:
        service.stopping.set()
        return 12

    monkeypatch.setattr(feed_loop, "partition_count", found)
    monkeypatch.setattr(gc, "set_threshold", lambda *thresholds: None)
    feed_loop.run(AggregateSettings(), service)
    assert b"tilik_aggregate_topic_partitions 12.0" in service.metrics.exposition()
