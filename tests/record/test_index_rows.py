"""Rows of entries: which entry counts where several speak of the same."""

from __future__ import annotations

from msgspec.structs import replace

from schemas.recordings import ChainEntry, ChainFact, GapNoted
from services.record.gaps import CAME_LATE
from services.record.index_rows import RecordedEvidenceRow, rows_of
from tests.record.facts import CAMERA, DAY, MINUTE_MS, NOON_MS, make_evidence, make_minute


def entry(index: int, fact: ChainFact, at_ms: int) -> ChainEntry:
    return ChainEntry(camera_id=CAMERA, day=DAY, index=index, previous="0" * 64, at_ms=at_ms, fact=fact)


def test_a_loss_that_was_told_after_the_minute_leaves_its_row_and_version() -> None:
    minute = entry(0, make_minute(0), NOON_MS)
    lost = GapNoted(from_ms=NOON_MS + 1, until_ms=NOON_MS + MINUTE_MS, reason="lost")
    late = entry(1, replace(lost, detail=CAME_LATE), NOON_MS + MINUTE_MS)
    assert rows_of([minute, late]) == rows_of([minute]), "a withdrawal may be older than the loss"
    assert rows_of([minute, entry(1, lost, NOON_MS)]) != rows_of([minute])


def test_of_two_entries_about_a_frame_the_one_made_later_counts_as_in_clickhouse() -> None:
    kept = make_evidence("ab" * 16, b"frame", "original")
    missing = replace(kept, files=(), missing="Kafka no longer held the frame")
    for made_ms, counts in ((1, "Kafka no longer held the frame"), (2, ""), (3, "")):
        [row] = rows_of([entry(0, missing, 2), entry(1, kept, made_ms)])
        assert isinstance(row, RecordedEvidenceRow)
        assert row.missing == counts
