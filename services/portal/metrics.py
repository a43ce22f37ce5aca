"""The metrics of the portal, declared; what an operator does about each is in its help."""

from __future__ import annotations

from services.runtime.metrics import MetricDefinition

PORTAL_METRICS = (
    MetricDefinition(
        "tilik_portal_requests_total",
        "counter",
        "Requests by the first part of the path and status. 5xx growing: the log says why. 429: who is asking so much?",
        ("part", "status"),
    ),
    MetricDefinition(
        "tilik_portal_viewers",
        "gauge",
        "Live streams that are open. Nearing TILIK_PORTAL_LIVE__VIEWERS: add a replica.",
    ),
    MetricDefinition(
        "tilik_portal_live_events_total",
        "counter",
        "Events of live streams, sent or skipped because a viewer was slow. Mostly skipped: is the line full?",
        ("outcome",),
    ),
    MetricDefinition(
        "tilik_portal_pictures_total",
        "counter",
        "Pictures by where they came from (made, kept, joined) or why there is none (gone, withdrawn, failed, "
        "refused). Refused growing: add cores, or replicas; failed growing: the log says why; gone growing: is Kafka's "
        "retention of frames shorter than the portal looks back?",
        ("outcome",),
    ),
    MetricDefinition(
        "tilik_portal_picture_seconds",
        "histogram",
        "Time to fetch a frame and to make it fit to be shown. Growing: add cores, or replicas.",
        ("step",),
    ),
    MetricDefinition(
        "tilik_portal_showable_total",
        "counter",
        "Frames that became showable. Standing still while cameras are live: are detect and aggregate running?",
    ),
    MetricDefinition(
        "tilik_portal_showable_delay_seconds",
        "histogram",
        "Time from capture until a frame may be shown. Growing: detect or aggregate is behind.",
    ),
    MetricDefinition(
        "tilik_portal_followed_total",
        "counter",
        "Records read from camera-events and scene-verdicts; invalid ones are left out. Standing still: is Kafka away?",
        ("topic", "outcome"),
    ),
    MetricDefinition(
        "tilik_portal_audit_entries_total",
        "counter",
        "Entries of the operations' audit log by action and outcome. Failed growing: nothing sensitive can be done "
        "until the portal can write portal_audit. sign_in_refused growing: somebody guesses; the log says from where.",
        ("action", "outcome"),
    ),
    MetricDefinition(
        "tilik_portal_questions_total",
        "counter",
        "Questions to ClickHouse: asked, answered from memory (kept), joined to one under way, refused, failed. "
        "Failed or refused growing: is ClickHouse slow or away?",
        ("outcome",),
    ),
    MetricDefinition(
        "tilik_portal_question_seconds", "histogram", "Time that ClickHouse took. Growing: look at its query log."
    ),
)
