"""A frame may be shown when it was judged, not held, and its neighbours are known; a quarantine takes it back."""

from __future__ import annotations

import pytest

from schemas.camera_events import FrameCoordinates
from schemas.cameras import Camera
from schemas.topics import FRAMES
from services.privacy.judged_spans import Fate, JudgedSpans
from services.privacy.packing import Facts, unpack_facts
from services.privacy.showable import Showable
from tests.aggregate.make_events import CAMERA_ID, make_camera, make_frame, make_shed, make_status, ms, person
from tests.privacy.make_verdicts import find_camera, make_showable, make_verdict, shown_sequences


def test_a_frame_is_shown_once_judged_and_once_the_next_one_is_known() -> None:
    showable = make_showable()
    showable.take_event(make_frame(0))
    assert showable.take_verdicts(make_verdict(-1, 0)) == []
    showable.take_event(make_frame(1))
    [frame] = showable.collect()
    assert (frame.camera_id, frame.owner_epoch, frame.sequence, frame.captured_at_ms) == (CAMERA_ID, 1, 0, ms(0))
    assert frame.frame == FrameCoordinates(FRAMES.name, 0, 0, ms(0) + 100)
    assert showable.find(CAMERA_ID, 1, 0) == frame
    assert showable.collect() == [], "each is given once"


def test_a_frame_without_a_verdict_is_never_shown() -> None:
    showable = make_showable()
    for second in range(5):
        showable.take_event(make_frame(second))
    assert showable.take_verdicts(make_verdict(-1, 0)) != []
    assert shown_sequences(showable) == [0]


def test_where_all_events_are_read_first_a_verdict_asks_about_no_frames_of_later_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []
    fate_of = JudgedSpans.fate_of

    def counted(spans: JudgedSpans, owner_epoch: int, captured_at_ms: int) -> Fate | None:
        asked.append(captured_at_ms)
        return fate_of(spans, owner_epoch, captured_at_ms)

    monkeypatch.setattr(JudgedSpans, "fate_of", counted)
    showable = make_showable()
    for second in range(60):
        showable.take_event(make_frame(second))
    for second in range(60):
        showable.take_verdicts(make_verdict(second - 1, second))
    assert shown_sequences(showable) == list(range(59))
    assert len(asked) == 120


def test_a_frame_without_detections_is_never_shown() -> None:
    showable = make_showable()
    for event in (make_frame(0), make_shed(1), make_frame(2), make_frame(3)):
        showable.take_event(event)
    showable.take_verdicts(make_verdict(-1, 3, judged=3))
    assert 1 not in shown_sequences(showable)
    assert showable.find(CAMERA_ID, 1, 1) is None


def test_a_lost_neighbour_is_waited_for_until_it_can_no_longer_come() -> None:
    showable = make_showable()
    showable.take_event(make_frame(0))
    showable.take_event(make_frame(1.9, sequence=2))
    assert showable.take_verdicts(make_verdict(-1, 1.9, judged=2)) == []
    showable.take_event(make_frame(2, sequence=3))
    assert [frame.sequence for frame in showable.collect()] == [0]


def test_a_held_frame_is_never_shown_even_if_a_later_verdict_holds_nothing() -> None:
    showable = make_showable()
    for second in range(6):
        showable.take_event(make_frame(second))
    showable.take_verdicts(make_verdict(-1, 3, held=[(1, 2)]))
    showable.take_verdicts(make_verdict(3, 5))
    assert shown_sequences(showable) == [0, 3, 4]


def test_a_quarantine_withdraws_what_was_shown_and_keeps_it_withdrawn_after_the_release() -> None:
    showable = make_showable()
    for second in range(8):
        showable.take_event(make_frame(second))
    assert [frame.sequence for frame in showable.take_verdicts(make_verdict(-1, 3))] == [0, 1, 2, 3]
    assert showable.take_verdicts(make_verdict(3, 4, quarantined_from=2)) == []
    assert showable.standing(CAMERA_ID) == (ms(4), True, ms(2))
    assert showable.find(CAMERA_ID, 1, 2) is None
    assert shown_sequences(showable) == [0, 1]
    showable.take_verdicts(make_verdict(4, 7))
    assert shown_sequences(showable) == [0, 1, 5, 6]
    assert showable.standing(CAMERA_ID) == (ms(7), False, 0)


def test_an_older_verdict_that_comes_again_ends_no_quarantine_and_a_new_ownership_does() -> None:
    showable = make_showable()
    showable.take_verdicts(make_verdict(-1, 3))
    showable.take_verdicts(make_verdict(3, 6, quarantined_from=4))
    showable.take_verdicts(make_verdict(-1, 3))
    assert showable.standing(CAMERA_ID) == (ms(6), True, ms(4))
    showable.take_verdicts(make_verdict(0, 1, epoch=2))
    assert showable.standing(CAMERA_ID) == (ms(6), False, 0), "a clock that was set back doesn't hold it for ever"
    showable.take_verdicts(make_verdict(3, 6, quarantined_from=4))
    assert showable.standing(CAMERA_ID) == (ms(6), False, 0)


def test_a_frame_that_comes_after_its_quarantine_is_not_shown() -> None:
    showable = make_showable()
    for second in (0, 1):
        showable.take_event(make_frame(second))
    showable.take_verdicts(make_verdict(-1, 3))
    showable.take_verdicts(make_verdict(3, 3, judged=0, quarantined_from=1))
    for second in (2, 3, 4, 5):
        showable.take_event(make_frame(second))
    showable.take_verdicts(make_verdict(3, 5))
    assert shown_sequences(showable) == [0, 4]


def test_what_becomes_showable_in_a_quarantine_is_not_given_out() -> None:
    showable = make_showable()
    showable.take_event(make_frame(0))
    showable.take_verdicts(make_verdict(-1, 0))
    showable.take_event(make_frame(1))
    assert showable.take_verdicts(make_verdict(0, 1, quarantined_from=0)) == []


def test_a_frame_that_came_too_late_to_be_judged_is_not_shown() -> None:
    showable = make_showable()
    for second in (0, 1, 3, 4, 5, 6):
        showable.take_event(make_frame(second))
    showable.take_verdicts(make_verdict(-1, 5, judged=5))
    showable.take_event(make_frame(2))
    assert 2 not in shown_sequences(showable)


def test_a_frame_that_came_too_late_takes_no_other_ones_place() -> None:
    showable = make_showable()
    for second in (0, 10, 3, 11, 17):
        showable.take_event(make_frame(second))
    showable.take_verdicts(make_verdict(-1, 11, judged=3))
    assert shown_sequences(showable) == [0, 10, 11]


def test_a_frame_that_claims_to_be_of_the_future_is_not_shown_and_makes_no_other_one_late() -> None:
    showable = make_showable()
    showable.take_event(make_frame(40, sequence=0, appended_after_ms=-31_000))
    for second in (1, 2, 3, 44):
        showable.take_event(make_frame(second))
    showable.take_verdicts(make_verdict(-1, 44, judged=4))
    assert shown_sequences(showable) == [1, 2, 3]


def test_a_span_of_held_frames_that_begins_before_its_verdict_takes_back_what_was_shown() -> None:
    showable = make_showable()
    for second in range(6):
        showable.take_event(make_frame(second))
    showable.take_verdicts(make_verdict(-1, 2))
    assert shown_sequences(showable) == [0, 1, 2]
    showable.take_verdicts(make_verdict(2, 4, held=[(2, 3)]))
    assert shown_sequences(showable) == [0, 1, 4]


def test_frames_of_a_lower_epoch_are_not_taken() -> None:
    showable = make_showable()
    showable.take_event(make_frame(0, owner_epoch=2))
    showable.take_event(make_frame(1, owner_epoch=1))
    showable.take_event(make_frame(2, owner_epoch=2, sequence=1))
    showable.take_verdicts(make_verdict(-1, 2, judged=3, epoch=1))
    showable.take_verdicts(make_verdict(-1, 2, judged=2, epoch=2))
    assert showable.find(CAMERA_ID, 1, 1) is None
    assert [frame.owner_epoch for frame in showable.frames(CAMERA_ID, 0, ms(9))] == [2]


def test_the_last_frame_of_an_epoch_waits_for_none_of_its_own() -> None:
    showable = make_showable()
    showable.take_event(make_frame(0))
    showable.take_event(make_frame(0.5, owner_epoch=2, sequence=0))
    assert len(showable.take_verdicts(make_verdict(-1, 0))) == 1


def test_a_repeated_event_is_shown_once() -> None:
    showable = make_showable()
    for second in (0, 1, 0, 1, 2):
        showable.take_event(make_frame(second))
    assert len(showable.take_verdicts(make_verdict(-1, 2))) == 2
    showable.take_event(make_frame(0))
    showable.take_verdicts(make_verdict(2, 3))
    assert shown_sequences(showable) == [0, 1]


def test_a_repeated_verdict_lets_no_late_frame_through() -> None:
    showable = make_showable()
    for second in (0, 2, 3, 4):
        showable.take_event(make_frame(second))
    for _ in range(2):
        showable.take_verdicts(make_verdict(-1, 3, judged=3))
    showable.take_event(make_frame(1))
    assert 1 not in shown_sequences(showable)


def test_a_frame_of_a_revision_that_is_not_known_waits_for_it() -> None:
    known: dict[int, Camera] = {}
    showable = Showable(lambda _, revision: known.get(revision))
    for second in (0, 1):
        showable.take_event(make_frame(second))
    assert showable.take_verdicts(make_verdict(-1, 1)) == []
    known[1] = make_camera()
    showable.take_event(make_frame(2))
    assert shown_sequences(showable) == [0, 1]


def test_people_seen_in_a_neighbour_are_hidden_too() -> None:
    showable = make_showable()
    for second, people in enumerate(([person(0.5)], [], [person(0.5)], [])):
        showable.take_event(make_frame(second, people))
    shown = showable.take_verdicts(make_verdict(-1, 3))
    assert shown[1].hidden, "one missed detection flashes no face"


def test_faint_people_are_hidden_too() -> None:
    showable = make_showable()
    showable.take_event(make_frame(0, faint=(person(0.5),)))
    showable.take_event(make_frame(1))
    assert showable.take_verdicts(make_verdict(-1, 1))[0].hidden


def test_frames_are_let_go_when_kafka_no_longer_holds_them() -> None:
    showable = Showable(find_camera, keep_ms=10_000)
    for second in range(31):
        showable.take_event(make_frame(second))
        showable.take_verdicts(make_verdict(second - 1, second))
    assert shown_sequences(showable) == list(range(20, 30))
    assert [n for n in range(31) if showable.find(CAMERA_ID, 1, n) is not None] == list(range(20, 30))


def test_a_frame_that_no_verdict_will_speak_of_keeps_none_after_it_in_memory() -> None:
    showable = make_showable()
    for number in range(60):
        showable.take_event(make_frame(number))
        if number > 5:  # the first frames are not judged; then the next epoch's first ones are not
            showable.take_verdicts(make_verdict(number - 1, number))
    for number in range(60, 120):
        showable.take_event(make_frame(number, sequence=number - 60, owner_epoch=2))
        if number > 65:
            showable.take_verdicts(make_verdict(number - 1, number, epoch=2))
    assert len(showable.frames(CAMERA_ID, 0, 1 << 60)) > 100
    assert len(showable._cameras[CAMERA_ID].known) < 20


def test_a_frame_is_found_without_looking_at_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    showable = make_showable()
    for second in range(600):
        showable.take_event(make_frame(second))
    showable.take_verdicts(make_verdict(-1, 599))
    looked_at: list[bytes] = []

    def counted(packed: bytes) -> Facts:
        looked_at.append(packed)
        return unpack_facts(packed)

    monkeypatch.setattr("services.privacy.showable.unpack_facts", counted)
    assert showable.find(CAMERA_ID, 1, 0) is not None
    assert showable.find(CAMERA_ID, 1, 9_999) is None
    assert len(looked_at) <= 1


def test_a_span_of_time_is_given_without_its_end() -> None:
    showable = make_showable()
    for second in range(5):
        showable.take_event(make_frame(second))
    showable.take_verdicts(make_verdict(-1, 4))
    assert [frame.sequence for frame in showable.frames(CAMERA_ID, ms(1), ms(3))] == [1, 2]


@pytest.mark.parametrize("camera_id", [CAMERA_ID, "unknown"])
def test_a_camera_that_no_verdict_spoke_of_is_held(camera_id: str) -> None:
    showable = make_showable()
    showable.take_event(make_frame(0))
    showable.take_event(make_status(1))
    assert showable.standing(camera_id) == (0, True, 0)
    assert showable.frames(camera_id, 0, ms(9)) == []
    assert showable.find(camera_id, 1, 0) is None
