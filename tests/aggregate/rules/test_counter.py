"""Counters: queue, staff, people served and waiting by the minute; unattended, not open, after hours."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from schemas.camera_events import CameraEvent, DetectedObject
from schemas.cameras import Camera, Zone
from schemas.topics import FRAMES
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.judgement import Judgement
from services.aggregate.recomputation import NewestRows
from services.aggregate.rows import CounterMinuteRow
from tests.aggregate.make_events import (
    LEFT_HALF,
    RIGHT_HALF,
    counter_camera,
    every_day,
    frames,
    make_frame,
    ms,
    person,
    rows_of,
)

CAMERA = counter_camera()
CLOSED = counter_camera(opening_hours=every_day("10:00", "15:00"))
CUSTOMER, CLERK = person(0.3), person(0.8)


def minute(events: Iterable[CameraEvent], camera: Camera = CAMERA) -> CounterMinuteRow:
    return rows_of(CounterMinuteRow, events, camera)[0]


def episodes(events: Iterable[CameraEvent], camera: Camera = CAMERA) -> list[EpisodeRow]:
    return rows_of(EpisodeRow, events, camera)


def until(end: int, *spans: tuple[int, int, DetectedObject]) -> list[CameraEvent]:
    """Give a frame a second up to ``end``, each thing being there in its span."""
    return [make_frame(n, [thing for start, stop, thing in spans if start <= n < stop]) for n in range(end)]


def test_queue_figures_are_over_frames() -> None:
    lengths = [0] * 30 + [1] * 10 + [2] * 10 + [6] * 10
    row = minute([make_frame(n, [person(0.1 + 0.05 * k) for k in range(lengths[n % 60])]) for n in range(70)])
    assert (row.frames, row.queue_known, row.queue_median, row.queue_max, row.queue_mean) == (60, True, 0.5, 6, 1.5)


def test_the_median_of_an_odd_number_of_frames_is_the_middle_one() -> None:
    lengths = (4, 0, 1)
    row = minute([make_frame(20 * n, [CUSTOMER] * lengths[n], sequence=n) for n in range(3)] + [make_frame(70)])
    assert (row.frames, row.queue_median) == (3, 1.0)


def test_staffed_ratio_is_observed_time_with_staff_over_observed_time() -> None:
    row = minute(until(70, (0, 15, CLERK)))
    assert (row.staffed_known, row.staffed_s, row.observed_s, row.staffed_ratio) == (True, 15.0, 60.0, 0.25)


def test_what_was_not_observed_counts_neither_as_staffed_nor_as_not() -> None:
    events = [make_frame(n, [CLERK]) for n in range(10)] + [make_frame(n) for n in range(50, 70)]
    row = minute(events)
    assert (row.observed_s, row.expected_s, row.staffed_s) == (21.0, 60.0, 11.0)


def test_figures_without_their_zone_are_not_known() -> None:
    queue_only = counter_camera(zones=(Zone("queue", "queue", LEFT_HALF),))
    row = minute(until(70, (0, 70, CUSTOMER)), queue_only)
    assert (row.queue_known, row.staffed_known, row.served_known, row.waiting_known) == (True, False, False, False)
    staff_only = counter_camera(zones=(Zone("staff", "staff", RIGHT_HALF),))
    row = minute(until(70, (0, 70, CLERK)), staff_only)
    assert (row.queue_known, row.staffed_known, row.staffed_ratio) == (False, True, 1.0)


@pytest.mark.parametrize(("hours", "opening"), [(("07:00", "15:00"), "open"), (("09:00", "15:00"), "closed")])
def test_a_minute_says_whether_the_counter_should_have_been_open(hours: tuple[str, str], opening: str) -> None:
    assert minute(frames(0, 70), counter_camera(opening_hours=every_day(*hours))).opening == opening


def test_without_opening_hours_they_are_unknown_and_there_are_no_episodes() -> None:
    camera = counter_camera(opening_hours=None)
    events = until(900, (0, 900, CUSTOMER))
    assert minute(events, camera).opening == "unknown"
    assert episodes(events, camera) == []


def served_events(departures: int) -> list[CameraEvent]:
    """Let people walk from the queue to the right across x = 0.5, one after the other, 8 s each."""
    walks = [[person(0.3 + 0.05 * step) for step in range(8)] for _ in range(departures)]
    steps = [walk for walk_steps in walks for walk in walk_steps]
    return [make_frame(n, [steps[n]] if n < len(steps) else []) for n in range(70)]


EDGE = Zone("edge", "counter_edge", line=((0.5, 1.0), (0.5, 0.0)))


def test_served_are_people_who_leave_the_queue_across_the_counter_edge() -> None:
    camera = counter_camera(zones=(*CAMERA.zones, EDGE))
    row = minute(served_events(4), camera)
    assert (row.served_known, row.served, row.waiting_known) == (True, 4, True)
    assert row.waiting_s == pytest.approx(row.queue_mean * 60 / 4)


def test_waiting_time_is_not_known_under_three_departures() -> None:
    row = minute(served_events(2), counter_camera(zones=(*CAMERA.zones, EDGE)))
    assert (row.served, row.waiting_known, row.waiting_s) == (2, False, 0.0)


def test_crossing_the_edge_backwards_serves_nobody() -> None:
    backwards = Zone("edge", "counter_edge", line=((0.5, 0.0), (0.5, 1.0)))
    assert minute(served_events(3), counter_camera(zones=(*CAMERA.zones, backwards))).served == 0


def test_a_counter_is_unattended_when_people_wait_and_staff_has_been_away_for_two_minutes() -> None:
    just_before = until(137, (0, 11, CLERK), (0, 137, CUSTOMER))
    assert [e.kind for e in episodes(just_before[: 130 + 5])] == []
    (episode,) = episodes(until(200, (0, 11, CLERK), (0, 200, CUSTOMER)))
    assert (episode.kind, episode.phase, episode.started_at, episode.review) == (
        "unattended", "open", ms(10), "suspected",
    )  # fmt: skip
    assert episode.why_names == ("staff_absence", "waiting_ratio")
    assert (episode.why_values[0], episode.why_thresholds[0]) == (120.0, 120.0)


def test_nobody_waiting_means_not_unattended() -> None:
    assert episodes(until(400, (0, 10, CLERK))) == []


def test_waiting_is_someone_in_the_queue_in_half_the_frames_of_a_minute() -> None:
    flickering = [make_frame(n, [CUSTOMER] if n % 5 in (0, 2) else []) for n in range(300)]
    assert episodes(flickering) == []
    steady = [make_frame(n, [CUSTOMER] if n % 5 in (0, 2, 4) else []) for n in range(300)]
    assert [e.kind for e in episodes(steady)] == ["unattended"]


def test_a_presence_shorter_than_thirty_seconds_does_not_end_an_absence() -> None:
    (episode,) = episodes(until(300, (0, 1, CLERK), (100, 130, CLERK), (0, 300, CUSTOMER)))
    assert (episode.started_at, episode.phase) == (ms(0), "open")


def test_a_presence_of_thirty_seconds_ends_it_at_its_start() -> None:
    (episode,) = episodes(until(300, (0, 1, CLERK), (200, 231, CLERK), (0, 300, CUSTOMER)))
    assert (episode.phase, episode.ended_because, episode.ended_at) == ("ended", "cleared", ms(200))


def test_an_unattended_counter_whose_queue_has_gone_has_ended_at_the_last_wait() -> None:
    (episode,) = episodes(until(400, (0, 200, CUSTOMER)))
    assert (episode.phase, episode.ended_because) == ("ended", "left")
    assert ms(200) < episode.ended_at < ms(235)
    assert episode.last_seen_at == episode.ended_at


def test_a_counter_without_staff_for_ten_minutes_is_not_open() -> None:
    assert episodes(until(600)) == []
    (episode,) = episodes(until(700))
    assert (episode.kind, episode.started_at, episode.why_values) == ("not_open", ms(0), (600.0,))


def test_absence_counts_from_the_opening_only() -> None:
    opens_later = counter_camera(opening_hours=every_day("07:10", "15:00"))
    assert episodes(until(1190), opens_later) == []
    (episode,) = episodes(until(1210), opens_later)
    assert (episode.kind, episode.started_at) == ("not_open", ms(600))


def test_closing_time_ends_what_belongs_to_opening_hours() -> None:
    closes = counter_camera(opening_hours=every_day("07:00", "07:15"))
    (episode,) = episodes(until(1000), closes)
    assert (episode.phase, episode.ended_because, episode.ended_at) == ("ended", "timetable", ms(900))


def test_a_person_for_a_minute_outside_opening_hours_is_after_hours() -> None:
    assert episodes(until(64, (0, 64, CLERK)), CLOSED) == []
    (episode,) = episodes(until(200, (0, 100, CLERK)), CLOSED)
    assert (episode.kind, episode.phase, episode.started_at) == ("after_hours", "ended", ms(0))
    assert (episode.ended_because, episode.ended_at) == ("left", ms(99))


def test_opening_time_ends_after_hours() -> None:
    opens = counter_camera(opening_hours=every_day("07:05", "15:00"))
    events = until(400, (0, 400, CLERK))
    (episode,) = episodes(events, opens)
    assert (episode.kind, episode.ended_because, episode.ended_at) == ("after_hours", "timetable", ms(300))


def test_a_gap_pauses_the_absence() -> None:
    gap = [make_frame(n, [CUSTOMER]) for n in (*range(60), *range(110, 164))]
    assert episodes(gap) == []
    (episode,) = episodes([*gap, *[make_frame(n, [CUSTOMER]) for n in range(164, 180)]])
    assert episode.why_values[0] == 120.0


def test_a_gap_of_more_than_a_minute_starts_runs_over() -> None:
    events = [make_frame(n, [CUSTOMER]) for n in (*range(100), *range(170, 280))]
    assert episodes(events) == []


def test_half_an_hour_without_a_frame_ends_an_episode_at_its_last_sight() -> None:
    events = [*until(200, (0, 200, CUSTOMER)), *[make_frame(n, [CUSTOMER]) for n in range(2000, 2010)]]
    (episode,) = episodes(events)
    assert (episode.ended_because, episode.ended_at) == ("no_data", ms(199))


def test_the_best_frame_is_the_one_with_most_people_waiting() -> None:
    crowd = [make_frame(n, [CUSTOMER, person(0.1)] if n == 150 else [CUSTOMER]) for n in range(200)]
    (episode,) = episodes(crowd)
    assert (episode.people_waiting_max, episode.best_frame_offset) == (2, 150)
    assert (episode.first_frame_offset, episode.frame_topic) == (0, FRAMES.name)


def test_a_changed_zone_ends_an_episode_and_starts_the_counter_afresh() -> None:
    wider = (
        Zone("queue", "queue", LEFT_HALF),
        Zone("staff", "staff", ((0.55, 0.0), (1.0, 0.0), (1.0, 1.0), (0.55, 1.0))),
    )
    revisions = {1: CAMERA, 2: counter_camera(zones=wider, revision=2)}
    judgement, newest = Judgement(lambda _, revision: revisions[revision]), NewestRows()
    for n in range(380):
        judgement.apply(make_frame(n, [CUSTOMER], camera_revision=1 if n < 200 else 2), n)
    newest.add(judgement.drain().rows)
    found = sorted((row.started_at, row.ended_because) for row in newest.sorted()["episodes"])  # type: ignore[attr-defined]
    assert found == [(ms(0), "rule_changed"), (ms(200), "")]


def test_a_revision_that_leaves_the_counter_alone_ends_nothing() -> None:
    revisions = {1: CAMERA, 2: counter_camera(revision=2, public=True)}
    judgement = Judgement(lambda _, revision: revisions[revision])
    for n in range(380):
        judgement.apply(make_frame(n, [CUSTOMER], camera_revision=1 if n < 200 else 2), n)
    assert [row.phase for row in judgement.drain().rows["episodes"]] == ["open"]  # type: ignore[attr-defined]


def test_staff_missed_in_single_frames_have_not_left() -> None:
    """A detector that sees nine of ten: the worst run of misses is two frames, a sight again after 3 P."""
    missed = [make_frame(n, [CUSTOMER] if n % 10 in (4, 5) else [CUSTOMER, CLERK]) for n in range(700)]
    assert episodes(missed) == []


def test_a_presence_with_missed_frames_ends_an_absence_too() -> None:
    back = [make_frame(n, [CUSTOMER] if n < 200 or n % 3 else [CUSTOMER, CLERK]) for n in range(300)]
    (episode,) = episodes(back)
    assert (episode.kind, episode.ended_because, episode.ended_at) == ("unattended", "cleared", ms(201))


def test_sights_further_apart_than_three_periods_are_no_presence() -> None:
    glimpses = [make_frame(n, [CUSTOMER] if n % 4 else [CUSTOMER, CLERK]) for n in range(300)]
    (episode,) = episodes(glimpses)
    assert (episode.kind, episode.phase, episode.started_at) == ("unattended", "open", ms(0))


def test_an_absence_starts_at_the_last_frame_with_staff_although_missed_frames_are_bridged() -> None:
    (episode,) = episodes(until(200, (0, 11, CLERK), (0, 200, CUSTOMER)))
    assert (episode.started_at, episode.why_values[0]) == (ms(10), 120.0)


def test_where_frames_are_far_apart_a_presence_bridges_no_more_than_a_short_absence() -> None:
    slow = counter_camera(sample_fps=0.05)
    events = [make_frame(20 * n, [CLERK] if n % 2 else [], sequence=n) for n in range(60)]
    assert [e.kind for e in episodes(events, slow)] == ["not_open"]


def test_a_lost_frame_between_two_with_staff_is_no_absence() -> None:
    slow = counter_camera(sample_fps=0.05)
    events = [make_frame(20 * n, [CLERK], sequence=n) for n in range(90) if n % 2 == 0]
    assert episodes(events, slow) == []


@pytest.mark.parametrize(("kind", "end"), [("unattended", 200), ("not_open", 700)])
def test_staff_back_after_a_gap_ends_what_was_open_before_it(kind: str, end: int) -> None:
    queue = [CUSTOMER] if kind == "unattended" else []
    before = [make_frame(n, queue) for n in range(end)]
    after = [make_frame(n, [*queue, CLERK]) for n in range(end + 120, end + 160)]
    (episode,) = episodes([*before, *after])
    assert (episode.kind, episode.ended_because, episode.ended_at) == (kind, "cleared", ms(end + 120))


def test_people_gone_after_a_gap_have_left_at_their_last_sight() -> None:
    events = [*until(100, (0, 100, CLERK)), *[make_frame(n) for n in range(220, 230)]]
    (episode,) = episodes(events, CLOSED)
    assert (episode.kind, episode.ended_because, episode.ended_at) == ("after_hours", "left", ms(99))


def test_people_still_there_after_a_gap_go_on() -> None:
    events = [make_frame(n, [CLERK]) for n in (*range(100), *range(220, 230))]
    (episode,) = episodes(events, CLOSED)
    assert (episode.phase, episode.started_at) == ("open", ms(0))


def test_staff_that_may_be_back_open_no_episode() -> None:
    """Away for 119 s, and for 130 s before anybody waited: the presence that ends it has not lasted 30 s yet."""
    assert episodes(until(300, (0, 1, CLERK), (119, 300, CLERK), (0, 300, CUSTOMER))) == []
    assert episodes(until(300, (0, 1, CLERK), (130, 300, CLERK), (105, 300, CUSTOMER))) == []


def test_an_absence_that_a_short_presence_does_not_end_opens_its_episode_after_it() -> None:
    (episode,) = episodes(until(300, (0, 1, CLERK), (110, 130, CLERK), (0, 300, CUSTOMER)))
    assert (episode.started_at, episode.phase) == (ms(0), "open")
    assert episode.why_values[0] > 130


def test_frames_in_which_staff_may_be_back_are_no_part_of_an_episode() -> None:
    (episode,) = episodes(until(300, (0, 1, CLERK), (150, 300, CLERK), (0, 300, CUSTOMER)))
    assert (episode.ended_at, episode.ended_because) == (ms(150), "cleared")
    assert episode.last_seen_at == ms(149)


def test_staff_missed_in_frames_after_their_return_are_no_part_of_an_episode() -> None:
    """A detector that misses the clerk who is back in one frame of ten."""
    back = [make_frame(n, [CUSTOMER, CLERK] if n < 6 or (n > 199 and n % 10) else [CUSTOMER]) for n in range(300)]
    (episode,) = episodes(back)
    assert (episode.ended_because, episode.last_seen_at, episode.ended_at) == ("cleared", ms(200), ms(201))


def test_the_frame_that_shows_staff_again_opens_nothing() -> None:
    slow = counter_camera(sample_fps=0.2)
    events = [make_frame(5 * n, [CUSTOMER, CLERK] if n < 2 or n > 24 else [CUSTOMER], sequence=n) for n in range(60)]
    assert episodes(events, slow) == []
