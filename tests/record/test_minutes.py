"""A camera's minute is closed once its frames are all here and judged, or after a stated wait, and never twice."""

from __future__ import annotations

from tests.record.facts import MINUTE_MS, NOON_MS
from tests.record.make_minutes import WAITS, Camera1, at_ms

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
    assert (closed.withheld, closed.lost_before) == (None, False)
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
    assert (len(closed.frames), len(closed.shown), closed.withheld) == (30, 29, "not_judged")


def test_what_is_held_is_not_among_what_may_be_shown() -> None:
    camera = Camera1()
    camera.frames(range(64))
    camera.found(range(64))
    camera.judged(range(64), held=(20, 39))
    [closed] = camera.close()
    shown = [frame.sequence for frame, _ in closed.shown]
    assert shown == [*range(20), *range(40, 60)]
    assert closed.withheld == "held"


def test_a_minute_in_quarantine_says_so() -> None:
    camera = Camera1()
    camera.frames(range(64))
    camera.found(range(64))
    camera.judged(range(64), quarantined_from=10)
    [closed] = camera.close()
    assert len(closed.shown) == 10
    assert closed.withheld == "quarantined"


def test_what_nobody_judges_is_closed_after_the_wait_without_a_picture() -> None:
    camera = Camera1()
    camera.frames(range(61))
    assert camera.close() == []
    camera.clock.now += WAITS.verdict_wait_seconds
    [closed] = camera.close()
    assert (len(closed.frames), closed.shown, closed.withheld) == (60, [], "not_judged")


def test_the_second_minute_waits_until_the_first_is_stored() -> None:
    camera = Camera1()
    camera.frames(range(130))
    camera.found(range(130))
    camera.judged(range(130))
    [first] = list(camera.minutes.close(caught_up=False))
    assert list(camera.minutes.close(caught_up=False)) == []
    camera.minutes.closed(first.camera_id, first.minute_ms)
    [second] = list(camera.minutes.close(caught_up=False))
    assert second.minute_ms == NOON_MS + MINUTE_MS


def test_the_offset_that_may_be_committed_stays_before_what_is_not_stored() -> None:
    camera = Camera1()
    camera.frames(range(5, 130))
    camera.found(range(130))
    camera.judged(range(130))
    assert camera.minutes.first_needed_offset() == 5
    [first] = list(camera.minutes.close(caught_up=False))
    assert camera.minutes.first_needed_offset() == 5, "closed, but not stored yet"
    camera.minutes.closed(first.camera_id, first.minute_ms)
    assert camera.minutes.first_needed_offset() == 60


def test_memory_counts_what_is_held_until_it_is_stored() -> None:
    camera = Camera1()
    camera.frames(range(64), jpeg=b"x" * 1000)
    camera.frames(range(3), jpeg=b"x" * 1000)
    camera.found(range(64))
    camera.judged(range(64))
    assert camera.minutes.held_bytes == 64_000
    [first] = list(camera.minutes.close(caught_up=False))
    assert camera.minutes.held_bytes == 64_000
    camera.minutes.closed(first.camera_id, first.minute_ms)
    assert camera.minutes.held_bytes == 4_000


def test_frames_that_come_too_late_or_of_a_former_owner_are_left_out() -> None:
    camera = Camera1()
    assert all(camera.frames(range(1, 64)))
    camera.found(range(64))
    camera.judged(range(64))
    assert len(camera.close()) == 1
    assert camera.frames([0]) == [False]
    assert camera.frames([70], epoch=1) == [False]


def test_frames_that_kafka_has_lost_are_told_with_the_next_minute_alone() -> None:
    camera = Camera1()
    camera.frames(range(3))
    camera.minutes.frames_were_lost()
    camera.frames(range(180, 250))
    camera.found([*range(3), *range(180, 250)])
    camera.judged(range(250))
    told = [closed.lost_before for _ in range(2) for closed in camera.close()]
    assert told == [True, False]


def test_a_camera_is_idle_while_nothing_of_it_is_held() -> None:
    camera = Camera1()
    assert camera.minutes.is_idle("another", at_ms(0))
    camera.frames(range(1))
    assert not camera.minutes.is_idle(camera.camera.camera_id, at_ms(0))
