"""Which frames may be shown: told with each drain, each frame once, a suspect one held from the first one on."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from schemas.camera_events import CameraEvent
from schemas.verdicts import CameraVerdict, HeldSpan
from services.aggregate.judgement import Drained, Judgement
from services.aggregate.recomputation import any_revision_of
from tests.aggregate.camera_stories import CAMERA, LEARNED, closed, shown
from tests.aggregate.make_events import CAMERA_ID, frames, make_decision, make_frame, make_shed, ms
from tests.aggregate.scene_looks import covered, dark, frozen, shifted, usual
from tests.aggregate.shown_frames import seconds_shown


def judged(events: Sequence[CameraEvent], judgement: Judgement | None = None, first: int = 0) -> Drained:
    judgement = judgement or Judgement(any_revision_of([CAMERA]))
    for offset, event in enumerate(events, first):
        judgement.apply(event, offset)
    return judgement.drain()


def verdict_on(events: Sequence[CameraEvent]) -> CameraVerdict:
    (verdict,) = judged(closed(events)).verdicts
    return verdict


def held_seconds(verdict: CameraVerdict) -> list[tuple[int, int]]:
    return [((span.from_ms - ms(0)) // 1000, (span.until_ms - ms(0)) // 1000) for span in verdict.held]


def test_frames_without_fault_are_told_in_one_verdict_up_to_the_watermark() -> None:
    (verdict,) = judged(frames(0, 20)).verdicts  # of the last 5 s nothing is known yet
    assert verdict == CameraVerdict(
        camera_id=CAMERA_ID, owner_epoch=1, after_ms=ms(0) - 1, through_ms=ms(13), judged=14
    )


def test_the_next_verdict_goes_on_where_the_one_before_ended_also_after_a_restart() -> None:
    first, other = Judgement(any_revision_of([CAMERA])), Judgement(any_revision_of([CAMERA]))
    blob = judged(frames(0, 20), first).blobs[CAMERA_ID]
    other.load(blob)
    for one in (first, other):
        (verdict,) = judged(frames(20, 30), one, 20).verdicts
        assert (verdict.after_ms, verdict.through_ms, verdict.judged) == (ms(13), ms(23), 10)


def test_a_camera_of_which_no_frame_was_judged_is_not_told() -> None:
    judgement = Judgement(any_revision_of([CAMERA]))
    judged(frames(0, 20), judgement)
    assert judged([make_shed(20)], judgement, 20).verdicts == [
        CameraVerdict(camera_id=CAMERA_ID, owner_epoch=1, after_ms=ms(13), through_ms=ms(14), judged=1)
    ]
    assert judged([make_shed(20, "overload", sequence=21)], judgement, 21).verdicts == []


def test_a_camera_is_held_from_its_first_suspect_frame_and_shown_again_once_suspicion_is_over() -> None:
    passing = shown([*LEARNED, *[covered] * 20, *[usual] * 20])
    assert held_seconds(verdict_on(passing)) == [(90, 115)]  # six seconds without fault end a run


def test_a_picture_that_stays_the_same_is_held_from_the_second_frame_on_and_a_new_one_is_shown() -> None:
    assert held_seconds(verdict_on(shown([*LEARNED, *[frozen] * 5, *[usual] * 5]))) == [(91, 94)]


def test_frames_that_were_shown_before_a_quarantine_reached_back_to_them_are_withdrawn() -> None:
    verdict = verdict_on(shown([*LEARNED, *[frozen] * 70]))
    assert held_seconds(verdict) == [(90, 159)]  # with the first one of the frozen frames, which no other was like
    assert verdict.quarantined_from_ms == ms(90)


@pytest.mark.parametrize("look", [shifted, covered, frozen])
def test_while_a_camera_is_in_quarantine_every_frame_is_held(look: object) -> None:
    verdict = verdict_on(shown([*LEARNED, *[look] * 70, *[usual] * 200]))  # type: ignore[list-item]
    assert held_seconds(verdict) == [(90, 359)]
    assert verdict.quarantined_from_ms == ms(90)


def test_darkness_is_held_while_its_incident_is_open_and_is_no_quarantine() -> None:
    verdict = verdict_on(shown([*LEARNED, *[dark] * 70, *[usual] * 100]))
    assert held_seconds(verdict) == [(90, 218)]
    assert verdict.quarantined_from_ms == 0


def test_a_quarantine_is_told_with_each_drain_also_where_nothing_was_judged_or_another_worker_goes_on() -> None:
    judgement, other = Judgement(any_revision_of([CAMERA])), Judgement(any_revision_of([CAMERA]))
    other.load(judged(closed(shown([*LEARNED, *[shifted] * 70])), judgement).blobs[CAMERA_ID])
    told = CameraVerdict(
        camera_id=CAMERA_ID,
        owner_epoch=1,
        after_ms=ms(159),
        through_ms=ms(159),
        judged=0,
        quarantined_from_ms=ms(90),
    )
    for one in (judgement, other):
        assert one.drain().verdicts == one.drain().verdicts == [told]


def test_a_release_ends_the_hold_and_is_told_even_before_the_next_frame_is_judged() -> None:
    judgement = Judgement(any_revision_of([CAMERA]))
    before = closed(shown([*LEARNED, *[shifted] * 70]))
    judged(before, judgement)
    released = judged([make_decision(159, "quarantine_released"), make_shed(166, sequence=161)], judgement, 161)
    (verdict,) = released.verdicts
    assert (verdict.judged, verdict.held, verdict.quarantined_from_ms) == (0, (), 0)
    (verdict,) = judged(closed(shown([shifted] * 20, first=167)), judgement, 170).verdicts
    assert (verdict.judged, verdict.held, verdict.quarantined_from_ms) == (20, (), 0)


def test_frames_of_a_quarantine_stay_hidden_after_its_release_though_both_came_between_two_drains() -> None:
    story = [
        *shown([*LEARNED, *[frozen] * 70]),
        make_decision(159.5, "quarantine_released"),
        *shown([usual] * 20, first=160),
    ]
    verdict = verdict_on(story)
    assert verdict.quarantined_from_ms == 0
    assert held_seconds(verdict) == [(90, 159)]


def test_a_new_owner_has_a_verdict_of_its_own_that_begins_with_its_first_frame() -> None:
    taken_over = [make_frame(second, owner_epoch=2, sequence=second - 20) for second in range(20, 30)]
    events = [*frames(0, 20), *taken_over, make_shed(35, owner_epoch=2)]
    assert [(one.owner_epoch, one.after_ms, one.through_ms) for one in judged(events).verdicts] == [
        (1, ms(0) - 1, ms(19)),
        (2, ms(20) - 1, ms(29)),
    ]


def test_frames_that_came_too_late_for_their_turn_or_from_a_wrong_clock_or_a_former_owner_are_not_counted() -> None:
    late = make_frame(3, sequence=900)
    skewed = make_frame(15, sequence=901, appended_after_ms=-40_000)
    former = make_frame(21, sequence=902, owner_epoch=0)
    verdict = verdict_on([*frames(0, 20), late, skewed, *frames(20, 30), former])
    assert verdict.judged == 30


def test_what_could_not_be_saved_is_told_again_with_what_was_judged_since() -> None:
    events = closed(shown([*LEARNED, *[covered] * 20, *[usual] * 20]))
    whole, failing = Judgement(any_revision_of([CAMERA])), Judgement(any_revision_of([CAMERA]))
    expected = judged(events, whole).verdicts
    for offset, event in enumerate(events):
        failing.apply(event, offset)
        failing.restore(failing.drain(), rows=False)
    found = failing.drain().verdicts
    assert seconds_shown(found, events) == seconds_shown(expected, events)
    assert [(one.after_ms, one.through_ms, one.judged) for one in found] == [(ms(0) - 1, ms(129), 130)]
    assert found[0].held == (HeldSpan(ms(90), ms(115)),)
