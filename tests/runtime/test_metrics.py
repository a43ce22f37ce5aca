from __future__ import annotations

import pytest

from services.runtime.metrics import LOOP_METRICS, MetricDefinition, Metrics


def test_declared_metrics_are_exposed() -> None:
    metrics = Metrics([*LOOP_METRICS, MetricDefinition("tilik_example_ratio", "gauge", "A share.", ("camera",))])

    metrics.count("tilik_loop_records_total", 3)
    metrics.set("tilik_example_ratio", 0.5, camera="a")
    metrics.observe("tilik_loop_batch_seconds", 0.02)
    text = metrics.exposition().decode()

    assert "tilik_loop_records_total 3.0" in text
    assert 'tilik_example_ratio{camera="a"} 0.5' in text
    assert "tilik_loop_batch_seconds_count 1.0" in text


def test_undeclared_metric_is_an_error() -> None:
    with pytest.raises(KeyError):
        Metrics(LOOP_METRICS).count("tilik_unheard_of_total")
