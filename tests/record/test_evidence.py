"""Which frames of an episode are copied, and when."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.camera_events import FrameCoordinates, make_event_id
from schemas.episodes import EvidenceFrame
from schemas.recordings import ChainEntry, chain_start
from schemas.topics import FRAMES
from services.record.chain_lines import check_lines, line_of
from services.record.evidence import moment_of, named_frames, public_form
from services.record.index_rows import RecordedEvidenceRow, rows_of
from tests.record.facts import CAMERA, DAY, make_evidence
from tests.record.make_minutes import huge_jpeg, striped_jpeg
from tests.webhooks.make_episodes import AT_MS, make_flood


def at(second: int) -> EvidenceFrame:
    place = FrameCoordinates(FRAMES.name, 0, second, AT_MS + second * 1000)
    return EvidenceFrame(event_id=make_event_id(second), captured_at_ms=AT_MS + second * 1000, frame=place)


def named(**changes: Any) -> dict[int, tuple[str, ...]]:
    """Give the roles of each frame that is copied, by its second."""
    episode = make_flood(**{"first": at(1), "best": at(2), "last": at(3), **changes})
    return {one.frame.frame.offset: one.roles for one in named_frames(episode)}


def test_the_last_frame_is_copied_at_the_beginning_the_end_and_the_confirmation_alone() -> None:
    assert named(revision=1) == {1: ("first",), 2: ("best",), 3: ("last",)}
    assert named(revision=2) == {1: ("first",), 2: ("best",)}
    assert named(revision=3, phase="ended") == {1: ("first",), 2: ("best",), 3: ("last",)}
    assert named(revision=3, review="confirmed") == {1: ("first",), 2: ("best",), 3: ("last",)}


def test_a_frame_that_is_several_things_is_copied_once() -> None:
    assert named(best=at(1), last=at(1)) == {1: ("first", "best", "last")}


@pytest.mark.parametrize(
    ("changes", "moment"),
    [
        ({"revision": 1}, "opened"),
        ({"revision": 2}, "changed"),
        ({"revision": 2, "phase": "ended"}, "closed"),
        ({"revision": 2, "phase": "ended", "review": "confirmed"}, "confirmed"),
        ({"revision": 1, "phase": "ended", "review": "rejected"}, "closed"),
    ],
)
def test_what_has_happened_to_an_episode(changes: dict[str, Any], moment: str) -> None:
    assert moment_of(make_flood(**changes)) == moment


def test_a_frame_that_claims_to_be_of_the_future_is_not_copied() -> None:
    ahead = msgspec.structs.replace(at(2), captured_at_ms=253_402_300_799_000)
    assert named(best=ahead, last=ahead) == {1: ("first",)}


def test_a_line_from_before_revisions_were_kept_is_still_as_it_was_written() -> None:
    old = make_evidence("ab" * 16, b"frame")
    chain = ChainEntry(camera_id=CAMERA, day=DAY, index=0, previous=chain_start(CAMERA, DAY), at_ms=1, fact=old)
    line, _ = line_of(chain)
    assert b"camera_revision" not in line
    new = msgspec.structs.replace(chain, fact=msgspec.structs.replace(old, camera_revision=7))
    for data, revision in ((line, 0), (line_of(new)[0], 7)):
        checked = check_lines(data, CAMERA, DAY)
        assert checked.fault is None
        (row,) = rows_of(one.entry for one in checked.entries)
        assert isinstance(row, RecordedEvidenceRow)
        assert row.camera_revision == revision


def test_a_frame_that_claims_to_be_huge_or_is_none_has_no_public_form() -> None:
    assert public_form(striped_jpeg(), ()) is not None
    assert public_form(huge_jpeg(), ()) is None
    assert public_form(b"no jpeg", ()) is None
