"""How much time frames observe."""

from __future__ import annotations

from services.aggregate.observation import MINUTE_MS, Observation, Step
from services.aggregate.view import CameraView
from tests.aggregate.make_events import make_camera

ONE_A_SECOND = CameraView(make_camera())
ONE_IN_40_SECONDS = CameraView(make_camera(sample_fps=0.025))


def steps(view: CameraView, *instants_ms: int) -> list[Step]:
    observation = Observation()
    return [observation.advance(instant, view) for instant in instants_ms]


def test_the_first_frame_has_observed_nothing_yet() -> None:
    assert steps(ONE_A_SECOND, 5_000) == [Step(5_000, 5_000, 0, 0, False, False, ())]


def test_a_frame_observes_until_the_next_one() -> None:
    assert [step.observed_ms for step in steps(ONE_A_SECOND, 0, 900, 2_000)] == [0, 900, 1_100]


def test_a_frame_observes_two_periods_at_most() -> None:
    assert steps(ONE_A_SECOND, 0, 10_000)[-1].observed_ms == 2_000
    assert steps(ONE_IN_40_SECONDS, 0, 100_000)[-1].observed_ms == 80_000


def test_a_longer_gap_pauses_the_clock() -> None:
    assert [step.clock_ms for step in steps(ONE_A_SECOND, 0, 1_000, 31_000, 32_000)] == [0, 1_000, 3_000, 4_000]


def test_runs_start_over_after_a_gap_of_more_than_a_minute_or_three_periods() -> None:
    assert [steps(ONE_A_SECOND, 0, gap)[-1].reset for gap in (60_000, 60_001)] == [False, True]
    assert [steps(ONE_IN_40_SECONDS, 0, gap)[-1].reset for gap in (120_000, 120_001)] == [False, True]


def test_half_an_hour_without_a_frame_is_no_data() -> None:
    assert [steps(ONE_A_SECOND, 0, gap)[-1].no_data for gap in (1_799_999, 1_800_000)] == [False, True]


def test_observed_time_is_shared_among_the_minutes_that_it_lies_in() -> None:
    step = steps(ONE_IN_40_SECONDS, 50_000, 200_000)[-1]
    assert step.minutes == ((0, 10_000), (1, 60_000), (2, 10_000))
    assert steps(ONE_A_SECOND, MINUTE_MS - 1_000, MINUTE_MS)[-1].minutes == ((0, 1_000),)


def test_the_clock_is_known_at_each_instant_of_a_step() -> None:
    step = Step(from_ms=1_000, at_ms=9_000, observed_ms=2_000, clock_ms=7_000, reset=False, no_data=False, minutes=())
    assert [step.clock_at(instant) for instant in (0, 1_000, 2_500, 3_000, 9_000)] == [
        5_000,
        5_000,
        6_500,
        7_000,
        7_000,
    ]
