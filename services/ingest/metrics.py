"""The metrics of ingest."""

from __future__ import annotations

from services.runtime.metrics import MetricDefinition

INGEST_METRICS = (
    MetricDefinition(
        "tilik_ingest_cameras_owned",
        "gauge",
        "Cameras that this worker reads. Its sum over workers is the number of active cameras; less: start workers.",
    ),
    MetricDefinition(
        "tilik_ingest_owner_epoch",
        "gauge",
        "Epoch (ms) under which this worker owns the camera, 0 if no longer. Not exactly one worker above 0 for a "
        "minute: look at the workers' group; nobody watches the camera, or two do.",
        ("camera_id",),
    ),
    MetricDefinition(
        "tilik_ingest_camera_active",
        "gauge",
        "1 where the registry says that the camera is active, 0 where it is paused or removed; every worker says it of "
        "every camera. 1 with no worker's owner epoch above 0: start workers, look at their group.",
        ("camera_id",),
    ),
    MetricDefinition(
        "tilik_ingest_cameras",
        "gauge",
        "Cameras of this worker by state. Many backing_off at once: a network; refused: look at secrets and URLs.",
        ("state",),
    ),
    MetricDefinition(
        "tilik_ingest_frames_captured_total",
        "counter",
        "Frames that Kafka acknowledged. Standing still with cameras live: is Kafka reachable?",
        ("source_kind",),
    ),
    MetricDefinition(
        "tilik_ingest_frame_bytes_total",
        "counter",
        "JPEG bytes that Kafka acknowledged. This is what cameras cost in bandwidth and retention.",
        ("source_kind",),
    ),
    MetricDefinition(
        "tilik_ingest_samples_missed_total",
        "counter",
        "Samples that did not become frames. backpressure, unacknowledged: Kafka is slow, away or refuses them; late, "
        "source_down: the camera or its network; unchanged: the camera has no newer picture to give; "
        "unusable: look at its pictures.",
        ("reason",),
    ),
    MetricDefinition(
        "tilik_ingest_reconnects_total",
        "counter",
        "Connections to sources after the first. Growing fast for one kind: its network flaps.",
        ("source_kind",),
    ),
    MetricDefinition(
        "tilik_ingest_epochs_ended_total",
        "counter",
        "Epochs ended by a frame that Kafka did not acknowledge. Growing: look at the brokers.",
    ),
    MetricDefinition(
        "tilik_ingest_statuses_lost_total",
        "counter",
        "Status events that Kafka did not take. The next status makes up for it; growing: look at the brokers.",
    ),
    MetricDefinition(
        "tilik_ingest_sample_lateness_seconds",
        "histogram",
        "Time from a sampling instant until its frame was handed to Kafka. Growing: too many cameras a worker.",
    ),
    MetricDefinition(
        "tilik_ingest_reencoded_total",
        "counter",
        "Frames that had to be decoded and encoded again: fit (too large for Kafka), private (zones burnt out). "
        "fit growing: set the camera to a smaller picture; it costs CPU and sharpness.",
        ("why",),
    ),
    MetricDefinition(
        "tilik_ingest_decode_seconds",
        "histogram",
        "Time in which a decoding process did a job, without its wait. Its sum near the number of processes a second: "
        "more cores, or less cameras a worker.",
        ("job",),
    ),
    MetricDefinition(
        "tilik_ingest_decoders_restarted_total",
        "counter",
        "Decoding processes that ended before their worker. died: a camera's video crashed it or took too much memory; "
        "timeout: it took too long; the log names the camera. idle: is the machine out of memory? start: it can't run. "
        "defect: report it, with the log.",
        ("why",),
    ),
)
