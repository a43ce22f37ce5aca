"""The metrics of the recorder, declared; what an operator does about each is in its help."""

from __future__ import annotations

from services.runtime.metrics import MetricDefinition

RECORD_METRICS = (
    MetricDefinition(
        "tilik_record_frames_total",
        "counter",
        "Frames taken of cameras that are recorded. Standing still while cameras send: look at the log.",
    ),
    MetricDefinition(
        "tilik_record_late_frames_total",
        "counter",
        "Frames left out because their minute was stored already, or they claim to be of the future. Growing: a "
        "camera's clock jumps, or frame_wait_seconds is too short.",
    ),
    MetricDefinition(
        "tilik_record_lost_frames_total",
        "counter",
        "Frames that Kafka deleted before they were read. Growing: the recorder was down or too slow; add replicas.",
    ),
    MetricDefinition(
        "tilik_record_minutes_total",
        "counter",
        "Minutes stored, by form (public, original).",
        ("form",),
    ),
    MetricDefinition(
        "tilik_record_bytes_total", "counter", "Bytes of stored files, by form: what the record grows by.", ("form",)
    ),
    MetricDefinition(
        "tilik_record_gaps_total",
        "counter",
        "Gaps noted, by reason. `not_judged`: is detect or aggregate behind? `lost`: see lost frames. `held`, "
        "`quarantined`: look at the camera.",
        ("reason",),
    ),
    MetricDefinition(
        "tilik_record_evidence_total",
        "counter",
        "Frames of episodes, copied or missing. Missing: the recorder was down for as long as Kafka holds frames.",
        ("outcome",),
    ),
    MetricDefinition(
        "tilik_record_undecodable_total", "counter", "Frames that are no whole picture. Growing: look at the camera."
    ),
    MetricDefinition(
        "tilik_record_retries_total",
        "counter",
        "Attempts to store that failed and are made again. Growing: is the object store, or ClickHouse, reachable?",
    ),
    MetricDefinition(
        "tilik_record_held_bytes",
        "gauge",
        "Frames held in memory. At memory_mib for long: the store is away, or there are too few encoders.",
    ),
    MetricDefinition(
        "tilik_record_waiting_cameras",
        "gauge",
        "Cameras with a finished minute that nobody has judged. Growing: is detect or aggregate running?",
    ),
    MetricDefinition(
        "tilik_record_minute_seconds",
        "histogram",
        "Time to encode and store one camera's minute. Times cameras, over 60 s and encoders: add replicas.",
    ),
    MetricDefinition(
        "tilik_record_roots_due",
        "gauge",
        "Days that have ended and have no signed root. Not 0 for an hour: look at record.upkeep_failed in the log.",
    ),
    MetricDefinition(
        "tilik_record_deleted_total",
        "counter",
        "Files deleted because their time had come, or no entry names them. docs/record.md says which and when.",
    ),
    MetricDefinition(
        "tilik_record_upkeep_failures_total",
        "counter",
        "Rounds of signing and deleting that failed; the next is five minutes later. Growing: the log says what to do.",
    ),
    MetricDefinition(
        "tilik_record_broken_chains",
        "gauge",
        "Chains with a line that is not as it was written, as far as this process has read any. Not 0: somebody wrote "
        "to the store; record.chain_broken in the log names camera, day and entry.",
    ),
    MetricDefinition(
        "tilik_record_holds_unreadable_total",
        "counter",
        "Times that nothing of a camera could be deleted, for a hold of it can't be read. Growing: "
        "record.retention_stopped in the log names the camera; place the hold anew.",
    ),
)
