"""The metrics of webhooks, declared; what an operator does about each is in its help."""

from __future__ import annotations

from services.runtime.metrics import LOOP_METRICS, MetricDefinition

_DEAD_LETTERS = tuple(metric for metric in LOOP_METRICS if metric.name == "tilik_dead_letters_total")

WEBHOOK_METRICS = (
    *_DEAD_LETTERS,
    MetricDefinition(
        "tilik_webhooks_attempts_total",
        "counter",
        "Posts by subscription and what followed (accepted, again, refused, gone). Only `again` growing: ask the "
        "receiver's owner; `tilik webhooks check NAME` shows the answer.",
        ("subscription", "verdict"),
    ),
    MetricDefinition(
        "tilik_webhooks_superseded_total",
        "counter",
        "Changes left out because a newer one of the same episode was at hand. Growing: the receiver was behind.",
        ("subscription",),
    ),
    MetricDefinition(
        "tilik_webhooks_oldest_seconds",
        "gauge",
        "Age of the change that is being delivered; 0 where none is. Nearing give_up_after_seconds: changes get lost.",
        ("subscription",),
    ),
    MetricDefinition(
        "tilik_webhooks_disabled",
        "gauge",
        "1: the receiver said 410 Gone and is sent nothing more. Remove the subscription, or restart to ask again.",
        ("subscription",),
    ),
)
