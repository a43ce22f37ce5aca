"""What is read of a partition, what is due of it, and what may be committed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from schemas.camera_events import Decision, make_event_id
from schemas.episodes import Episode, EvidenceFrame
from schemas.verdicts import CameraVerdict, HeldSpan, SceneVerdicts
from services.record.companions import NAMED_MS, Told
from services.record.owned_partition import Committed, OwnedPartition, Withdrawal, own
from tests.record.facts import CAMERA, NOON_MS
from tests.record.make_minutes import WAITS, Clock, at_ms, make_found, make_held
from tests.record.recorded_city import EPOCH, make_camera
from tests.webhooks.make_episodes import make_flood

CLOCK = Clock()


@pytest.fixture
def owned() -> OwnedPartition:
    return own(3, Committed(frames=100, episodes=7), lambda *_: make_camera(CAMERA), WAITS, CLOCK)


def tell(owned: OwnedPartition, *episodes: Episode, offset: int = 7) -> None:
    for number, episode in enumerate(episodes):
        owned.take(Told(3, offset + number, episode))


def test_frames_that_are_missing_between_what_was_committed_and_what_comes_are_counted(owned: OwnedPartition) -> None:
    assert owned.take_offset(100) == 0
    assert owned.take_offset(105) == 4
    assert own(3, Committed(), lambda *_: None, WAITS, CLOCK).take_offset(40) == 0, "a new group begins anywhere"


def test_offsets_follow_what_is_stored(owned: OwnedPartition) -> None:
    assert (owned.to_commit().frames, owned.to_commit().episodes) == (100, 7)
    for offset in (100, 101):
        owned.take_offset(offset)
    owned.minutes.take_frame(CAMERA, make_held(0)._replace(offset=101))
    tell(owned, make_flood("a"), make_flood("b"))
    assert (owned.to_commit().frames, owned.to_commit().episodes) == (101, 7)
    assert owned.due_episode(after(0.0), 0.0) is not None
    owned.episode_copied()
    assert owned.to_commit().episodes == 7, "the index does not have the first one yet"
    assert owned.due_episode(after(0.0), 0.0) == make_flood("b"), "which keeps the next one from nothing"
    owned.episode_indexed()
    assert owned.to_commit().episodes == 8


def test_one_episode_is_copied_at_a_time_each_after_its_wait(owned: OwnedPartition) -> None:
    tell(owned, make_flood("a"), make_flood("b"))
    owned.caught_up = True
    assert owned.due_episode(after(5.0), 300.0) is None
    CLOCK.now += 5.0
    assert owned.due_episode(after(5.0), 300.0) == make_flood("a")
    assert owned.due_episode(after(5.0), 300.0) is None, "one is being copied"
    owned.episode_copied()
    assert owned.due_episode(after(5.0), 300.0) == make_flood("b")


def test_frames_are_copied_once_it_is_known_what_may_be_shown_or_after_the_longest_wait(owned: OwnedPartition) -> None:
    tell(owned, make_flood("a"), make_flood("b"))
    CLOCK.now += 5.0
    assert owned.due_episode(after(5.0), 300.0) is None, "the events of before the restart are still being read"
    owned.caught_up = True
    assert owned.due_episode(after(5.0), 300.0) == make_flood("a")
    owned.episode_copied()
    owned.caught_up = False
    CLOCK.now += 295.0
    assert owned.due_episode(after(5.0), 300.0) == make_flood("b")


def test_a_message_that_names_no_other_frames_than_former_ones_waits_for_nothing(owned: OwnedPartition) -> None:
    flood = make_flood("a", best=seen_at(1))
    tell(owned, flood, msgspec.structs.replace(flood, revision=2), make_flood("b"))
    tell(owned, make_flood("a", revision=3, best=seen_at(2)), offset=10)
    assert [(one.offset, one.episode.revision) for one in owned.episodes] == [(7, 1), (9, 1), (10, 3)]
    for _ in range(3):
        assert owned.due_episode(after(0.0), 0.0) is not None
        owned.episode_copied()
        owned.episode_indexed()
    tell(owned, make_flood("a", revision=4), offset=11)
    assert owned.to_commit().episodes == 12


def test_an_episode_of_before_a_restart_is_copied_when_it_is_confirmed_and_not_before(owned: OwnedPartition) -> None:
    flood = make_flood("a")
    tell(owned, flood, offset=3)
    assert (len(owned.episodes), owned.to_commit().episodes) == (0, 7)
    owned.take(Told(3, 901, decide("episode_confirmed", flood)))
    assert [(one.offset, one.episode.review) for one in owned.episodes] == [(7, "confirmed")]


def test_an_episode_that_a_person_confirms_is_copied_once_more(owned: OwnedPartition) -> None:
    flood = make_flood("a")
    tell(owned, flood)
    owned.take(Told(3, 900, decide("episode_rejected", flood)))
    owned.take(Told(3, 901, decide("episode_confirmed", flood)))
    owned.take(Told(3, 902, decide("episode_confirmed", make_flood("unknown"))))
    assert len(owned.episodes) == 1, "its last frame is still that of its opening"
    tell(owned, msgspec.structs.replace(flood, revision=2, last=seen_at(9)), offset=8)
    owned.take(Told(3, 903, decide("episode_confirmed", flood)))
    assert [(one.offset, one.episode.review) for one in owned.episodes] == [(7, "suspected"), (9, "confirmed")]


def test_a_quarantine_is_told_once_and_again_after_it_has_ended(owned: OwnedPartition) -> None:
    for from_second in (10, 10, None, 70):
        owned.take(Told(3, 1, quarantined_since(from_second)))
    assert owned.withdrawals == [
        Withdrawal(CAMERA, at_ms(10), NOON_MS, NOON_MS),
        Withdrawal(CAMERA, at_ms(70), NOON_MS, NOON_MS),
    ]


def test_a_quarantine_withdraws_as_far_as_the_camera_was_judged_under_any_ownership(owned: OwnedPartition) -> None:
    (told,) = quarantined_since(1).cameras
    former = msgspec.structs.replace(told, owner_epoch=EPOCH - 1, through_ms=at_ms(90), quarantined_from_ms=0)
    owned.take(Told(3, 1, SceneVerdicts(at_ms=NOON_MS, cameras=(former,))))
    both = (msgspec.structs.replace(told, through_ms=at_ms(60)), msgspec.structs.replace(told, through_ms=at_ms(95)))
    owned.take(Told(3, 2, SceneVerdicts(at_ms=NOON_MS, cameras=both[:1])))
    assert owned.withdrawals == [Withdrawal(CAMERA, at_ms(1), at_ms(90), NOON_MS)]
    owned.withdrawals.clear()
    owned.take(Told(3, 3, SceneVerdicts(at_ms=NOON_MS, cameras=(former,))))
    owned.take(Told(3, 4, SceneVerdicts(at_ms=NOON_MS, cameras=both)))
    assert [one.through_ms for one in owned.withdrawals] == [at_ms(95)], "one that is told with it counts too"


def test_what_is_hidden_in_the_frames_of_an_episode_is_given_where_they_may_be_shown(owned: OwnedPartition) -> None:
    for second in range(4):
        owned.take(Told(3, second, make_found(second)))
    verdict = CameraVerdict(camera_id=CAMERA, owner_epoch=EPOCH, after_ms=0, through_ms=at_ms(3), judged=4)
    owned.take(Told(3, 9, SceneVerdicts(at_ms=NOON_MS, cameras=(verdict,))))
    seen = seen_at(1)
    owned.caught_up = True
    tell(owned, make_flood(camera_id=CAMERA, first=seen, best=seen, last=seen))
    assert owned.due_episode(after(0.0), 300.0) is not None
    boxes = owned.hidden[1]
    assert isinstance(boxes, tuple)
    assert boxes
    owned.take(Told(3, 10, quarantined_since(2)))
    assert owned.hidden == {1: boxes}, "what was captured before may still be shown"
    owned.take(Told(3, 11, quarantined_since(1)))
    assert owned.hidden == {1: "quarantined"}


def after(seconds: float) -> Callable[[Episode], float]:
    return lambda _: seconds


def seen_at(second: int) -> EvidenceFrame:
    frame = make_found(second)
    return EvidenceFrame(event_id=frame.event_id, captured_at_ms=frame.captured_at_ms, frame=frame.frame)


def test_of_a_frame_that_may_not_be_shown_it_is_told_why(owned: OwnedPartition) -> None:
    for second in range(8):
        owned.take(Told(3, second, make_found(second)))
    held = (HeldSpan(at_ms(1), at_ms(1)),)
    verdict = CameraVerdict(camera_id=CAMERA, owner_epoch=EPOCH, after_ms=0, through_ms=at_ms(7), judged=8, held=held)
    owned.take(Told(3, 9, SceneVerdicts(at_ms=NOON_MS, cameras=(verdict,))))
    tell(owned, make_flood(camera_id=CAMERA, first=seen_at(1), best=seen_at(4), last=seen_at(7)))
    assert owned.due_episode(after(0.0), 0.0) is not None
    assert [one if isinstance(one, str) else "shown" for one in owned.hidden.values()] == [
        "held",
        "shown",
        "not_judged",
    ]


def test_a_frame_of_before_what_was_read_of_events_has_no_public_form(owned: OwnedPartition) -> None:
    for second in range(4):
        owned.take(Told(3, second, make_found(second)))
    verdict = CameraVerdict(camera_id=CAMERA, owner_epoch=EPOCH, after_ms=0, through_ms=at_ms(3), judged=4)
    owned.take(Told(3, 9, SceneVerdicts(at_ms=NOON_MS, cameras=(verdict,))))
    owned.first_frame_ms = seen_at(1).frame.appended_at_ms + NAMED_MS
    tell(owned, make_flood(camera_id=CAMERA, first=seen_at(0), best=seen_at(1), last=seen_at(1)))
    assert owned.due_episode(after(0.0), 0.0) is not None
    assert owned.hidden[0] == "not_judged"
    assert isinstance(owned.hidden[1], tuple)


def test_an_episode_of_a_slow_camera_keeps_no_other_one_waiting(owned: OwnedPartition) -> None:
    owned.caught_up = True
    slow, fast = make_flood("a", camera_id="slow"), make_flood("b")
    tell(owned, slow, fast)
    CLOCK.now += 5.0
    assert owned.due_episode(lambda one: 14.0 if one.camera_id == "slow" else 5.0, 300.0) == fast
    owned.episode_copied()
    owned.episode_indexed()
    assert owned.to_commit().episodes == 7
    CLOCK.now += 9.0
    assert owned.due_episode(after(14.0), 300.0) == slow


def decide(decision: str, episode: Episode) -> Decision:
    return Decision(
        event_id=make_event_id(decision, episode.episode_id),
        camera_id=CAMERA,
        decided_at_ms=NOON_MS,
        decided_by="Sri",
        decision=decision,  # type: ignore[arg-type]
        reason="seen",
        episode_id=episode.episode_id,
    )


def quarantined_since(second: int | None) -> SceneVerdicts:
    verdict = CameraVerdict(
        camera_id=CAMERA,
        owner_epoch=EPOCH,
        after_ms=0,
        through_ms=NOON_MS,
        judged=0,
        quarantined_from_ms=0 if second is None else at_ms(second),
    )
    return SceneVerdicts(at_ms=NOON_MS, cameras=(verdict,))
