"""What a worker tells while it begins."""

from __future__ import annotations

import gc
import subprocess
import sys

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


def test_a_process_whose_threads_never_end_ends_nevertheless_and_in_good_order() -> None:
    program = (
        "import threading\n"
        "from services.aggregate.feed_loop import end_at_latest\n"
        "end_at_latest(0.1)\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0
    assert "aggregate.leaves_at_once" in ended.stdout + ended.stderr
