"""The judgement as a whole: order, lateness, clocks, decisions, revisions, saving and restoring."""

from __future__ import annotations

import msgspec
import pytest

from schemas.camera_events import CameraEvent
from schemas.cameras import Zone
from services.aggregate.judgement import Drained, Judgement, UnknownRevisionError
from services.aggregate.recomputation import NewestRows, any_revision_of, recompute
from services.aggregate.rows import (
    CameraMinuteRow,
    CounterMinuteRow,
    DecisionRow,
    DetectionsRow,
    FrameOutcomeRow,
    ParkingMinuteRow,
)
from services.aggregate.state import STATE_FORMAT, CameraState, encode_state
from services.runtime.errors import FatalError
from tests.aggregate.make_events import (
    CAMERA_ID,
    LEFT_HALF,
    RIGHT_HALF,
    counter_camera,
    frames,
    lasting,
    make_camera,
    make_decision,
    make_frame,
    make_shed,
    make_status,
    ms,
    parking_camera,
    person,
    rows_of,
    vehicle,
)

COUNTER = counter_camera()


def counter_minutes(events: list[CameraEvent]) -> list[CounterMinuteRow]:
    return rows_of(CounterMinuteRow, events, COUNTER)


def test_a_frame_is_judged_once_the_watermark_has_passed_it() -> None:
    waiting: list[CameraEvent] = [make_frame(0, [person(0.2)]), make_frame(5)]
    assert counter_minutes(waiting) == []
    (row,) = counter_minutes([*waiting, make_frame(6)])
    assert (row.frames, row.queue_max) == (1, 1)


def test_frames_within_five_seconds_are_judged_in_order_of_capture() -> None:
    in_order = frames(0, 20, [person(0.2)])
    out_of_order = [in_order[0], *in_order[5:0:-1], *in_order[6:]]
    assert lasting(recompute(out_of_order, [COUNTER])) == lasting(recompute(in_order, [COUNTER]))


def test_a_shed_frame_moves_the_watermark_too() -> None:
    (row,) = counter_minutes([make_frame(0, [person(0.2)]), make_shed(6)])
    assert row.frames == 1


def test_a_status_never_moves_a_watermark() -> None:
    assert counter_minutes([make_frame(0), make_status(3_000)]) == []


def test_a_late_frame_amends_the_counts_of_its_minute_and_nothing_else() -> None:
    in_time = [make_frame(n, sequence=n if n < 30 else n + 1) for n in range(200)]
    late = make_frame(29.5, [person(0.2)], sequence=30)
    before, after = counter_minutes(list(in_time))[0], counter_minutes([*in_time, late])[0]
    assert (before.frames, before.queue_max, before.revision) == (60, 0, 0)
    assert (after.frames, after.queue_max, after.revision) == (61, 1, 1)
    assert after.observed_s == before.observed_s
    camera_minute = rows_of(CameraMinuteRow, [*in_time, late], COUNTER)[0]
    assert (camera_minute.detected, camera_minute.expired, camera_minute.late) == (61, 0, 1)


def test_footage_read_again_by_a_new_owner_does_not_amend_counts_twice() -> None:
    footage = frames(0, 200, [person(0.2)])
    again = [make_frame(n, [person(0.2)], owner_epoch=2) for n in range(200)]
    before, after = counter_minutes(list(footage))[0], counter_minutes([*footage, *again])[0]
    assert (after.frames, after.queue_mean, after.revision) == (before.frames, before.queue_mean, 0)
    assert len(rows_of(FrameOutcomeRow, [*footage, *again], COUNTER)) == 400


def test_a_frame_more_than_an_hour_late_is_too_late_but_accounted_for() -> None:
    far: list[CameraEvent] = [make_frame(0, sequence=0), make_frame(3_670, sequence=2), make_frame(3_671, sequence=3)]
    late = make_frame(1, [person(0.2)], sequence=1)
    rows = rows_of(CameraMinuteRow, [*far, late], COUNTER)
    assert [(row.minute, row.detected, row.too_late) for row in rows] == [(ms(0), 1, 0), (ms(3_660), 2, 1)]
    assert {row.sequence: row.outcome for row in rows_of(FrameOutcomeRow, [*far, late])}[1] == "detected"


def test_a_frame_an_hour_late_less_a_moment_still_amends_its_minute() -> None:
    events: list[CameraEvent] = [make_frame(0, sequence=0), make_frame(3_664, sequence=2), make_frame(1, sequence=1)]
    assert rows_of(CameraMinuteRow, events)[0].detected == 2


def test_a_repeated_event_changes_nothing() -> None:
    events = frames(0, 130, [person(0.2)])
    repeated = [event for event in events for _ in range(2)] + events[-50:]
    assert lasting(recompute(repeated, [COUNTER])) == lasting(recompute(events, [COUNTER]))


def test_a_camera_clock_ahead_of_kafka_is_flagged_and_does_not_move_the_watermark() -> None:
    skewed = make_frame(100, [person(0.2)], sequence=1, appended_after_ms=-30_001)
    events: list[CameraEvent] = [make_frame(0, [person(0.2)], sequence=0), skewed]
    assert counter_minutes(events) == []
    minutes = rows_of(CameraMinuteRow, events)
    assert [(row.minute, row.detected, row.clock_skewed) for row in minutes] == [(ms(0), 1, 0), (ms(60), 1, 1)]
    flagged = {r.sequence: r.clock_skewed for r in rows_of(FrameOutcomeRow, events)}
    assert flagged == {0: False, 1: True}


def test_a_clock_thirty_seconds_ahead_is_still_believed() -> None:
    believed = make_frame(100, sequence=1, appended_after_ms=-30_000)
    assert len(counter_minutes([make_frame(0, [person(0.2)], sequence=0), believed])) == 1


def test_footage_with_old_capture_times_is_judged_like_any_other() -> None:
    day_ms = 86_400_000
    old: list[CameraEvent] = [make_frame(n, [person(0.2)], appended_after_ms=500 * day_ms) for n in range(90)]
    new = frames(0, 90, [person(0.2)])
    assert (
        lasting(recompute(old, [COUNTER]))["counter_minutes"] == lasting(recompute(new, [COUNTER]))["counter_minutes"]
    )


def test_frames_of_a_former_owner_are_accounted_for_but_not_judged() -> None:
    new_owner = [make_frame(n, owner_epoch=2) for n in range(10)]
    stale = make_frame(4.5, [person(0.2)] * 3, owner_epoch=1, sequence=0)
    events: list[CameraEvent] = [*new_owner[:6], stale, *new_owner[6:]]
    (row,) = counter_minutes(events)
    assert row.queue_max == 0
    assert len(rows_of(FrameOutcomeRow, events, COUNTER)) == 11


def test_frames_of_a_lower_epoch_are_counted_whether_they_come_in_time_or_late() -> None:
    judgement = Judgement(any_revision_of([COUNTER]))
    new_owner = [make_frame(n, owner_epoch=2) for n in range(20)]
    slow_clock = [make_frame(n + 0.5, owner_epoch=1, sequence=n) for n in range(20, 30)]
    for offset, event in enumerate([*new_owner, *slow_clock, make_frame(40, owner_epoch=2)]):
        judgement.apply(event, offset)
    assert judgement.lower_epoch_count == 10
    judgement.apply(make_frame(3.5, owner_epoch=1, sequence=99), 99)
    assert judgement.lower_epoch_count == 11


def test_a_judged_frame_is_one_row_of_detections() -> None:
    (row,) = rows_of(DetectionsRow, [make_frame(0, [person(0.25), vehicle(0.7)])], COUNTER)
    assert row.object_labels == ("person", "car")
    assert row.object_rights == pytest.approx((0.28, 0.8))
    (empty,) = rows_of(DetectionsRow, [make_frame(0)], COUNTER)
    assert (empty.object_labels, empty.object_lefts, empty.water) == ((), (), b"")


def test_objects_in_an_excluded_part_count_for_nothing() -> None:
    zones = (*COUNTER.zones, Zone("mirror", "exclude", ((0.1, 0.5), (0.3, 0.5), (0.3, 0.7), (0.1, 0.7))))
    events = frames(0, 10, [person(0.2), person(0.4)])
    (row,) = rows_of(CounterMinuteRow, events, counter_camera(zones=zones))
    assert row.queue_max == 1


def test_a_mask_removes_what_stands_in_it_from_the_time_of_the_decision() -> None:
    mask = ((0.1, 0.5), (0.3, 0.5), (0.3, 0.7), (0.1, 0.7))
    decision = make_decision(59.5, "static_object_masked", mask=mask)
    events = frames(0, 61, [person(0.2)])
    rows = rows_of(CounterMinuteRow, [*events, decision, *frames(61, 130, [person(0.2)])], COUNTER)
    assert [(row.frames, row.queue_max) for row in rows[:2]] == [(60, 1), (60, 0)]
    (row,) = rows_of(DecisionRow, [*events, decision], COUNTER)
    assert (row.decided_at, row.effective_at, row.mask_xs) == (ms(59.5), ms(59.5), (0.1, 0.3, 0.3, 0.1))


def test_a_decision_that_comes_after_its_time_takes_effect_at_the_watermark() -> None:
    decision = make_decision(10, "quarantine_released")
    (row,) = rows_of(DecisionRow, [*frames(0, 61), decision])
    assert (row.decided_at, row.effective_at) == (ms(10), ms(55))


def test_a_repeated_decision_keeps_its_time_of_effect() -> None:
    decision = make_decision(10, "quarantine_released")
    (row,) = rows_of(DecisionRow, [*frames(0, 61), decision, *frames(61, 90), decision])
    assert row.effective_at == ms(55)


def test_a_decision_about_an_episode_changes_no_state() -> None:
    decision = make_decision(10, "episode_confirmed", episode_id="0" * 32)
    tables = recompute([*frames(0, 61), decision], [COUNTER])
    assert tables.pop("decisions") != []
    untouched = recompute(frames(0, 61), [COUNTER])
    untouched.pop("decisions")
    assert lasting(tables) == lasting(untouched)


def test_each_event_is_judged_under_its_own_revision() -> None:
    moved = make_camera((Zone("queue", "queue", RIGHT_HALF),), revision=2)
    revisions = {1: make_camera((Zone("queue", "queue", LEFT_HALF),)), 2: moved}
    judgement, newest = Judgement(lambda _, revision: revisions.get(revision)), NewestRows()
    for n in range(70):
        judgement.apply(make_frame(n, [person(0.2)], camera_revision=1 if n < 30 else 2), n)
    newest.add(judgement.drain().rows)
    row = newest.sorted()["counter_minutes"][0]
    assert isinstance(row, CounterMinuteRow)
    assert (row.frames, row.queue_mean, row.camera_revision) == (60, 0.5, 2)


def test_an_event_of_an_unknown_revision_changes_nothing_and_can_be_applied_later() -> None:
    known: list[int] = []
    judgement = Judgement(lambda _, revision: COUNTER if revision in known else None)
    with pytest.raises(UnknownRevisionError) as caught:
        judgement.apply(make_frame(0), 0)
    assert (caught.value.camera_id, caught.value.revision) == (CAMERA_ID, 1)
    assert judgement.drain() == Drained({}, [], {}, [])
    known.append(1)
    judgement.apply(make_frame(0), 0)
    assert set(judgement.drain().rows) == {"camera_minutes", "capture_counters", "detections", "frame_outcomes"}


def test_a_frame_that_waits_in_a_loaded_state_needs_its_revision_too() -> None:
    first = Judgement(any_revision_of([COUNTER]))
    first.apply(make_frame(0), 0)
    second = Judgement(lambda _, revision: None)
    second.load(first.drain().blobs[CAMERA_ID])
    with pytest.raises(UnknownRevisionError):
        second.apply(make_shed(9), 1)


def test_a_drain_gives_only_what_changed() -> None:
    judgement = Judgement(any_revision_of([COUNTER]))
    judgement.apply(make_frame(0), 0)
    assert len(judgement.drain().blobs) == 1
    assert judgement.unsaved_count == 0
    assert judgement.drain() == Drained({}, [], {}, [])


def test_a_failed_save_is_held_again_by_the_next_drain() -> None:
    events = frames(0, 130, [person(0.2)])
    judgement, newest = Judgement(any_revision_of([COUNTER])), NewestRows()
    for offset, event in enumerate(events):
        judgement.apply(event, offset)
        if offset % 40 == 39:
            judgement.restore(judgement.drain())
    drained = judgement.drain()
    newest.add(drained.rows)
    assert lasting(newest.sorted()) == lasting(recompute(events, [COUNTER]))
    assert list(drained.blobs) == [CAMERA_ID]


def test_rows_that_are_safe_are_not_held_again_but_their_states_are() -> None:
    judgement = Judgement(any_revision_of([COUNTER]))
    judgement.apply(make_frame(0), 0)
    first = judgement.drain()
    judgement.restore(first, rows=False)
    second = judgement.drain()
    assert (second.rows, second.blobs) == ({}, first.blobs)


def test_a_state_of_another_format_is_refused() -> None:
    state = CameraState(CAMERA_ID, format=STATE_FORMAT + 1)
    with pytest.raises(FatalError, match="format"):
        Judgement(any_revision_of([])).load(encode_state(state))
    with pytest.raises(FatalError):
        Judgement(any_revision_of([])).load(b"\x00")
    with pytest.raises(FatalError):
        Judgement(any_revision_of([])).load(msgspec.msgpack.encode([CAMERA_ID, STATE_FORMAT, "no offset"]))


def test_a_state_stays_small_over_days_of_sheds_and_epochs() -> None:
    judgement = Judgement(any_revision_of([parking_camera()]))
    for n in range(3 * 1440):
        seconds = n * 60
        judgement.apply(make_shed(seconds, sequence=n, owner_epoch=1 + n // 5), 3 * n)
        judgement.apply(make_frame(seconds + 1, sequence=n, owner_epoch=2 + n // 5), 3 * n + 1)
    assert len(judgement.drain().blobs[CAMERA_ID]) < 20_000


def test_parking_minutes_are_those_of_the_zone() -> None:
    rows = rows_of(ParkingMinuteRow, frames(0, 70, [vehicle(0.3), vehicle(0.8)]), parking_camera())
    assert [(row.zone_id, row.frames, row.vehicles_max) for row in rows] == [("curb", 60, 1), ("curb", 4, 1)]
