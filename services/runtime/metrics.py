"""Metrics as a declared table: name, kind, unit, labels, and what an operator does about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

Kind = Literal["counter", "gauge", "histogram"]

SECONDS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """One metric. ``help`` says what it counts and what an operator does when it looks wrong.

    Names follow Prometheus: base units, ``_total`` for counters.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: Sequence[float] = SECONDS_BUCKETS


LOOP_METRICS = (
    MetricDefinition(
        "tilik_loop_records_total", "counter", "Records taken from Kafka. Standing still with lag: look at the log."
    ),
    MetricDefinition(
        "tilik_loop_retries_total",
        "counter",
        "Batches tried again because something needed was away. Growing: is Kafka reachable?",
    ),
    MetricDefinition(
        "tilik_loop_batch_seconds", "histogram", "Time from poll to commit of a batch. Growing: add replicas."
    ),
    MetricDefinition(
        "tilik_dead_letters_total",
        "counter",
        "Messages that can never be processed. Read the topic's -dlq.",
        ("reason",),
    ),
)


class Metrics:
    """The metrics of one process, registered from a table; an undeclared name is a KeyError."""

    def __init__(self, definitions: Iterable[MetricDefinition]) -> None:
        self.registry = CollectorRegistry()
        self._metrics: dict[str, Counter | Gauge | Histogram] = {}
        for definition in definitions:
            self._metrics[definition.name] = self._register(definition)

    def _register(self, definition: MetricDefinition) -> Counter | Gauge | Histogram:
        name, text, labels = definition.name, definition.help, definition.labels
        if definition.kind == "counter":
            return Counter(name, text, labels, registry=self.registry)
        if definition.kind == "gauge":
            return Gauge(name, text, labels, registry=self.registry)
        return Histogram(name, text, labels, registry=self.registry, buckets=definition.buckets)

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        metric = self._metrics[name]
        assert isinstance(metric, Counter)
        (metric.labels(**labels) if labels else metric).inc(amount)

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        metric = self._metrics[name]
        assert isinstance(metric, Gauge)
        (metric.labels(**labels) if labels else metric).set(value)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add a value to a histogram."""
        metric = self._metrics[name]
        assert isinstance(metric, Histogram)
        (metric.labels(**labels) if labels else metric).observe(value)

    def exposition(self) -> bytes:
        """Give all metrics in Prometheus' text format."""
        return generate_latest(self.registry)
