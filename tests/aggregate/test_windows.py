"""When minutes and epochs are let go, and what is held until the next drain."""

from __future__ import annotations

from schemas.camera_events import CameraEvent
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.judgement import Judgement
from services.aggregate.recomputation import any_revision_of
from services.aggregate.rows import CameraMinuteRow, CounterMinuteRow, ParkingStayRow
from services.aggregate.state import CameraState, decode_state
from tests.aggregate.make_events import (
    CAMERA_ID,
    START_MS,
    counter_camera,
    every_day,
    frames,
    make_camera,
    make_frame,
    make_shed,
    make_status,
    ms,
    parking_camera,
    rows_of,
    vehicle,
)

MINUTE = START_MS // 60_000


def state_after(*events: CameraEvent) -> CameraState:
    judgement = Judgement(any_revision_of([make_camera()]))
    for offset, event in enumerate(events):
        judgement.apply(event, offset)
    return decode_state(judgement.drain().blobs[CAMERA_ID])


def test_a_minute_is_let_go_an_hour_after_its_end_by_the_watermark() -> None:
    assert MINUTE in state_after(make_frame(0, sequence=0), make_frame(3_664.9, sequence=1)).minutes
    after_it = [make_frame(n, sequence=1 + i) for i, n in enumerate((3_665, 3_671, 3_731))]
    assert MINUTE not in state_after(make_frame(0, sequence=0), *after_it).minutes


def test_a_minute_takes_late_frames_for_an_hour_after_its_end_by_the_watermark() -> None:
    assert state_after(make_frame(0, sequence=0), make_frame(3_664.9, sequence=1)).oldest_minute <= MINUTE
    assert state_after(make_frame(0, sequence=0), make_frame(3_665, sequence=1)).oldest_minute == MINUTE + 1


def test_the_last_row_of_a_minute_that_is_let_go_is_not_lost() -> None:
    judgement = Judgement(any_revision_of([make_camera()]))
    for offset, event in enumerate((make_frame(0, sequence=0), make_frame(9_000, sequence=1))):
        judgement.apply(event, offset)
    minutes = [row.key()[1] for row in judgement.drain().rows["camera_minutes"]]
    assert sorted(minutes) == [ms(0), ms(9_000)]


def test_frames_of_minutes_that_were_let_go_are_settled() -> None:
    later = [make_frame(n, sequence=5 + i) for i, n in enumerate((9_000, 9_006, 9_066))]
    (ledger,) = state_after(make_shed(0, sequence=0), make_frame(1, sequence=3), *later).epochs
    assert (ledger.floor, ledger.shed, [(gap.start, gap.end) for gap in ledger.gaps]) == (4, {}, [(4, 5)])


def test_a_minute_that_only_a_wrong_clock_reached_goes_by_the_clock_of_kafka() -> None:
    skewed = make_frame(90_000, sequence=1, appended_after_ms=-80_000_000)  # taken by Kafka at 10,000 s
    ahead = START_MS // 60_000 + 166
    year_ms = 31_536_000_000
    old = [make_frame(n, sequence=2 + n, appended_after_ms=year_ms) for n in range(2)]
    assert ahead in state_after(make_frame(0, sequence=0), skewed).minutes
    assert ahead not in state_after(make_frame(0, sequence=0), skewed, *old).minutes


def test_the_minute_before_an_outage_of_hours_keeps_what_its_last_frame_observed() -> None:
    camera = counter_camera()
    events = [*frames(0, 60), *[make_frame(9_000 + n, sequence=60 + n) for n in range(130)]]
    assert rows_of(CameraMinuteRow, events, camera)[0].observed_s == 60.0
    assert rows_of(CounterMinuteRow, events, camera)[0].observed_s == 60.0
    judgement = Judgement(any_revision_of([camera]))
    for offset, event in enumerate(events):
        judgement.apply(event, offset)
    assert MINUTE not in decode_state(judgement.drain().blobs[CAMERA_ID]).minutes


def test_the_ledger_of_an_epoch_whose_frames_are_all_too_late_stays_empty() -> None:
    old = [make_shed(n, sequence=2 * n, owner_epoch=2) for n in range(300)]
    state = state_after(make_frame(0, sequence=0), make_frame(9_000, sequence=1), *old)
    (ledger,) = [ledger for ledger in state.epochs if ledger.epoch == 2]
    assert (ledger.top, ledger.floor, ledger.gaps, ledger.shed) == (599, 599, [], {})


def test_an_epoch_is_let_go_after_an_hour_of_silence_once_there_is_a_newer_one() -> None:
    def epochs(*events: CameraEvent) -> list[int]:
        return [ledger.epoch for ledger in state_after(*events).epochs]

    overtaken = (make_status(0, 5), make_status(3_700, 5, epoch=2))
    assert epochs(*overtaken) == [1, 2]  # frames of the first may still be on their way
    assert epochs(*overtaken, make_status(3_770, 6, epoch=2)) == [2]
    assert epochs(make_status(0, 5), make_status(3_500, 5, epoch=2)) == [1, 2]
    assert epochs(make_status(0, 5), make_status(9_000, 5)) == [1]


def test_the_counters_of_an_epoch_that_is_let_go_are_not_lost() -> None:
    judgement = Judgement(any_revision_of([make_camera()]))
    for offset, event in enumerate((make_status(0, 5), make_status(3_700, 7, epoch=2), make_status(3_770, 7, epoch=2))):
        judgement.apply(event, offset)
    counters = {row.owner_epoch: row.captured for row in judgement.drain().rows["capture_counters"]}  # type: ignore[attr-defined]
    assert counters == {1: 5, 2: 7}


def test_a_frame_of_an_epoch_that_was_let_go_is_still_accounted_for() -> None:
    judgement = Judgement(any_revision_of([make_camera()]))
    statuses = [make_status(0, 5), make_status(3_700, 7, epoch=2), make_status(3_770, 7, epoch=2)]
    events: list[CameraEvent] = [*statuses, make_frame(1, sequence=4)]
    for offset, event in enumerate(events):
        judgement.apply(event, offset)
    outcomes = judgement.drain().rows["frame_outcomes"]
    assert [(row.sequence, row.outcome) for row in outcomes] == [(4, "detected")]  # type: ignore[attr-defined]


def test_of_several_publications_under_one_event_only_the_last_is_drained() -> None:
    """A jump of the watermark lets several waiting frames be judged under one offset, hence under one version."""
    revisions = {1: parking_camera(), 2: parking_camera(revision=2, timetable=every_day("07:00", "20:00"))}
    judgement = Judgement(lambda _, revision: revisions[revision])
    for n in range(360):
        judgement.apply(make_frame(n, [vehicle(0.3)]), n)
    judgement.apply(make_frame(360, [vehicle(0.3)]), 360)  # the first sight in a minute: published
    judgement.apply(make_frame(361, [vehicle(0.3)], camera_revision=2), 361)  # another zone: published as ended
    judgement.drain()
    judgement.apply(make_frame(400, sequence=362), 362)
    drained = judgement.drain()
    for table in (EpisodeRow.TABLE, ParkingStayRow.TABLE):
        assert [row.ended_because for row in drained.rows[table]] == ["rule_changed"]  # type: ignore[attr-defined]
