from __future__ import annotations

import math

import pytest

from services.cli.bench.measuring.exposition import by_label, parse_metrics, quantile, total
from services.runtime.metrics import MetricDefinition, Metrics

TABLE = (
    MetricDefinition("tilik_test_missed_total", "counter", "Counts.", ("reason",)),
    MetricDefinition("tilik_test_seconds", "histogram", "Times.", (), (0.1, 0.2, 0.4)),
)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(TABLE)


def test_counters_are_summed_over_labels_and_by_one(metrics: Metrics) -> None:
    metrics.count("tilik_test_missed_total", 3, reason="late")
    metrics.count("tilik_test_missed_total", 4, reason="source_down")
    samples = parse_metrics(metrics.exposition().decode())

    assert total(samples, "tilik_test_missed_total") == 7
    assert by_label(samples, "tilik_test_missed_total", "reason") == {"late": 3, "source_down": 4}


def test_a_quantile_is_of_what_came_between_two_readings(metrics: Metrics) -> None:
    for _ in range(100):
        metrics.observe("tilik_test_seconds", 0.3)
    before = parse_metrics(metrics.exposition().decode())
    for _ in range(100):
        metrics.observe("tilik_test_seconds", 0.15)
    after = parse_metrics(metrics.exposition().decode())

    assert quantile(before, after, "tilik_test_seconds", 0.5) == pytest.approx(0.15)
    assert quantile(before, after, "tilik_test_seconds", 1.0) == pytest.approx(0.2)


def test_beyond_the_last_bound_it_is_that_bound_and_of_nothing_it_is_nan(metrics: Metrics) -> None:
    before = parse_metrics(metrics.exposition().decode())
    metrics.observe("tilik_test_seconds", 7.0)
    after = parse_metrics(metrics.exposition().decode())

    assert quantile(before, after, "tilik_test_seconds", 0.95) == 0.4
    assert math.isnan(quantile(after, after, "tilik_test_seconds", 0.95))
