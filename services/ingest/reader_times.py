"""How patient readers are."""

from __future__ import annotations

from dataclasses import dataclass

from services.ingest.settings import IngestSettings


@dataclass(frozen=True, slots=True)
class ReaderTimes:
    """How patient readers are, in seconds. ``delivery`` bounds the wait for the last frame's report."""

    open: float
    stall_after: float
    reconnect_after: float
    backoff_first: float
    backoff_most: float
    refused_pause: float
    delivery: float


def reader_times(settings: IngestSettings) -> ReaderTimes:
    """Give what a worker's settings say of its readers' patience."""
    return ReaderTimes(
        open=settings.connect_timeout_seconds + settings.response_timeout_seconds,
        stall_after=settings.stall_after_seconds,
        reconnect_after=settings.reconnect_after_seconds,
        backoff_first=settings.backoff_first_seconds,
        backoff_most=settings.backoff_most_seconds,
        refused_pause=settings.refused_pause_seconds,
        delivery=settings.delivery_timeout_seconds + 1.0,
    )
