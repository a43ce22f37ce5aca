"""Which frames are judged when not all can be: the rules one by one, then a simulated detector under loads."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.detect.admission import LOWER_CLASS_RATIO, MOST_CAMERAS, Admission, Verdict, Waiting
from tests.detect.overloaded_detector import STALE_AFTER_MS, Load, Run, simulate

NOW_MS = 1_000_000
PATIENCE_MS = STALE_AFTER_MS * 0.2


def frame(camera: str = "cam", age_ms: int = 0, priority: int = 1, stale_after_ms: int | None = 10_000) -> Waiting:
    return Waiting(camera, NOW_MS - age_ms, stale_after_ms, priority)


def measured(frame_ms: float = 20.0) -> Admission:
    """An admission that knows its rate."""
    admission = Admission()
    admission.served(8, 8 * frame_ms / 1000)
    return admission


def reasons(verdicts: Sequence[Verdict | None]) -> list[str | None]:
    return [None if verdict is None else verdict.reason for verdict in verdicts]


def judged(frames: Sequence[Waiting], admission: Admission) -> list[Waiting]:
    verdicts = admission.decide(frames, NOW_MS)
    return [frame for frame, verdict in zip(frames, verdicts, strict=True) if verdict is None]


def test_what_is_too_old_is_shed_whatever_its_class_and_with_its_age_said() -> None:
    verdicts = measured().decide([frame(age_ms=10_001, priority=0), frame(age_ms=10_000)], NOW_MS)
    assert verdicts[0] == Verdict("stale", "10001 ms in Kafka, at most 10000 ms")
    assert reasons(verdicts)[1] != "stale"


def test_footage_that_never_grows_stale_is_judged_however_much_waits() -> None:
    frames = [frame(age_ms=10**9, stale_after_ms=None)] * 1000
    assert reasons(measured().decide(frames, NOW_MS)) == [None] * 1000


def test_nothing_is_overload_before_the_rate_is_known() -> None:
    assert reasons(Admission().decide([frame(age_ms=9_000)] * 1000, NOW_MS)) == [None] * 1000


def test_a_slow_detector_does_not_begin_with_all_that_waits_and_its_first_full_round_tells_the_rate() -> None:
    """Of a second a frame, 64 frames would take longer than a process may be without a sign of life."""
    admission = Admission(first_frame_ms=1_000.0)
    taken = judged([frame(f"cam-{n}", 200) for n in range(64)], admission)
    assert len(taken) == 1
    admission.served(1, 3.0)
    assert admission.frame_ms == 3_000.0
    admission.served(1, 1.0)
    assert 2_900.0 < (admission.frame_ms or 0.0) < 3_000.0, "from then on it is averaged"


@pytest.mark.parametrize(("age_ms", "is_overload"), [(1_200, False), (1_201, True)])
def test_overload_begins_where_the_last_would_wait_longer_than_a_fifth_of_what_makes_it_stale(
    age_ms: int, is_overload: bool
) -> None:
    frames = [frame(f"cam-{n}", age_ms) for n in range(40)]  # of 20 ms each: 800 ms
    verdicts = measured(20.0).decide(frames, NOW_MS)
    assert ("overload" in reasons(verdicts)) == is_overload


def test_the_urgent_class_comes_first_and_the_lower_one_gets_a_fifth() -> None:
    frames = [frame(f"cam-{n}", 100, priority=n % 2) for n in range(200)]
    taken = judged(frames, measured(20.0))  # a round is a quarter of 2 s: 25 frames
    assert len(taken) == 25
    assert sum(each.priority for each in taken) == 5


@pytest.mark.parametrize("priority", [0, 1])
def test_a_class_that_is_alone_gets_everything(priority: int) -> None:
    assert len(judged([frame(f"cam-{n}", 100, priority) for n in range(200)], measured(20.0))) == 25


def test_the_lower_class_gets_its_fifth_of_rounds_of_a_single_frame_too() -> None:
    admission = measured(400.0)
    frames = [frame(f"cam-{n}", 100, priority=n % 2) for n in range(20)]
    taken = [each for _ in range(50) for each in judged(frames, admission)]
    assert len(taken) == 50
    assert sum(each.priority for each in taken) == 10


def test_of_one_camera_the_newest_frame_is_judged() -> None:
    frames = [frame("cam", age_ms) for age_ms in range(2_000, 0, -20)]
    taken = judged(frames, measured(20.0))
    assert taken == frames[-len(taken) :]
    assert taken


def test_cameras_take_turns_the_one_longest_unserved_first() -> None:
    admission = measured(20.0)
    frames = [frame(f"cam-{n}", 100) for n in range(100)]
    rounds = [{each.camera_id for each in judged(frames, admission)} for _ in range(4)]
    assert sum(map(len, rounds)) == 100
    assert len(set().union(*rounds)) == 100


def test_footage_with_much_patience_is_not_thinned_because_of_cameras_with_little() -> None:
    archive = [frame(f"archive-{n}", 100, stale_after_ms=3_600_000) for n in range(20)]
    live = [frame(f"cam-{n}", 100) for n in range(200)]
    taken = judged([*archive, *live], measured(20.0))
    assert set(archive) < set(taken)
    assert len(taken) < 60


def test_a_verdict_of_overload_says_the_wait_the_seats_and_the_class() -> None:
    verdicts = measured(20.0).decide([frame(f"cam-{n}", 100) for n in range(200)], NOW_MS)
    assert verdicts[0] is None or verdicts[0].reason == "overload"
    details = {verdict.detail for verdict in verdicts if verdict}
    assert details == {
        "4100 ms until the last of the waiting frames would be judged: 25 of 200 taken, this one of class 1 left out"
    }


def test_a_batch_that_is_not_whole_tells_of_the_rate_only_where_it_was_faster() -> None:
    admission = measured(20.0)
    admission.served(1, 0.040)
    assert admission.frame_ms == 20.0
    admission.served(1, 0.010)
    assert admission.frame_ms is not None
    assert admission.frame_ms < 20.0
    admission.served(0, 5.0)
    assert admission.frame_ms < 20.0


def test_small_batches_alone_correct_what_the_warm_up_told_and_the_first_whole_one_replaces_it() -> None:
    """Two cameras in tiles never have eight frames waiting."""
    admission = Admission(first_frame_ms=15.0)
    for _ in range(50):
        admission.served(4, 4 * 0.075)
    assert 70.0 < (admission.frame_ms or 0.0) <= 75.0
    admission.served(8, 8 * 0.060)
    assert admission.frame_ms == 60.0
    admission.served(4, 4 * 0.075)
    assert admission.frame_ms == 60.0


def test_a_detector_too_slow_for_a_whole_batch_in_a_round_is_corrected_by_full_rounds() -> None:
    """Of a throttled detector: at 100 ms a frame a round of 500 ms has five seats, and none ever has eight."""
    admission = measured(100.0)
    for _ in range(60):
        taken = judged([frame(f"cam-{n}", 100) for n in range(100)], admission)
        assert len(taken) < 8
        admission.served(len(taken), len(taken) * 0.3)
    assert admission.frame_ms is not None
    assert admission.frame_ms > 270
    assert judged([frame()], admission) == [frame()]
    before = admission.frame_ms
    admission.served(7, 7.0)
    assert admission.frame_ms == before, "without overload a batch that is not whole tells nothing"


def test_a_process_that_was_halted_does_not_take_that_for_its_rate() -> None:
    admission = measured(20.0)
    admission.served(25, 60.0)
    assert admission.frame_ms is not None
    assert admission.frame_ms < 40.0


def test_cameras_are_forgotten_beyond_a_bound() -> None:
    admission = measured(0.001)
    for start in range(0, 3 * MOST_CAMERAS, MOST_CAMERAS // 4):
        admission.decide([frame(f"cam-{n}") for n in range(start, start + MOST_CAMERAS // 4)], NOW_MS)
    assert len(admission._last_turns) == MOST_CAMERAS


waiting = st.builds(
    Waiting,
    st.sampled_from(["a", "b", "c", "d", "e"]),
    st.integers(NOW_MS - 20_000, NOW_MS + 500),
    st.sampled_from([None, 100, 3_000, 10_000, 3_600_000]),
    st.sampled_from([0, 1]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(waiting, max_size=60), max_size=6), st.floats(0.01, 2_000), st.integers(0, 60))
def test_whatever_waits_each_frame_has_its_verdict_and_the_bounds_hold(
    batches: list[list[Waiting]], frame_ms: float, count: int
) -> None:
    admission = measured(frame_ms)
    for frames in batches:
        verdicts = admission.decide(frames, NOW_MS)
        admission.served(count, count * frame_ms / 1000)
        assert len(verdicts) == len(frames)
        for each, verdict in zip(frames, verdicts, strict=True):
            age_ms = NOW_MS - each.appended_at_ms
            is_stale = each.stale_after_ms is not None and age_ms > each.stale_after_ms
            assert is_stale == (verdict is not None and verdict.reason == "stale")
            assert each.stale_after_ms is not None or verdict is None
        live = [verdict for verdict in verdicts if verdict is None or verdict.reason == "overload"]
        assert not live or any(verdict is None for verdict in live), "overload never sheds all"


@settings(max_examples=200, deadline=None)
@given(st.lists(waiting, min_size=1, max_size=60), st.floats(0.01, 2_000))
def test_among_those_that_contend_no_lower_frame_beyond_its_share_displaces_an_urgent_one(
    frames: list[Waiting], frame_ms: float
) -> None:
    same = [Waiting(each.camera_id, each.appended_at_ms, 10_000, each.priority) for each in frames]
    verdicts = measured(frame_ms).decide(same, NOW_MS)
    taken = [each.priority for each, verdict in zip(same, verdicts, strict=True) if verdict is None]
    urgent_shed = any(
        verdict is not None and verdict.reason == "overload" and each.priority == 0
        for each, verdict in zip(same, verdicts, strict=True)
    )
    if urgent_shed:
        assert sum(taken) <= len(taken) * LOWER_CLASS_RATIO


@pytest.mark.parametrize("load", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("frame_ms", [2.0, 20.0, 100.0])
def test_nothing_is_shed_while_the_detector_keeps_up(load: float, frame_ms: float) -> None:
    run = simulate(Load(load, frame_ms=frame_ms))
    assert run.shed == {}
    assert run.accounted


def check_overload(run: Run, load: Load) -> None:
    """What ADR 13 promises of steady overload, the first seconds left out."""
    assert run.accounted
    assert run.age_ms(0.95) <= PATIENCE_MS
    assert run.age_ms(1.0) <= PATIENCE_MS + 1_000
    assert run.used_ratio >= 0.93, "what is shed could not have been judged"
    urgent_load = load.load * load.urgent / (load.urgent + load.lower)
    due = min(urgent_load, 1 - LOWER_CLASS_RATIO)
    assert run.share_of(0) >= 0.9 * due
    assert run.share_of(1) >= 0.95 * LOWER_CLASS_RATIO


@pytest.mark.parametrize("multiple", [1.5, 3.0, 6.0])
@pytest.mark.parametrize(("urgent", "lower"), [(30, 60), (10, 80), (60, 30)])
def test_under_overload_ages_stay_bounded_classes_keep_their_shares_and_nothing_is_wasted(
    multiple: float, urgent: int, lower: int
) -> None:
    load = Load(multiple, urgent=urgent, lower=lower)
    check_overload(simulate(load), load)


@pytest.mark.parametrize(("frame_ms", "poll_frames"), [(7.0, 512), (50.0, 64), (100.0, 64), (20.0, 128)])
def test_the_promises_hold_of_fast_and_slow_detectors(frame_ms: float, poll_frames: int) -> None:
    load = Load(3.0, frame_ms=frame_ms, poll_frames=poll_frames)
    check_overload(simulate(load), load)


@settings(max_examples=24, deadline=None)
@given(
    st.floats(1.3, 5.0),
    st.one_of(st.floats(8.0, 100.0), st.floats(100.0, 1_000.0)),
    st.integers(5, 60),
    st.integers(20, 80),
    st.floats(0.0, 0.4),
    st.integers(0, 1_000),
)
def test_the_promises_hold_of_any_load_and_of_a_rate_that_varies(
    multiple: float, frame_ms: float, urgent: int, lower: int, jitter_ratio: float, seed: int
) -> None:
    """Above 100 ms a round has fewer than five seats: there the bounds are looser.

    Batches without a frame of the lower class, or that leave the network idle until the next frame, are common then.
    Bounds: the worst of 1,200 draws was 1.86 s, .172 and .94 up to 100 ms, and 2.18 s, .122 and .73 above.
    """
    seconds = max(40, int(frame_ms))
    run = simulate(Load(multiple, frame_ms, urgent, lower, 256, seconds, jitter_ratio=jitter_ratio, seed=seed))
    latest_ms, share, used = (PATIENCE_MS, 0.8, 0.9) if frame_ms <= 100 else (PATIENCE_MS + 500, 0.5, 0.7)
    assert run.accounted
    assert run.age_ms(0.95) <= latest_ms
    assert run.share_of(1) >= share * LOWER_CLASS_RATIO * run.used_ratio
    assert run.used_ratio >= used


def test_the_lower_class_keeps_its_share_where_rounds_without_a_frame_of_it_lie_between() -> None:
    run = simulate(Load(4.03, 366.2, urgent=60, lower=20, seconds=366, seed=142))
    assert run.share_of(1) >= 0.75 * LOWER_CLASS_RATIO * run.used_ratio


def test_the_queue_is_drained_where_a_batch_holds_hardly_more_than_a_round_judges() -> None:
    run = simulate(Load(6.0, poll_frames=64))
    assert run.age_ms(0.95) <= PATIENCE_MS + 500
    assert run.share_of(1) >= 0.95 * LOWER_CLASS_RATIO


def test_no_camera_starves_within_its_class() -> None:
    load = Load(3.0, seconds=120)
    run = simulate(load)
    for priority, cameras, share in ((0, load.urgent, 0.8), (1, load.lower, 0.2)):
        seconds_a_turn = cameras / (share * 1000 / load.frame_ms)
        assert len(run.gaps_ms(priority)) == cameras
        assert max(run.gaps_ms(priority)) <= 5 * seconds_a_turn * 1000


def test_what_waited_during_a_pause_is_over_within_a_patience_or_two() -> None:
    run = simulate(Load(0.8, pause_ms=(20_000, 26_000)))
    late = [at_ms for at_ms, age_ms in run.ages if age_ms > PATIENCE_MS]
    assert late, "the pause is felt"
    assert max(late) <= 26_000 + 2 * PATIENCE_MS
    assert max(run.shed_at_ms) <= 26_000 + 2 * PATIENCE_MS, "and nothing is shed once the queue is gone"
