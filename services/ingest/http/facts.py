"""What an HTTP answer tells of the camera behind it."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

from services.ingest.http.connection import HttpResponse
from services.ingest.source_facts import SourceFacts


def note_answer(facts: SourceFacts, response: HttpResponse, now_ms: int) -> None:
    """Note the server's name, and how far its clock is ahead of ours by its ``Date`` (to the second).

    Args:
        facts: What is filled in.
        response: What the camera answered.
        now_ms: Our time when it did, ms since the epoch.
    """
    facts.server = "".join(letter for letter in response.headers.get("server", "")[:80] if letter.isprintable())
    if (date := response.headers.get("date", "")) and (seconds := _seconds(date[:40])) is not None:
        facts.clock = "http-date"
        facts.clock_ahead_seconds = round(seconds + 0.5 - now_ms / 1000)  # the header is cut to the second


def _seconds(date: str) -> float | None:
    try:
        parsed = parsedate_to_datetime(date)
        return (parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
