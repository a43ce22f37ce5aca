"""The metrics of the aggregation, declared; what an operator does about each is in its help."""

from __future__ import annotations

from services.runtime.metrics import LOOP_METRICS, MetricDefinition

_DEAD_LETTERS = tuple(metric for metric in LOOP_METRICS if metric.name == "tilik_dead_letters_total")

AGGREGATE_METRICS = (
    *_DEAD_LETTERS,
    MetricDefinition(
        "tilik_aggregate_events_total", "counter", "Events applied. Standing still with lag: look at the log."
    ),
    MetricDefinition(
        "tilik_aggregate_frames_of_lower_epoch_total",
        "counter",
        "Frames that were not judged because one of a higher owner epoch was. A few at a takeover are normal; growing "
        "on: two workers read a camera, or its new owner's clock is behind the former one's.",
    ),
    MetricDefinition(
        "tilik_aggregate_partitions",
        "gauge",
        "Partitions owned, with their state loaded. Sum over workers = tilik_aggregate_topic_partitions.",
    ),
    MetricDefinition(
        "tilik_aggregate_topic_partitions",
        "gauge",
        "Partitions that the events have, the same of every worker. 0: it waits for Kafka or its topics.",
    ),
    MetricDefinition(
        "tilik_aggregate_cameras", "gauge", "Cameras whose state this worker holds. Very uneven: too few partitions."
    ),
    MetricDefinition(
        "tilik_aggregate_unsaved_rows",
        "gauge",
        "Rows that are not in ClickHouse yet. At the limit reading is paused: is ClickHouse reachable?",
    ),
    MetricDefinition(
        "tilik_aggregate_checkpoint_seconds",
        "histogram",
        "Time of a checkpoint by step (store: ClickHouse; commit: Kafka). Near flush_seconds: that side is slow.",
        ("step",),
    ),
    MetricDefinition(
        "tilik_aggregate_checkpoint_failures_total",
        "counter",
        "Checkpoints that were put off, by what failed (store, kafka). Growing: that side is away.",
        ("failed",),
    ),
    MetricDefinition("tilik_aggregate_rows_total", "counter", "Rows written to ClickHouse, by table.", ("table",)),
    MetricDefinition(
        "tilik_aggregate_state_bytes_total", "counter", "State written to Kafka. Growing fast: a camera's state swells."
    ),
    MetricDefinition(
        "tilik_aggregate_gaps_total",
        "counter",
        "Times the feed jumped over events and was sought back. Now and then after a rebalance is normal.",
    ),
    MetricDefinition(
        "tilik_aggregate_lost_events_total",
        "counter",
        "Events that retention removed before they were read. More than 0: the service was away for too long.",
    ),
)
