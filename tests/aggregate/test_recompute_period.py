"""A period is judged as the whole history would be, as far as its warm-up reaches."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.camera_events import CameraEvent
from schemas.cameras import Camera
from schemas.table import Row
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.recomputation import NewestRows, any_revision_of, recompute
from services.aggregate.recompute_period import ALL_TABLES, JUDGED_TABLES, CameraStart, Period, PeriodJudgement
from services.aggregate.row_columns import RULESET
from services.aggregate.rows import CameraMinuteRow, CounterMinuteRow
from tests.aggregate.make_events import (
    counter_camera,
    frames,
    lasting,
    make_decision,
    make_frame,
    make_status,
    ms,
    parking_camera,
    person,
    vehicle,
)

Tables = dict[str, list[Row]]


def judged(
    events: Sequence[CameraEvent], camera: Camera, period: Period, ruleset: str = RULESET, drain_every: int = 50
) -> Tables:
    judgement = PeriodJudgement(any_revision_of([camera]), period, ruleset, ALL_TABLES)
    newest = NewestRows()
    for number, event in enumerate(events):
        judgement.take(event, number)
        if number % drain_every == 0:
            newest.add(judgement.drain())
    newest.add(judgement.drain())
    return newest.sorted()


def minutes_of(tables: Tables, table: str) -> list[int]:
    return [(row.minute - ms(0)) // 60_000 for row in tables[table]]  # type: ignore[attr-defined]


def test_without_a_period_the_rows_are_those_of_the_live_judgement() -> None:
    events = frames(0, 400, [person(0.2), vehicle(0.3)])
    camera = parking_camera()
    assert lasting(judged(events, camera, Period())) == lasting(recompute(events, [camera]))


def test_rows_of_the_period_are_as_in_the_whole_and_none_of_the_warm_up_is_written() -> None:
    events = [make_frame(n, [person(0.2)] if n % 7 else [person(0.8)]) for n in range(600)]
    camera = counter_camera()
    whole = lasting(recompute(events, [camera]))
    part = judged(events, camera, Period(ms(300), ms(420), 120_000))
    assert minutes_of(part, CounterMinuteRow.TABLE) == [5, 6]
    for table in (CounterMinuteRow.TABLE, CameraMinuteRow.TABLE):
        wanted = [row for row in whole[table] if ms(300) <= row["minute"] < ms(420)]
        assert lasting(part)[table] == wanted, table


def test_frames_from_before_the_reading_have_not_expired() -> None:
    part = judged(frames(0, 300), counter_camera(), Period(ms(120), ms(180), 0))
    (row,) = part[CameraMinuteRow.TABLE]
    assert isinstance(row, CameraMinuteRow)
    assert (row.frames, row.expired) == (60, 0)


def test_a_mask_from_before_the_reading_still_holds() -> None:
    corner = ((0.0, 0.4), (0.4, 0.4), (0.4, 0.8), (0.0, 0.8))
    events = [*frames(0, 30), make_decision(20, "static_object_masked", mask=corner), *frames(30, 300, [person(0.2)])]
    part = judged(events, counter_camera(), Period(ms(120), ms(180), 0))
    (row,) = part[CounterMinuteRow.TABLE]
    assert isinstance(row, CounterMinuteRow)
    assert row.queue_max == 0


def test_of_dry_references_from_before_the_reading_the_last_one_is_taken_over() -> None:
    start = CameraStart("loket-1")
    for offset, seconds in ((3, 10), (5, 20)):
        start.pass_over(make_decision(seconds, "dry_reference_approved"), offset)
    start.pass_over(make_decision(30, "quarantine_released"), 6)
    start.pass_over(make_decision(5, "static_object_masked", mask=((0.0, 0.0), (0.1, 0.0), (0.1, 0.1))), 4)
    assert [(offset, one.decision) for offset, one in start.decisions] == [
        (4, "static_object_masked"),
        (5, "dry_reference_approved"),
    ]


def test_what_is_open_at_the_end_is_followed_until_it_ends() -> None:
    camera = parking_camera()
    events = [*frames(0, 600, [vehicle(0.3)]), *frames(600, 8000)]
    part = judged(events, camera, Period(ms(0), ms(420), 0))
    (case,) = part[EpisodeRow.TABLE]
    assert isinstance(case, EpisodeRow)
    assert case.phase == "ended"
    assert lasting(part)[EpisodeRow.TABLE] == lasting(recompute(events, [camera]))[EpisodeRow.TABLE]
    assert minutes_of(part, CameraMinuteRow.TABLE) == list(range(7))


def test_a_frame_that_comes_late_amends_the_last_minute_also_after_the_period() -> None:
    late = make_frame(59, sequence=59)
    events: list[CameraEvent] = [*frames(0, 59), *frames(60, 600), late, *frames(601, 700)]
    (row,) = judged(events, counter_camera(), Period(ms(0), ms(60), 0))[CameraMinuteRow.TABLE]
    assert isinstance(row, CameraMinuteRow)
    assert (row.detected, row.late) == (60, 1)


def test_an_episode_that_began_in_the_warm_up_is_written_if_it_lasts() -> None:
    events = [*frames(0, 500, [vehicle(0.3)]), *frames(500, 6000)]
    part = judged(events, parking_camera(), Period(ms(360), ms(420), 360_000))
    assert len(part[EpisodeRow.TABLE]) == 1
    assert not judged(events, parking_camera(), Period(ms(960), ms(1200), 960_000))[EpisodeRow.TABLE]


def test_the_end_does_not_depend_on_when_rows_are_drained() -> None:
    events = [*frames(0, 600, [vehicle(0.3)]), *frames(600, 9000)]
    period = Period(ms(0), ms(420), 0)
    often, seldom = (lasting(judged(events, parking_camera(), period, drain_every=n)) for n in (1, 5_000))
    assert {table: often[table] for table in JUDGED_TABLES} == {table: seldom[table] for table in JUDGED_TABLES}


def test_judged_rows_get_the_name_of_the_ruleset_and_keep_all_else() -> None:
    events = [*frames(0, 400, [vehicle(0.3)]), make_status(401)]
    live, other = (judged(events, parking_camera(), Period(), name) for name in (RULESET, "trial"))
    for table in JUDGED_TABLES:
        assert other[table] == [msgspec.structs.replace(row, ruleset="trial") for row in live[table]], table


def test_late_frames_from_before_the_reading_are_read_once_it_has_begun() -> None:
    late = make_frame(119, [person(0.2)], sequence=119)
    events: list[CameraEvent] = [*frames(0, 119), *frames(120, 123), late, *frames(123, 300)]
    (row,) = judged(events, counter_camera(), Period(ms(120), ms(180), 0))[CameraMinuteRow.TABLE]
    assert isinstance(row, CameraMinuteRow)
    assert (row.frames, row.expired) == (60, 0)
    assert not judged([*frames(0, 119), late], counter_camera(), Period(ms(120), ms(180), 0))[CameraMinuteRow.TABLE]


def test_a_frame_of_a_wrong_clock_counts_when_kafka_took_it() -> None:
    ahead = make_frame(9_000_000, sequence=130, appended_after_ms=-(9_000_000 - 130) * 1000)
    events: list[CameraEvent] = [*frames(0, 130), ahead, *frames(131, 300)]
    (row,) = judged(events, counter_camera(), Period(ms(120), ms(180), 60_000))[CameraMinuteRow.TABLE]
    assert isinstance(row, CameraMinuteRow)
    assert (row.frames, row.clock_skewed, row.expired) == (60, 1, 0)


def test_a_judgement_that_is_suspended_and_resumed_gives_the_same_rows() -> None:
    camera = parking_camera()
    events = [*frames(0, 600, [vehicle(0.3)]), *frames(600, 8000)]
    period = Period(ms(120), ms(420), 60_000)
    newest, judgement = NewestRows(), PeriodJudgement(any_revision_of([camera]), period, "trial", JUDGED_TABLES)
    for number, event in enumerate(events):
        judgement.take(event, number)
        if number % 190 == 189 and number > 60:
            rows, suspended = judgement.suspend("loket-1")
            newest.add(rows)
            judgement = PeriodJudgement(any_revision_of([camera]), period, "trial", JUDGED_TABLES)
            if suspended is None:
                break  # over: nothing has changed any more
            judgement.resume("loket-1", suspended)
    newest.add(judgement.drain())
    whole = judged(events, camera, period, "trial")
    assert lasting(newest.sorted()) == {t: lasting(whole)[t] if t in JUDGED_TABLES else [] for t in whole}
    assert len(whole[EpisodeRow.TABLE]) == 1
