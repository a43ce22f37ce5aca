"""Parking: vehicles by the minute, stays, and cases of those that stand too long."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from schemas.camera_events import CameraEvent, DetectedObject
from schemas.cameras import Camera, Zone
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.judgement import Judgement
from services.aggregate.recomputation import NewestRows
from services.aggregate.rows import ParkingMinuteRow, ParkingStayRow
from tests.aggregate.make_events import (
    LEFT_HALF,
    RIGHT_HALF,
    every_day,
    make_camera,
    make_frame,
    ms,
    parking_camera,
    rows_of,
    vehicle,
)

CAMERA = parking_camera()
CAR = vehicle(0.3)


def until(end: int, *spans: tuple[int, int, DetectedObject]) -> list[CameraEvent]:
    """Give a frame a second up to ``end``, each vehicle being there in its span."""
    return [make_frame(n, [thing for start, stop, thing in spans if start <= n < stop]) for n in range(end)]


def cases(events: Iterable[CameraEvent], camera: Camera = CAMERA) -> list[EpisodeRow]:
    return sorted(rows_of(EpisodeRow, events, camera), key=lambda row: row.started_at)


def stays(events: Iterable[CameraEvent], camera: Camera = CAMERA) -> list[ParkingStayRow]:
    return sorted(rows_of(ParkingStayRow, events, camera), key=lambda row: row.started_at)


def test_a_case_opens_after_the_grace_time_counted_from_the_first_stationary_sight() -> None:
    assert cases(until(315, (10, 315, CAR))) == []
    (case,) = cases(until(320, (10, 320, CAR)))
    assert (case.phase, case.started_at, case.zone_id, case.vehicle) == ("open", ms(10), "curb", "car")
    assert (case.why_names[0], case.why_values[0], case.why_thresholds[0]) == ("stood", 300.0, 300.0)
    assert case.first_frame_offset == 10


def test_a_vehicle_that_moves_has_no_stay_and_no_case() -> None:
    to_and_fro = [make_frame(n, [vehicle(0.2 + 0.04 * abs(n % 10 - 5))]) for n in range(400)]
    assert stays(to_and_fro) == []
    assert cases(to_and_fro) == []


def test_small_displacements_are_stationary() -> None:
    trembling = [make_frame(n, [vehicle(0.3 + 0.045 * (n % 2))]) for n in range(330)]
    assert len(cases(trembling)) == 1


def test_displacement_is_compared_in_heights_of_the_box_whatever_the_shape_of_the_picture() -> None:
    trembling = [make_frame(n, [vehicle(0.3 + 0.045 * (n % 2))], width=2000) for n in range(330)]
    assert cases(trembling) == []


def test_a_stay_is_known_once_it_has_lasted_for_the_stationary_window() -> None:
    assert stays(until(34, (0, 34, CAR))) == []
    (stay,) = stays(until(40, (0, 40, CAR)))
    assert (stay.started_at, stay.phase, stay.dwell_s, stay.frames) == (ms(0), "open", 30.0, 31)


def test_a_stay_ends_at_its_last_sight() -> None:
    (stay,) = stays(until(200, (0, 100, CAR)))
    assert (stay.phase, stay.ended_because, stay.last_seen_at, stay.dwell_s) == ("ended", "left", ms(99), 99.0)
    assert (stay.frames, stay.episode_id) == (100, "")


def test_a_vehicle_unseen_for_a_minute_was_there_if_it_is_seen_again() -> None:
    (stay,) = stays(until(300, (0, 100, CAR), (159, 200, CAR)))
    assert (stay.dwell_s, stay.last_seen_at, stay.frames) == (199.0, ms(199), 141)


def test_a_vehicle_unseen_for_longer_has_left_and_the_next_one_is_another() -> None:
    first, second = stays(until(300, (0, 100, CAR), (160, 220, CAR)))
    assert (first.last_seen_at, second.started_at) == (ms(99), ms(160))
    assert first.stay_id != second.stay_id


def test_a_case_ends_at_its_last_sight_and_is_published_after_three_minutes() -> None:
    (open_case,) = cases(until(580, (0, 400, CAR)))
    assert open_case.phase == "open"
    (case,) = cases(until(590, (0, 400, CAR)))
    assert (case.phase, case.ended_because, case.ended_at, case.dwell_s) == ("ended", "left", ms(399), 399.0)


def test_a_return_to_the_same_place_within_three_minutes_continues_the_case() -> None:
    (case,) = cases(until(700, (0, 400, CAR), (550, 700, CAR)))
    assert (case.phase, case.started_at, case.last_seen_at >= ms(660)) == ("open", ms(0), True)


def test_absence_is_no_dwell() -> None:
    (case,) = cases(until(1000, (0, 400, CAR), (550, 650, CAR)))
    assert (case.phase, case.ended_at, case.dwell_s) == ("ended", ms(649), 399.0 + 99.0)


def test_a_return_after_three_minutes_is_a_stay_of_its_own() -> None:
    first, second = cases(until(1000, (0, 400, CAR), (580, 1000, CAR)))
    assert (first.phase, first.ended_at, second.started_at) == ("ended", ms(399), ms(580))


def test_a_vehicle_that_only_passes_the_place_does_not_continue_the_case() -> None:
    (case,) = cases(until(700, (0, 400, CAR), (500, 503, CAR)))
    assert (case.phase, case.ended_at) == ("ended", ms(399))


def test_another_place_is_no_return() -> None:
    events = until(700, (0, 400, CAR), (450, 700, vehicle(0.15)))
    (case,) = cases(events)
    assert (case.phase, case.ended_at) == ("ended", ms(399))


def test_each_vehicle_has_its_own_case() -> None:
    rows = cases(until(320, (0, 320, vehicle(0.12)), (5, 320, vehicle(0.38))))
    assert [row.started_at for row in rows] == [ms(0), ms(5)]
    assert [row.left for row in rows] == pytest.approx([0.02, 0.28])


def test_grace_counts_from_the_start_of_the_timetable() -> None:
    camera = parking_camera(timetable=every_day("07:05", "09:00"))
    assert cases(until(600, (0, 600, CAR)), camera) == []
    (case,) = cases(until(610, (0, 610, CAR)), camera)
    assert (case.started_at, case.why_values[0]) == (ms(0), 300.0)


def test_the_end_of_the_timetable_ends_a_case() -> None:
    camera = parking_camera(timetable=every_day("07:00", "07:10"))
    (case,) = cases(until(700, (0, 700, CAR)), camera)
    assert (case.phase, case.ended_because, case.ended_at) == ("ended", "timetable", ms(600))


def test_only_classes_that_the_zone_forbids_count() -> None:
    zone = Zone("curb", "no_parking", LEFT_HALF, classes=("truck",))
    camera = make_camera((zone,))
    assert cases(until(400, (0, 400, CAR)), camera) == []
    assert len(cases(until(400, (0, 400, vehicle(0.3, label="truck"))), camera)) == 1


def test_a_vehicle_bears_the_class_in_which_it_was_seen_most_often() -> None:
    events = [make_frame(n, [vehicle(0.3, label="truck" if n % 3 else "car")]) for n in range(330)]
    assert [case.vehicle for case in cases(events)] == ["truck"]


def test_the_best_frame_is_the_one_with_the_highest_score() -> None:
    events = [make_frame(n, [vehicle(0.3, score=0.95 if n == 350 else 0.6)]) for n in range(400)]
    assert [case.best_frame_offset for case in cases(events)] == [350]


def test_a_changed_zone_ends_what_is_open_in_it() -> None:
    other = Zone("exit", "no_parking", RIGHT_HALF)
    before = make_camera((Zone("curb", "no_parking", LEFT_HALF), other))
    moved = ((0.0, 0.0), (0.45, 0.0), (0.45, 1.0), (0.0, 1.0))
    after = make_camera((Zone("curb", "no_parking", moved), other), revision=2)
    judgement, newest = Judgement(lambda _, revision: {1: before, 2: after}[revision]), NewestRows()
    for n in range(500):
        both = [CAR, vehicle(0.8)]
        judgement.apply(make_frame(n, both, camera_revision=1 if n < 400 else 2), n)
    newest.add(judgement.drain().rows)
    found = {(row.zone_id, row.phase, row.ended_because) for row in newest.sorted()["episodes"]}  # type: ignore[attr-defined]
    assert found == {("curb", "ended", "rule_changed"), ("exit", "open", "")}
    minutes = [row for row in newest.sorted()["parking_minutes"] if isinstance(row, ParkingMinuteRow)]
    assert sum(row.frames for row in minutes if row.zone_id == "curb") == 495 - 1


def test_a_camera_that_was_blind_keeps_a_case_open_until_half_an_hour_has_passed() -> None:
    blind = [make_frame(n, [CAR]) for n in (*range(400), *range(1000, 1100))]
    (case,) = cases(blind)
    assert (case.phase, case.last_seen_at >= ms(1030)) == ("open", True)
    assert case.dwell_s < 500
    longer = [make_frame(n, [CAR]) for n in (*range(400), *range(2300, 2400))]
    (case,) = cases(longer)
    assert (case.ended_because, case.ended_at) == ("no_data", ms(399))


def test_a_zone_that_was_changed_in_an_outage_of_half_an_hour_ends_a_case_as_no_data() -> None:
    moved = make_camera((Zone("curb", "no_parking", ((0.0, 0.0), (0.45, 0.0), (0.45, 1.0), (0.0, 1.0))),), revision=2)
    before = make_camera((Zone("curb", "no_parking", LEFT_HALF),))
    judgement, newest = Judgement(lambda _, revision: {1: before, 2: moved}[revision]), NewestRows()
    for n in (*range(400), *range(2300, 2320)):
        judgement.apply(make_frame(n, [CAR], camera_revision=1 if n < 400 else 2), n)
    newest.add(judgement.drain().rows)
    assert [row.ended_because for row in newest.sorted()["episodes"]] == ["no_data"]  # type: ignore[attr-defined]


def test_cars_that_pass_the_same_spot_now_and_then_are_no_vehicle_that_stands() -> None:
    passing = [make_frame(n, [CAR] if n % 8 == 0 else []) for n in range(700)]
    assert stays(passing) == []
    assert cases(passing) == []


def test_a_vehicle_seen_in_every_third_frame_stands() -> None:
    flickering = [make_frame(n, [CAR] if n % 3 == 0 else []) for n in range(330)]
    assert [case.started_at for case in cases(flickering)] == [ms(0)]


def test_parking_minutes_count_vehicles_over_frames_and_seconds() -> None:
    row = rows_of(ParkingMinuteRow, until(70, (0, 30, CAR), (15, 30, vehicle(0.12))), CAMERA)[0]
    assert (row.frames, row.vehicles_max, row.vehicles_mean, row.vehicle_seconds) == (60, 2, 0.75, 45.0)
    assert (row.observed_s, row.expected_s, row.in_force, row.cases_open_max) == (60.0, 60.0, True, 0)


def test_parking_minutes_count_open_cases() -> None:
    rows = rows_of(ParkingMinuteRow, until(400, (0, 400, CAR)), CAMERA)
    assert [row.cases_open_max for row in rows] == [0, 0, 0, 0, 0, 1, 1]


def test_a_case_is_published_once_a_minute_with_growing_revisions() -> None:
    judgement = Judgement(lambda _, revision: CAMERA)
    published = []
    for offset, event in enumerate(until(590, (0, 400, CAR))):
        judgement.apply(event, offset)
        published += judgement.drain(blobs=False).episodes
    assert [episode.revision for episode in published] == list(range(1, len(published) + 1))
    assert len(published) == 3  # at 300 s, in the next minute, and its end
