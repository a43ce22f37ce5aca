from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sampling import SampleClock, spread_ratio

PERIODS = st.sampled_from([0.04, 0.1, 1.0, 5.0])
NOWS = st.floats(0, 1e6)


@given(PERIODS, NOWS, st.integers(1, 200))
def test_instants_lie_on_one_grid_without_drift(period: float, now: float, count: int) -> None:
    clock = SampleClock("cam-1", period, now)
    dues = [clock.take() for _ in range(count)]
    assert now - 1e-6 <= dues[0] < now + period + 1e-6
    assert math.isclose(dues[-1] - dues[0], (count - 1) * period, abs_tol=1e-6)


@given(PERIODS, NOWS, st.lists(st.floats(0, 10), min_size=1, max_size=30))
def test_each_instant_is_taken_or_skipped_exactly_once(period: float, now: float, delays: list[float]) -> None:
    clock = SampleClock("cam-1", period, now)
    first = clock.due
    handled = 0
    for delay in delays:
        now += delay
        handled += clock.skip_past(now)
        handled += 1
        now = max(now, clock.take())
    assert math.isclose(clock.due, first + handled * period, rel_tol=1e-9)


@given(PERIODS, NOWS, st.floats(0, 100))
def test_an_instant_whose_period_lasts_is_not_skipped(period: float, now: float, later: float) -> None:
    clock = SampleClock("cam-1", period, now)
    clock.skip_past(now + later)
    assert clock.due > now + later - period - 1e-6
    assert clock.skip_past(now + later) == 0


@given(PERIODS, NOWS, st.lists(st.floats(0, 100), min_size=1, max_size=5))
def test_clocks_of_one_camera_that_follow_each_other_count_each_instant_once(
    period: float, now: float, lives: list[float]
) -> None:
    first = SampleClock("cam-1", period, now).due
    counted = 0
    for life in lives:
        clock = SampleClock("cam-1", period, now)
        counted += clock.skip_past(now + life / 2)
        now += life
        counted += clock.end(now)
    assert math.isclose(SampleClock("cam-1", period, now).due, first + counted * period, rel_tol=1e-9)


def test_cameras_are_spread_evenly_over_the_period_and_stay_where_they_are() -> None:
    ratios = [spread_ratio(f"cam-{number}") for number in range(1_100)]
    counts = [sum(slot / 10 <= ratio < (slot + 1) / 10 for ratio in ratios) for slot in range(10)]
    assert min(counts) > 80
    assert ratios[7] == spread_ratio("cam-7")
