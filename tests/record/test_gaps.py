"""What is missing is said: whole minutes, minutes of which nothing may be shown, and stretches within one."""

from __future__ import annotations

from schemas.recordings import ChainEntry, GapNoted, GapReason, MinuteRecorded
from services.record.gaps import LONGEST_GAP_MS, MOST_GAPS_A_MINUTE, gap_before, gaps_within
from services.record.index_rows import RecordedMinuteRow, rows_of
from tests.record.facts import DAY, MINUTE_MS, NOON_MS, make_minute
from tests.record.make_minutes import at_ms, make_closed

HOUR_MS = 60 * MINUTE_MS


def spans(gaps: list[GapNoted]) -> list[tuple[int, int]]:
    return [(gap.from_ms, gap.until_ms) for gap in gaps]


def test_a_minute_that_may_be_shown_whole_has_no_gap() -> None:
    assert gaps_within(make_closed(range(60), range(60))) == []


def test_a_minute_of_which_nothing_may_be_shown_is_one_gap() -> None:
    assert spans(gaps_within(make_closed(range(60), []))) == [(NOON_MS, NOON_MS + MINUTE_MS)]


def test_a_stretch_runs_from_its_first_frame_until_the_next_that_may_be_shown() -> None:
    closed = make_closed(range(60), [*range(10), *range(20, 50)])
    assert spans(gaps_within(closed)) == [(at_ms(10), at_ms(20)), (at_ms(50), NOON_MS + MINUTE_MS)]


def test_stretches_for_different_reasons_are_told_apart() -> None:
    reasons: dict[int, GapReason] = {0: "not_judged", 1: "not_judged", 2: "held"}
    gaps = gaps_within(make_closed(range(3), [], withheld=reasons))
    assert spans(gaps) == [(NOON_MS, at_ms(2)), (at_ms(2), NOON_MS + MINUTE_MS)]
    assert [gap.reason for gap in gaps] == ["not_judged", "held"]


def test_a_frame_that_is_no_picture_is_a_stretch_of_its_own() -> None:
    gaps = gaps_within(make_closed(range(60), range(60)), {30, 31, 59})
    assert spans(gaps) == [(at_ms(30), at_ms(32)), (at_ms(59), NOON_MS + MINUTE_MS)]
    assert {gap.reason for gap in gaps} == {"failed"}


def test_many_stretches_are_told_as_few() -> None:
    gaps = gaps_within(make_closed(range(60), range(0, 60, 2)))
    assert len(gaps) == MOST_GAPS_A_MINUTE
    assert gaps[-1].until_ms == NOON_MS + MINUTE_MS


def test_nothing_is_known_to_be_missing_before_the_first_minute_of_a_camera() -> None:
    assert gap_before(0, NOON_MS, "no_frames") == []
    assert gap_before(NOON_MS, NOON_MS, "no_frames") == []
    assert gap_before(NOON_MS - LONGEST_GAP_MS - MINUTE_MS, NOON_MS, "no_frames") == [], (
        "a clock was wrong, or a year ago"
    )
    assert len(gap_before(NOON_MS - LONGEST_GAP_MS, NOON_MS, "no_frames")) == 9


def test_a_gap_over_midnight_in_the_city_is_told_to_both_days() -> None:
    gaps = gap_before(NOON_MS, NOON_MS + 20 * HOUR_MS, "lost")
    midnight_ms = NOON_MS + 12 * HOUR_MS
    assert spans(gaps) == [(NOON_MS, midnight_ms), (midnight_ms, NOON_MS + 20 * HOUR_MS)]
    assert {gap.reason for gap in gaps} == {"lost"}


def make_entry(fact: MinuteRecorded | GapNoted) -> ChainEntry:
    return ChainEntry(camera_id="loket-1", day=DAY, index=0, previous="0" * 64, at_ms=NOON_MS, fact=fact)


def test_a_gap_over_minutes_is_a_row_of_each_and_one_within_a_minute_is_told_by_its_row() -> None:
    facts: list[MinuteRecorded | GapNoted] = [
        GapNoted(from_ms=NOON_MS - 2 * MINUTE_MS, until_ms=NOON_MS, reason="no_frames"),
        make_minute(0),
        GapNoted(from_ms=NOON_MS + 1000, until_ms=NOON_MS + 9000, reason="held"),
    ]
    rows = [row for row in rows_of(make_entry(fact) for fact in facts) if isinstance(row, RecordedMinuteRow)]
    told = [((row.minute - NOON_MS) // MINUTE_MS, row.gap, bool(row.object_key)) for row in rows]
    assert told == [(-2, "no_frames", False), (-1, "no_frames", False), (0, "held", True)]
