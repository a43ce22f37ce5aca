"""Which frames of an episode are copied, and when."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import simplejpeg
from msgspec import UNSET

from schemas.camera_events import FrameCoordinates, make_event_id
from schemas.cameras import Zone
from schemas.episodes import EvidenceFrame
from schemas.frames import FRAME_SCHEMA, FrameHeaders
from schemas.recordings import ChainEntry, EvidenceKept, chain_start
from schemas.topics import FRAMES
from services.record.chain import Chains
from services.record.chain_lines import check_lines, line_of
from services.record.evidence import Evidence, Hidden, evidence_wait, moment_of, named_frames, public_form
from services.record.filing import Filing
from services.record.index_rows import RecordedEvidenceRow, rows_of
from services.record.key_settings import KeySettings
from services.record.sealing import Sealer
from services.runtime.camera_registry import CameraRevisions
from services.runtime.errors import RetryableError
from services.runtime.kafka import ConsumedRecord
from services.runtime.object_store import ObjectStore
from services.runtime.records_at import RecordsAt
from services.runtime.settings import KafkaSettings
from services.runtime.store_settings import StoreSettings
from tests.object_stores import AwayStore
from tests.record.facts import CAMERA, DAY, make_evidence
from tests.record.make_minutes import huge_jpeg, striped_jpeg
from tests.record.recorded_city import make_camera
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


def test_frames_are_copied_once_the_next_one_is_judged() -> None:
    waits = [evidence_wait(5.0, make_camera(CAMERA, sample_fps=fps)) for fps in (25.0, 1.0, 0.25, 0.1, 0.001)]
    assert waits == [5.0, 5.0, 8.0, 14.0, 120.0]
    assert evidence_wait(60.0, make_camera(CAMERA, sample_fps=0.1)) == 60.0


class OneFrame(RecordsAt):
    """Kafka with one frame, until that is deleted."""

    def __init__(self, frame: EvidenceFrame) -> None:
        super().__init__(KafkaSettings(), "test")
        self.is_held = True
        headers = FrameHeaders(
            schema=FRAME_SCHEMA,
            captured_at_ms=frame.captured_at_ms,
            owner_epoch=1,
            sequence=0,
            width=160,
            height=120,
            source_kind="file",
            camera_revision=1,
            ingest_instance="test",
            simulated=True,
        )
        place = frame.frame
        self._record = ConsumedRecord(
            place.topic, place.partition, place.offset, 0, CAMERA.encode(), striped_jpeg(), list(headers.to_kafka())
        )

    def read(self, topic: str, partition: int, offset: int, timeout_seconds: float = 5.0) -> ConsumedRecord | None:
        return self._record if self.is_held else None


@dataclass
class Keeping:
    """An episode of one frame, of a camera that has a private corner since that was captured."""

    store: AwayStore
    keys: KeySettings

    def __post_init__(self) -> None:
        self.kafka = OneFrame(at(1))
        revisions = CameraRevisions()
        revisions.add(make_camera(CAMERA))
        corner = Zone("desk", "private", ((0.0, 0.0), (0.15, 0.0), (0.15, 0.15), (0.0, 0.15)))
        revisions.add(make_camera(CAMERA, revision=2, zones=(corner,)))
        self._evidence = Evidence(Filing(self.store, Sealer(self.keys)), Chains(self.store), self.kafka, revisions)

    def keep(self, hidden: Hidden) -> EvidenceKept:
        """Keep the frame, of which that is hidden."""
        episode = make_flood(camera_id=CAMERA, first=at(1), best=at(1), last=at(1))
        (fact,) = self._evidence.keep(episode, lambda: hidden).facts
        assert isinstance(fact, EvidenceKept)
        return fact


@pytest.fixture
def keeping(folder_store: ObjectStore, tmp_path: Path) -> Keeping:
    return Keeping(AwayStore(StoreSettings(url=folder_store.place)), KeySettings(sealing_dir=tmp_path))


def test_what_is_private_by_the_time_a_frame_is_stored_is_black_in_its_public_form(keeping: Keeping) -> None:
    kept = keeping.keep({1: ()})
    assert kept.withheld is UNSET
    public = kept.files[1]
    picture = simplejpeg.decode_jpeg(keeping.store.get(public.key) or b"", colorspace="GRAY")
    assert picture[2:14, 2:20].mean() < 20
    assert picture[2:14, 40:140].mean() > 70


def test_a_frame_that_kafka_deletes_while_the_store_is_away_is_kept_as_it_may_be_shown_then(keeping: Keeping) -> None:
    keeping.store.is_away = True
    with pytest.raises(RetryableError):
        keeping.keep({1: ()})
    keeping.store.is_away, keeping.kafka.is_held = False, False
    kept = keeping.keep({1: "quarantined"})
    assert (kept.missing, [file.form for file in kept.files], kept.withheld) == ("", ["original"], "quarantined")


def test_a_frame_of_which_nothing_is_known_has_no_public_form(keeping: Keeping) -> None:
    kept = keeping.keep({})
    assert ([file.form for file in kept.files], kept.withheld) == (["original"], "not_judged")
