"""Whatever a camera shows, and wherever its judgement is drained, not saved or killed: one word about each frame."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.camera_events import CameraEvent
from schemas.cameras import Camera
from schemas.verdicts import CameraVerdict
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.judgement import Judgement
from services.aggregate.recomputation import any_revision_of
from tests.aggregate.camera_stories import CAMERA, computed
from tests.aggregate.make_events import CAMERA_ID, ms
from tests.aggregate.shown_frames import seconds_shown
from tests.properties.test_aggregate_order import CAMERAS, SEEDS, stream
from tests.properties.test_camera_incidents import PARTS, Part, events_of


def told_in_pieces(
    events: Sequence[CameraEvent], camera: Camera, data: st.DataObject, most: int = 12
) -> list[CameraVerdict]:
    """Give all verdicts of a judgement that after some events is drained, or not saved, or killed and goes on."""
    places = st.frozensets(st.integers(0, len(events) - 1), max_size=most)
    saved_after, failed_after, killed_after = (data.draw(places) for _ in range(3))
    judgement, told, blob, saved, offset = Judgement(any_revision_of([camera])), [], b"", 0, 0
    while offset < len(events):
        judgement.apply(events[offset], offset)
        if offset in saved_after:
            drained = judgement.drain()
            told += drained.verdicts
            blob, saved = drained.blobs.get(CAMERA_ID, blob), offset + 1
        elif offset in failed_after:
            judgement.restore(judgement.drain(), rows=False)
        elif offset in killed_after:
            killed_after -= {offset}
            judgement, offset = Judgement(any_revision_of([camera])), saved - 1
            if blob:
                judgement.load(blob)
        offset += 1
    return told + judgement.drain().verdicts


def told_at_once(events: Sequence[CameraEvent], camera: Camera) -> list[CameraVerdict]:
    judgement = Judgement(any_revision_of([camera]))
    for offset, event in enumerate(events):
        judgement.apply(event, offset)
    return judgement.drain().verdicts


def judged_by_epoch(verdicts: Sequence[CameraVerdict]) -> dict[int, int]:
    found: dict[int, int] = {}
    for one in verdicts:
        found[one.owner_epoch] = found.get(one.owner_epoch, 0) + one.judged
    return found


def assert_verdicts_follow_each_other(verdicts: Sequence[CameraVerdict]) -> None:
    for former, one in pairwise(verdicts):
        if one.owner_epoch == former.owner_epoch:
            assert one.after_ms == former.through_ms
        else:
            assert one.owner_epoch > former.owner_epoch
            assert former.through_ms <= one.after_ms + 1


@settings(max_examples=20, deadline=None)
@given(PARTS, st.data())
def test_the_frames_that_may_be_shown_are_the_same_wherever_verdicts_are_told(
    parts: list[Part], data: st.DataObject
) -> None:
    events = events_of(parts)
    whole, pieces = told_at_once(events, CAMERA), told_in_pieces(events, CAMERA, data)
    assert seconds_shown(pieces, events) == seconds_shown(whole, events)
    assert judged_by_epoch(pieces) == judged_by_epoch(whole)
    assert_verdicts_follow_each_other(pieces)


@settings(max_examples=12, deadline=None)
@given(SEEDS, st.data())
def test_late_frames_new_owners_and_clocks_that_run_change_nothing_of_that(seed: int, data: st.DataObject) -> None:
    events = stream(seed)
    whole, pieces = told_at_once(events, CAMERAS[0]), told_in_pieces(events, CAMERAS[0], data, most=30)
    assert seconds_shown(pieces, events) == seconds_shown(whole, events)
    assert judged_by_epoch(pieces) == judged_by_epoch(whole)
    assert_verdicts_follow_each_other(pieces)


@settings(max_examples=12, deadline=None)
@given(PARTS)
def test_no_frame_of_a_quarantine_may_be_shown(parts: list[Part]) -> None:
    events = events_of(parts)
    shown = seconds_shown(told_at_once(events, CAMERA), events)
    for row in computed(events[:-1], CAMERA)["episodes"]:
        assert isinstance(row, EpisodeRow)
        ended_at = row.ended_at or 2**62
        assert not [s for s in shown if row.started_at <= ms(s) < ended_at and row.quarantined], row.kind


@settings(max_examples=12, deadline=None)
@given(PARTS, st.integers(1, 40))
def test_the_last_word_says_whether_the_camera_is_in_quarantine_however_often_it_was_drained(
    parts: list[Part], every: int
) -> None:
    events, judgement = events_of(parts), Judgement(any_revision_of([CAMERA]))
    for offset, event in enumerate(events):
        judgement.apply(event, offset)
        if offset % every == 0 or offset == len(events) - 1:
            told = {one.quarantined_from_ms for one in judgement.drain().verdicts if one.quarantined_from_ms}
    quarantined = [
        row
        for row in computed(events[:-1], CAMERA)["episodes"]
        if isinstance(row, EpisodeRow) and row.quarantined and row.phase == "open"
    ]
    assert told == ({min(row.started_at for row in quarantined)} if quarantined else set())
