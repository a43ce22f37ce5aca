from __future__ import annotations

import pytest

from services.cli.bench.measuring.arrivals import Arrival, Continuity, continuity

WINDOW = (100.0, 110.0)


def of_times(*times: float) -> Continuity:
    return continuity([Arrival(0, at, 10) for at in times], 1, WINDOW, 1.0)


def beats(first: float, last: float) -> list[float]:
    return [first + n for n in range(round(last - first) + 1)]


@pytest.mark.parametrize("phase", [0.0, 0.3, 0.5, 0.999])
def test_a_steady_camera_loses_nothing_wherever_its_beat_lies(phase: float) -> None:
    assert of_times(*beats(95 + phase, 112 + phase)) == Continuity(10, 0, 0, 100)


def test_jitter_is_neither_late_nor_lost() -> None:
    times = [at + (0.3 if n % 2 else -0.15) for n, at in enumerate(beats(95.5, 112.5))]
    assert (of_times(*times).late, of_times(*times).lost) == (0, 0)


def test_frames_that_are_missing_are_lost_whether_the_next_is_early_or_late() -> None:
    for jitter in (-0.2, 0.0, 0.2):
        times = [at for at in beats(95.5, 112.5) if at not in (103.5, 104.5)]
        times[times.index(105.5)] += jitter
        assert of_times(*times) == Continuity(8, 0, 2, 80)


def test_a_frame_that_comes_with_the_next_one_is_late_and_not_lost() -> None:
    times = [at if at != 103.5 else 104.3 for at in beats(95.5, 112.5)]
    assert of_times(*times) == Continuity(10, 1, 0, 100)


def test_a_silent_camera_has_lost_everything_and_one_that_ends_the_rest() -> None:
    assert of_times() == Continuity(0, 0, 10, 0)
    assert of_times(*beats(95.5, 105.5)) == Continuity(6, 0, 4, 60)
    assert of_times(*beats(103.5, 112.5)).lost == 3


def test_a_beat_that_moves_by_half_a_period_is_late_once_and_loses_nothing() -> None:
    times = [at if at < 104 else at + 0.6 for at in beats(95.5, 112.5)]
    assert (of_times(*times).late, of_times(*times).lost) == (1, 0)


def test_cameras_are_judged_apart() -> None:
    arrivals = [Arrival(0, at, 10) for at in beats(95.5, 112.5)] + [Arrival(1, at, 20) for at in beats(95.5, 101.5)]
    assert continuity(arrivals, 3, WINDOW, 1.0) == Continuity(12, 0, 18, 140)
