"""The metrics of detect, beside those of the loop."""

from __future__ import annotations

from services.runtime.metrics import LOOP_METRICS, MetricDefinition

DETECT_METRICS = (
    *LOOP_METRICS,
    MetricDefinition(
        "tilik_detect_frames_total",
        "counter",
        "Frames by outcome (detected, or why shed) and class: 0 of flood, pump and counter cameras, 1 of the rest. "
        "Growing 'overload' or 'stale': the group is too slow, add replicas; of class 0: it can't even serve those. "
        "Growing 'undecodable' or 'refused': read frames-dlq, it names the camera.",
        ("outcome", "priority"),
    ),
    MetricDefinition(
        "tilik_detect_frame_seconds",
        "gauge",
        "Time a frame takes, by which overload is told; 0 before any was judged. Times the frames a second that come: "
        "the replicas that are needed. Growing: is something else on this machine, or is the GPU throttled?",
    ),
    MetricDefinition(
        "tilik_detect_objects_total",
        "counter",
        "Objects reported, by class. Zero by day: is the camera blind?",
        ("label",),
    ),
    MetricDefinition(
        "tilik_detect_kafka_to_event_seconds",
        "histogram",
        "Time from a frame's arrival in Kafka to its event. p95 over 2 s: add replicas.",
    ),
    MetricDefinition(
        "tilik_detect_capture_to_event_seconds",
        "histogram",
        "Time from capture to the event. It tells of live sources only: of recorded footage it is the footage's "
        "age. Growing while the one from Kafka does not: look at ingest.",
    ),
    MetricDefinition(
        "tilik_detect_judge_seconds_per_frame",
        "histogram",
        "Time of decoding and network a frame. Growing: is something else on this machine, or is the GPU throttled?",
        buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0),
    ),
    MetricDefinition(
        "tilik_detect_stage_seconds_total",
        "counter",
        "Time of judging by stage: waiting for decoded frames, objects, water. Mostly 'decode': more decode threads, "
        "where cores are free; mostly 'objects': replicas, or a GPU.",
        ("stage",),
    ),
)
