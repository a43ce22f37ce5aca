"""A camera's minute is closed once its frames are all here and judged, or after a stated wait, and never twice."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from schemas.verdicts import SKEW_MS
from tests.record.facts import CAMERA, MINUTE_MS, NOON_MS
from tests.record.make_minutes import WAITS, Camera1, at_ms, make_held
from tests.record.recorded_city import EPOCH

FIRST, SECOND = range(60), range(60, 120)
BEYOND = range(60, 64)
"""Seconds after the first minute that settle what its last frame's neighbours hold."""


def test_a_minute_is_closed_once_a_verdict_speaks_of_later_frames() -> None:
    camera = Camera1()
    camera.frames(range(64))
    camera.found(range(64))
    assert camera.close() == []
    camera.judged(range(64))
    [closed] = camera.close()
    assert (closed.minute_ms, len(closed.frames), len(closed.shown)) == (NOON_MS, 60, 60)
    assert (closed.withheld, closed.missing, closed.before) == ({}, [], "no_frames")
    assert camera.close() == []


def test_a_minute_is_not_closed_while_its_frames_may_still_come_although_all_is_judged() -> None:
    camera = Camera1()
    camera.frames(range(30))
    camera.found(range(64))
    camera.judged(range(64))
    camera.clock.now += 10 * WAITS.frame_wait_seconds
    assert camera.close(caught_up=False) == []
    camera.frames(range(30, 61))
    [closed] = camera.close()
    assert len(closed.shown) == 60


def test_a_camera_that_sends_nothing_more_has_its_minute_closed_after_the_wait() -> None:
    camera = Camera1()
    camera.frames(range(30))
    camera.found(range(30))
    camera.judged(range(30))
    assert camera.close(caught_up=True) == []
    camera.clock.now += WAITS.frame_wait_seconds
    assert camera.close(caught_up=True) == [], "its last frame's neighbours may still come"
    camera.clock.now += WAITS.verdict_wait_seconds
    [closed] = camera.close(caught_up=True)
    assert (len(closed.frames), len(closed.shown), closed.withheld) == (30, 29, {29: "not_judged"})


def test_what_is_held_is_not_among_what_may_be_shown() -> None:
    camera = Camera1()
    camera.frames(range(64))
    camera.found(range(64))
    camera.judged(range(64), held=(20, 39))
    [closed] = camera.close()
    shown = [frame.sequence for frame, _ in closed.shown]
    assert shown == [*range(20), *range(40, 60)]
    assert closed.withheld == dict.fromkeys(range(20, 40), "held")


def test_a_minute_in_quarantine_says_so() -> None:
    camera = Camera1()
    camera.frames(range(64))
    camera.found(range(64))
    camera.judged(range(64), quarantined_from=10)
    [closed] = camera.close()
    assert len(closed.shown) == 10
    assert closed.withheld == dict.fromkeys(range(10, 60), "quarantined")


def test_what_nobody_judges_is_closed_after_the_wait_without_a_picture() -> None:
    camera = Camera1()
    camera.frames(range(61))
    assert camera.close() == []
    camera.clock.now += WAITS.verdict_wait_seconds
    [closed] = camera.close()
    assert (len(closed.frames), closed.shown, closed.withheld) == (60, [], dict.fromkeys(range(60), "not_judged"))


def test_what_no_detector_judged_is_told_apart_from_what_is_held() -> None:
    camera = Camera1()
    camera.frames(range(64))
    camera.shed(range(10))
    camera.found(range(10, 64))
    camera.judged(range(10, 64), held=(20, 29))
    [closed] = camera.close()
    assert closed.withheld == dict.fromkeys(range(10), "not_judged") | dict.fromkeys(range(20, 30), "held")


def test_the_second_minute_waits_until_the_first_is_stored() -> None:
    camera = Camera1()
    camera.frames(range(130))
    camera.found(range(130))
    camera.judged(range(130))
    [first] = list(camera.minutes.close(lambda: False))
    assert list(camera.minutes.close(lambda: False)) == []
    camera.minutes.stored(first.camera_id, first.minute_ms)
    [second] = list(camera.minutes.close(lambda: False))
    assert second.minute_ms == NOON_MS + MINUTE_MS


def test_the_offset_that_may_be_committed_stays_before_what_the_index_does_not_have() -> None:
    camera = Camera1()
    camera.frames(range(5, 130))
    camera.found(range(130))
    camera.judged(range(130))
    assert camera.minutes.first_needed_offset() == 5
    [first] = list(camera.minutes.close(lambda: False))
    assert camera.minutes.first_needed_offset() == 5, "closed, but not stored yet"
    camera.minutes.stored(first.camera_id, first.minute_ms)
    assert camera.minutes.first_needed_offset() == 5, "stored, but its rows wait"
    camera.minutes.indexed(first.camera_id, first.minute_ms)
    assert camera.minutes.first_needed_offset() == 60


def test_memory_counts_what_is_held_until_it_is_stored() -> None:
    camera = Camera1()
    camera.frames(range(64), jpeg=b"x" * 1000)
    camera.frames(range(3), jpeg=b"x" * 1000)
    camera.found(range(64))
    camera.judged(range(64))
    assert camera.minutes.held_bytes == 64_000
    [first] = list(camera.minutes.close(lambda: False))
    assert camera.minutes.held_bytes == 64_000
    camera.minutes.stored(first.camera_id, first.minute_ms)
    assert camera.minutes.held_bytes == 4_000


def test_frames_that_come_too_late_or_of_a_former_owner_are_left_out() -> None:
    camera = Camera1()
    assert all(camera.frames(range(1, 64)))
    camera.found(range(64))
    camera.judged(range(64))
    assert len(camera.close()) == 1
    assert camera.frames([0]) == [False]
    assert camera.frames([70], epoch=1) == [False]


def test_frames_that_are_lost_show_in_the_numbers_of_those_that_come() -> None:
    camera = Camera1()
    camera.frames([*range(20), *range(200, 250)])
    camera.found(range(250))
    camera.judged(range(250))
    first, second, _ = camera.wait_and_close()
    assert (first.missing, first.before) == ([(at_ms(19) + 1, NOON_MS + MINUTE_MS, "lost")], "no_frames")
    assert (second.missing, second.before) == ([(NOON_MS + 3 * MINUTE_MS, at_ms(200), "lost")], "lost")


def test_frames_that_kafka_has_twice_make_no_gap() -> None:
    camera = Camera1()
    camera.frames(range(40))
    camera.frames(range(20, 30))
    camera.frames(range(40, 64))
    camera.found(range(64))
    camera.judged(range(64))
    [closed] = camera.close()
    assert ([frame.sequence for frame in closed.frames], closed.missing) == ([*range(60)], [])


def test_frames_that_are_passed_over_twice_tell_no_gap_of_a_camera_that_is_recorded() -> None:
    camera = Camera1()
    camera.frames(range(40))
    camera.minutes.pass_over(CAMERA, EPOCH, 30)
    camera.frames(range(40, 64))
    camera.found(range(64))
    camera.judged(range(64))
    [closed] = camera.close()
    assert closed.missing == []


@pytest.mark.parametrize(
    ("came", "lost"), [((0, 4, 1, 2, 3, 5), []), ((0, 4, 2, 5), [(0, 2), (2, 4)]), ((0, 4, 3, 1, 5), [(1, 3)])]
)
def test_frames_that_came_after_later_ones_are_not_told_to_be_lost(
    came: Sequence[int], lost: list[tuple[int, int]]
) -> None:
    camera = Camera1()
    camera.frames([*came, 61])
    first, _ = camera.wait_and_close()
    assert len(first.frames) == len(came)
    assert [one for one in first.missing if one.until_ms <= at_ms(5)] == [
        (at_ms(start) + 1, at_ms(end), "lost") for start, end in lost
    ]


def test_frames_that_were_lost_before_a_camera_was_known_are_told_with_its_first_minute() -> None:
    camera = Camera1()
    camera.minutes.frames_were_lost()
    camera.frames(range(20, 64))
    camera.found(range(64))
    camera.judged(range(64))
    [first] = camera.close()
    assert (first.missing, first.before) == ([(NOON_MS, at_ms(20), "lost")], "lost")


def test_a_loss_is_told_of_no_camera_that_begins_long_after_it() -> None:
    camera = Camera1()
    camera.minutes.frames_were_lost()
    camera.clock.now += 3600
    camera.frames(range(20, 64))
    camera.found(range(64))
    camera.judged(range(64))
    [first] = camera.close()
    assert (first.missing, first.before) == ([], "no_frames")


def test_numbers_begin_anew_with_an_ownership() -> None:
    camera = Camera1()
    camera.frames(range(40, 60))
    assert camera.minutes.take_frame(CAMERA, make_held(60, epoch=EPOCH + 1)._replace(sequence=0))
    assert camera.frames([130], epoch=EPOCH + 1) == [True]
    camera.found(range(40, 60))
    told = [(one.minute_ms - NOON_MS, one.missing) for one in camera.wait_and_close()]
    lost = (NOON_MS + 2 * MINUTE_MS, at_ms(130), "lost")
    assert told == [(0, []), (MINUTE_MS, [(at_ms(60) + 1, NOON_MS + 2 * MINUTE_MS, "lost")]), (2 * MINUTE_MS, [lost])]


def test_a_camera_that_was_not_recorded_for_a_while_says_so() -> None:
    camera = Camera1()
    camera.frames(range(64))
    for number in range(64, 240):
        camera.minutes.pass_over(CAMERA, EPOCH, number)
    camera.frames(range(240, 250))
    camera.found(range(300))
    camera.judged(range(300))
    _, second, third = camera.wait_and_close()
    assert second.missing == [(at_ms(63) + 1, NOON_MS + 2 * MINUTE_MS, "not_recorded")]
    assert (third.missing, third.before) == ([(NOON_MS + 4 * MINUTE_MS, at_ms(240), "not_recorded")], "not_recorded")


def test_a_camera_is_idle_while_nothing_of_it_is_held() -> None:
    camera = Camera1()
    assert camera.minutes.is_idle("another", at_ms(0))
    camera.frames(range(1))
    assert not camera.minutes.is_idle(camera.camera.camera_id, at_ms(0))


def test_a_minute_that_was_thought_over_goes_on_with_its_next_frame() -> None:
    camera = Camera1()
    camera.frames(range(30))
    camera.found(range(30))
    camera.clock.now += WAITS.frame_wait_seconds
    assert camera.close(caught_up=True) == [], "nobody has judged it yet"
    camera.frames([30])
    camera.found(range(30, 70))
    camera.judged(range(70))
    assert camera.close(caught_up=True) == [], "its next frames are on their way"
    camera.frames(range(31, 61))
    [closed] = camera.close()
    assert len(closed.shown) == 60


def test_whether_frames_are_still_in_kafka_is_asked_only_of_a_camera_that_sends_none() -> None:
    camera = Camera1()
    camera.frames(range(61))
    camera.judged(range(70))
    asked: list[int] = []

    def is_caught_up() -> bool:
        asked.append(1)
        return True

    assert list(camera.minutes.close(is_caught_up)) != []
    assert asked == []


def test_frames_that_come_after_their_minute_was_closed_are_told_with_the_next_one() -> None:
    camera = Camera1()
    camera.frames(range(30))
    camera.found(range(130))
    camera.judged(range(130))
    camera.clock.now += WAITS.frame_wait_seconds
    [half] = camera.close(caught_up=True)
    assert (len(half.frames), half.late) == (30, ())
    assert camera.frames(range(30, 124)) == [False] * 30 + [True] * 64
    assert camera.frames([40]) == [False], "it was sent twice"
    [following] = camera.close()
    assert following.late == ((at_ms(30), at_ms(59) + 1, "lost"),)
    assert camera.wait_and_close()[0].late == ()


def test_footage_that_begins_anew_under_another_epoch_is_not_told_as_late() -> None:
    camera = Camera1()
    camera.frames(range(61))
    camera.found(range(130))
    camera.judged(range(130))
    assert len(camera.close()) == 1
    for number in range(60):
        assert not camera.minutes.take_frame(CAMERA, make_held(number, epoch=EPOCH + 1))
    assert [one.late for one in camera.wait_and_close()] == [()]


@pytest.mark.parametrize("ahead_ms", [SKEW_MS, 10**15])
def test_a_frame_that_claims_to_be_of_the_future_ends_no_minute(ahead_ms: int) -> None:
    camera = Camera1()
    camera.frames(range(30))
    frame = make_held(30)
    assert not camera.minutes.take_frame(CAMERA, frame._replace(captured_at_ms=frame.appended_at_ms + ahead_ms + 1))
    camera.found(range(64))
    camera.judged(range(64))
    assert camera.close() == []
    assert all(camera.frames(range(30, 61)))
    [closed] = camera.close()
    assert len(closed.shown) == 60
