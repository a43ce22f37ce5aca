"""Accounting: every frame has one outcome, in SQL and in the minutes."""

from __future__ import annotations

from collections import Counter

from schemas.camera_events import CameraEvent
from services.aggregate.rows import CameraMinuteRow, CaptureCountersRow, FrameOutcomeRow
from tests.aggregate.make_events import START_MS, frames, make_frame, make_shed, make_status, ms, rows_of


def minute(events: list[CameraEvent], number: int = 0) -> CameraMinuteRow:
    return next(row for row in rows_of(CameraMinuteRow, events) if row.minute == START_MS + number * 60_000)


def outcomes(events: list[CameraEvent]) -> dict[int, str]:
    return {row.sequence: row.outcome for row in rows_of(FrameOutcomeRow, events)}


def test_an_outcome_is_written_at_arrival() -> None:
    assert outcomes([make_frame(0)]) == {0: "detected"}


def test_each_outcome_is_counted_in_its_minute() -> None:
    events: list[CameraEvent] = [
        make_frame(0),
        make_shed(1, "stale"),
        make_shed(2, "overload"),
        make_shed(3, "undecodable"),
        make_shed(4, "refused"),
        make_frame(7),
    ]
    row = minute(events)
    assert (row.detected, row.shed_stale, row.shed_overload, row.dead_undecodable, row.dead_refused) == (2, 1, 1, 1, 1)
    assert (row.expired, row.frames) == (2, 8)
    assert outcomes(events) == {
        0: "detected", 1: "shed", 2: "shed", 3: "dead_lettered", 4: "dead_lettered",
        5: "expired", 6: "expired", 7: "detected",
    }  # fmt: skip


def test_detected_beats_dead_lettered_beats_shed_whatever_comes_first() -> None:
    best: list[CameraEvent] = [make_shed(0, "stale"), make_shed(0, "refused"), make_frame(0)]
    for events in (best, best[::-1]):
        row = minute(events)
        assert (row.detected, row.shed_stale, row.dead_refused, row.frames) == (1, 0, 0, 1)
        assert outcomes(events) == {0: "detected"}


def test_of_equal_rank_the_lowest_offset_wins() -> None:
    (row,) = rows_of(FrameOutcomeRow, [make_shed(0, "overload"), make_shed(0, "stale")])
    assert row.reason == "overload"


def test_an_expired_frame_is_accounted_for_in_the_minute_of_the_frame_after_it() -> None:
    events: list[CameraEvent] = [make_frame(50, sequence=0), make_frame(70, sequence=5)]
    assert minute(events, 0).expired == 0
    assert minute(events, 1).expired == 4
    expired = [row for row in rows_of(FrameOutcomeRow, events) if row.outcome == "expired"]
    assert {row.minute for row in expired} == {ms(60)}


def test_an_expired_frame_that_turns_up_is_not_expired_any_more() -> None:
    events: list[CameraEvent] = [make_frame(50, sequence=0), make_frame(62, sequence=5), make_frame(59, sequence=3)]
    assert outcomes(events) == {0: "detected", 1: "expired", 2: "expired", 3: "detected", 4: "expired", 5: "detected"}
    by_sequence = {row.sequence: row for row in rows_of(FrameOutcomeRow, events)}
    assert [by_sequence[n].minute for n in (1, 2, 4)] == [ms(0), ms(0), ms(60)]
    assert (minute(events, 0).expired, minute(events, 1).expired) == (2, 1)


def test_frames_before_the_first_one_seen_of_an_epoch_have_expired() -> None:
    assert Counter(outcomes([make_frame(0, sequence=3)]).values()) == {"expired": 3, "detected": 1}


def test_each_epoch_is_accounted_for_by_itself() -> None:
    events: list[CameraEvent] = [make_frame(0, sequence=0), make_frame(1, sequence=0, owner_epoch=2)]
    assert Counter(row.outcome for row in rows_of(FrameOutcomeRow, events)) == {"detected": 2}


def test_captured_is_what_was_reported_or_what_sequence_numbers_prove() -> None:
    (reported,) = rows_of(CaptureCountersRow, [make_status(0, captured=7), make_frame(1, sequence=4)])
    (proved,) = rows_of(CaptureCountersRow, [make_status(0, captured=3), make_frame(1, sequence=4)])
    assert (reported.captured, reported.captured_proved) == (7, 5)
    assert (proved.captured, proved.captured_reported) == (5, 3)


def test_of_absolute_counters_the_largest_wins() -> None:
    missed = {"late": 3}
    events: list[CameraEvent] = [make_status(60, 9, missed=missed, bytes=900), make_status(0, 4, bytes=400)]
    (row,) = rows_of(CaptureCountersRow, events)
    assert (row.captured, row.missed, row.bytes, row.reported_at) == (9, missed, 900, ms(60))


def test_the_observed_seconds_of_a_minute_are_those_of_its_frames() -> None:
    assert minute(frames(0, 90)).observed_s == 60.0
    assert minute([make_frame(0), make_frame(10), make_frame(60), make_frame(70)]).observed_s == 4.0


def test_a_minute_without_any_frame_has_no_row() -> None:
    rows = rows_of(CameraMinuteRow, [make_frame(0), make_frame(150, sequence=1), make_frame(160, sequence=2)])
    assert [row.minute for row in rows] == [ms(0), ms(120)]


def test_ages_are_within_five_percent() -> None:
    events = [make_frame(n, appended_after_ms=2_000 if n < 54 else 9_000) for n in range(60)]
    row = minute(list(events))
    assert abs(row.age_appended_p50_s / 2.0 - 1) < 0.05
    assert abs(row.age_appended_p95_s / 9.0 - 1) < 0.05
    assert abs(row.age_detected_p50_s / 2.4 - 1) < 0.05
