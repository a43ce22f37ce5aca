"""Files go when their time has come, never without a word in the chain, and never what must stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from msgspec import structs

from schemas.cameras import Camera, Place, Source
from schemas.recordings import (
    HOLD_ENDED_CODEC,
    ChainFact,
    FilesDeleted,
    IndexRange,
    LegalHold,
    MinuteRecorded,
    StoredFile,
    files_of,
)
from schemas.times import DAY_MS
from services.record.chain import Chains
from services.record.holds import end_hold, holds_of, place_hold
from services.record.object_keys import emptied_key
from services.record.retention import ORPHAN_AFTER_MS, Expired, Retention
from services.record.retention_settings import RetentionSettings
from services.record.verdicts_of_episodes import EpisodeVerdict, Verdict
from services.runtime.clock import now_ms
from services.runtime.object_store import ObjectStore, StoredObject
from services.runtime.store_settings import StoreSettings
from tests.record.facts import CAMERA, DAY, MINUTE_MS, NOON_MS, make_evidence, make_file, make_minute

_EPISODE = "ab" * 16
_SETTINGS = RetentionSettings(around_seconds=60)
_SOURCE, _PLACE = Source(kind="snapshot", url="http://camera/x.jpg"), Place("Tembalang", "Sendangmulyo", -7.0, 110.4)
_WEEK = 7


def make_camera(retention_days: int) -> Camera:
    """The camera of the record."""
    return Camera(CAMERA, 1, "Loket", "counter", _PLACE, _SOURCE, retention_days=retention_days)


@dataclass
class Record:
    """A record with one camera, some days later."""

    store: ObjectStore
    episodes: list[EpisodeVerdict] = field(default_factory=list)
    retention_days: int = _WEEK
    now: int = NOON_MS

    def keep(self, facts: Sequence[ChainFact], day: str = DAY) -> list[StoredFile]:
        """Put the files of these facts into the store, and the facts into the chain."""
        files = [file for fact in facts for file in files_of(fact)]
        for file in files:
            self.store.put(file.key, b"some bytes")
        self.chains.append(CAMERA, day, facts)
        return files

    @property
    def chains(self) -> Chains:
        return Chains(self.store, lambda: self.now)

    def after(self, days: float, dry_run: bool = False) -> list[Expired]:
        """Delete what is due so many days after noon."""
        self.now = NOON_MS + int(days * DAY_MS)
        known = {CAMERA: make_camera(self.retention_days)}
        retention = Retention(self.store, self.chains, _SETTINGS, known.get, lambda _: self.episodes)
        return list(retention.run(self.now, dry_run))

    def judged(self, verdict: Verdict, from_minute: int, until_minute: int) -> None:
        """Let a person have judged an episode of these minutes."""
        start, end = (NOON_MS + minute * MINUTE_MS for minute in (from_minute, until_minute))
        self.episodes = [EpisodeVerdict(episode_id=_EPISODE, from_ms=start, until_ms=end, verdict=verdict)]

    def there(self, files: Sequence[StoredFile]) -> list[bool]:
        """Tell of each file whether it is there."""
        return [self.store.size(file.key) is not None for file in files]

    def tombstones(self) -> list[FilesDeleted]:
        """Give those of the chain, which is whole."""
        entries, fault = self.chains.read(CAMERA, DAY)
        assert fault is None
        return [one.entry.fact for one in entries if isinstance(one.entry.fact, FilesDeleted)]


@pytest.fixture
def record(folder_store: ObjectStore) -> Record:
    return Record(folder_store)


def test_minutes_stay_for_the_cameras_days_and_leave_a_tombstone(record: Record) -> None:
    files = record.keep([make_minute(number) for number in range(3)])
    assert record.after(_WEEK - 0.01) == []
    (expired,) = record.after(_WEEK + 1)
    assert [file.key for file in expired.files] == [file.key for file in files]
    assert record.there(files) == [False] * 3
    (tombstone,) = record.tombstones()
    assert tombstone.entries == (IndexRange(0, 2),)
    assert (tombstone.reason, tombstone.kept_days, tombstone.form) == ("retention", _WEEK, "public")


def test_a_dry_run_says_what_would_go_and_changes_nothing(record: Record) -> None:
    files = record.keep([make_minute(0)])
    (expired,) = record.after(30, dry_run=True)
    assert [file.key for file in expired.files] == [file.key for file in files]
    assert record.there(files) == [True]
    assert record.tombstones() == []


def test_originals_go_before_the_public_form(record: Record) -> None:
    minute = make_minute(0)
    original = structs.replace(make_file(CAMERA, NOON_MS, b"sealed", "original"), plain_sha256="0" * 64)
    files = record.keep([structs.replace(minute, files=(*minute.files, original))])
    record.after(4)
    assert record.there(files) == [True, False]
    assert [one.form for one in record.tombstones()] == ["original"]


def test_minutes_around_a_confirmed_episode_stay(record: Record) -> None:
    record.judged("episode_confirmed", 4, 5)
    files = record.keep([make_minute(number) for number in range(10)])
    record.after(30)
    assert record.there(files) == [False, False, True, True, True, True, True, False, False, False]
    (tombstone,) = record.tombstones()
    assert tombstone.entries == (IndexRange(0, 1), IndexRange(7, 9))
    record.after(_SETTINGS.confirmed_days + 1)
    assert record.there(files) == [False] * 10


@pytest.mark.parametrize(
    ("verdict", "days"),
    [
        ("episode_rejected", _SETTINGS.rejected_days),
        ("", _SETTINGS.evidence_days),
        ("episode_confirmed", _SETTINGS.confirmed_days),
    ],
)
def test_frames_of_an_episode_stay_as_long_as_its_verdict_says(record: Record, verdict: Verdict, days: int) -> None:
    record.judged(verdict, 0, 1)
    files = record.keep([make_evidence(_EPISODE, b"frame")])
    record.after(days - 0.01)
    assert record.there(files) == [True]
    record.after(days)
    assert record.there(files) == [False]


@pytest.mark.parametrize("is_there", [True, False])
def test_what_is_of_an_episode_that_clickhouse_does_not_have_stays_as_if_it_were_confirmed(
    record: Record, is_there: bool
) -> None:
    minutes = record.keep([make_minute(number) for number in range(10)])
    first, last = (make_evidence(_EPISODE, b"%d" % number, captured_at_ms=NOON_MS + number) for number in (0, 120_000))
    if not is_there:
        last = structs.replace(last, files=(), missing="Kafka no longer had it")
    frames = record.keep([first, last])
    record.after(_SETTINGS.evidence_days)
    record.after(_SETTINGS.confirmed_days - 0.01)
    assert record.there(minutes) == [True] * 4 + [False] * 6
    assert all(record.there(frames))
    record.after(_SETTINGS.confirmed_days)
    assert not any(record.there([*minutes, *frames]))


def test_an_episode_that_clickhouse_does_not_have_keeps_minutes_of_the_day_before_too(record: Record) -> None:
    midnight_ms = NOON_MS + DAY_MS // 2
    minutes = record.keep([make_minute(number) for number in (717, 718, 719)])
    record.keep([make_evidence(_EPISODE, b"frame", captured_at_ms=midnight_ms)], "2025-11-26")
    record.after(_WEEK + 1)
    assert record.there(minutes) == [False, True, True]


def test_minutes_go_around_frames_of_an_unknown_episode_that_went_before(record: Record) -> None:
    record.judged("episode_rejected", 0, 1)
    record.retention_days = 30
    minutes, frames = record.keep([make_minute(0)]), record.keep([make_evidence(_EPISODE, b"frame")])
    record.after(_SETTINGS.rejected_days)
    assert record.there([*frames, *minutes]) == [False, True]
    record.episodes = []
    record.after(30)
    assert record.there(minutes) == [False]


def test_a_legal_hold_keeps_all_until_it_is_ended(record: Record) -> None:
    files = record.keep([make_minute(0), make_evidence(_EPISODE, b"frame"), make_minute(30)])
    hold = LegalHold(
        camera_id=CAMERA,
        episode_id=_EPISODE,
        from_ms=NOON_MS,
        until_ms=NOON_MS + MINUTE_MS,
        decided_by="Bu Sri",
        reason="police report 12",
        decided_at_ms=NOON_MS,
    )
    place_hold(record.store, hold)
    record.after(5000)
    assert record.there(files) == [True, True, False]
    assert holds_of(record.store, CAMERA) == [hold]
    assert end_hold(record.store, CAMERA, _EPISODE, "Pak Budi", "the case is closed") == hold
    assert end_hold(record.store, CAMERA, _EPISODE, "Pak Budi", "the case is closed") is None
    (kept,) = record.store.list("ended-holds")
    ended = HOLD_ENDED_CODEC.decode(record.store.get(kept.key) or b"")
    assert (ended.hold, ended.ended_by, ended.reason) == (hold, "Pak Budi", "the case is closed")
    record.after(5000)
    assert record.there(files) == [False] * 3


def make_hold(episode_id: str = _EPISODE, from_ms: int = NOON_MS, until_ms: int = NOON_MS) -> LegalHold:
    """A hold of an episode at noon."""
    return LegalHold(
        camera_id=CAMERA,
        episode_id=episode_id,
        from_ms=from_ms,
        until_ms=until_ms,
        decided_by="Bu Sri",
        reason="police report 12",
        decided_at_ms=NOON_MS,
    )


class HoldComes(ObjectStore):
    """A store in which a hold is placed while retention runs: once, when the first minute is deleted."""

    is_placed = False

    def delete(self, *keys: str) -> None:
        super().delete(*keys)
        if any(key.startswith("minutes/") for key in keys) and not self.is_placed:
            self.is_placed = True
            place_hold(self, make_hold(from_ms=NOON_MS + 20 * MINUTE_MS, until_ms=NOON_MS + 20 * MINUTE_MS))


def test_a_hold_that_is_placed_while_files_are_deleted_keeps_those_that_are_still_there(
    folder_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.record.retention.DELETED_AT_ONCE", 2)
    record = Record(HoldComes(StoreSettings(url=folder_store.place)))
    files = record.keep([make_minute(number) for number in (0, 10, 20)])
    (expired,) = record.after(_WEEK + 1)
    assert record.there(files) == [False, False, True]
    assert list(expired.files) == files[:2]
    record.after(_WEEK + 3)
    assert record.there(files) == [False, False, True]
    assert record.store.size(emptied_key(DAY, CAMERA)) is None
    end_hold(record.store, CAMERA, _EPISODE, "Pak Budi", "the case is closed")
    record.after(_WEEK + 3)
    assert record.there(files) == [False] * 3


def test_a_hold_that_can_not_be_read_stops_its_camera_alone(record: Record) -> None:
    files = record.keep([make_minute(0)])
    other = make_minute(0, camera_id="another-camera")
    record.store.put(other.files[0].key, b"some bytes")
    record.chains.append("another-camera", DAY, [other])
    record.store.put(f"holds/{CAMERA}/{_EPISODE}.json", b"{}")
    record.now = NOON_MS + 30 * DAY_MS
    retention = Retention(
        record.store,
        record.chains,
        _SETTINGS,
        lambda one: structs.replace(make_camera(_WEEK), camera_id=one),
        lambda _: [],
    )
    found = list(retention.run(record.now))
    assert [(one.camera_id, bool(one.fault)) for one in found] == [("another-camera", False), (CAMERA, True)]
    assert record.there([*files, *other.files]) == [True, False]


def test_a_frame_that_two_episodes_name_stays_for_the_one_that_is_confirmed(record: Record) -> None:
    record.judged("episode_rejected", 0, 1)
    confirmed = EpisodeVerdict(
        episode_id="cd" * 16, from_ms=NOON_MS, until_ms=NOON_MS + MINUTE_MS, verdict="episode_confirmed"
    )
    record.episodes.append(confirmed)
    rejected, other = record.keep([make_evidence(_EPISODE, b"frame"), make_evidence("cd" * 16, b"frame")])
    assert rejected.key == other.key
    record.after(_SETTINGS.rejected_days)
    record.after(_SETTINGS.rejected_days)
    assert record.there([rejected]) == [True]
    assert [one.reason for one in record.tombstones()] == ["rejected"]
    record.after(_SETTINGS.confirmed_days)
    assert record.there([rejected]) == [False]


def test_what_a_clock_ahead_captured_stays_no_longer_than_the_rest(record: Record) -> None:
    minute = make_minute(2 * 365 * 1440)
    files = record.keep([make_minute(0)])
    record.store.put(minute.files[0].key, b"some bytes")
    record.chains.append(CAMERA, "2027-11-25", [minute])
    record.after(_WEEK + 1)
    assert record.there([*files, *minute.files]) == [False, False]


def test_a_hold_of_an_episode_that_went_on_keeps_what_came_later_too(record: Record) -> None:
    files = record.keep([make_minute(number) for number in (0, 10, 20)])
    place_hold(
        record.store,
        LegalHold(
            camera_id=CAMERA,
            episode_id=_EPISODE,
            from_ms=NOON_MS,
            until_ms=NOON_MS,
            decided_by="Bu Sri",
            reason="police report 12",
            decided_at_ms=NOON_MS,
        ),
    )
    record.judged("", 0, 10)
    record.after(5000)
    assert record.there(files) == [True, True, False]


def test_after_a_kill_between_tombstone_and_deletion_the_files_go_with_one_tombstone(record: Record) -> None:
    files = record.keep([make_minute(0)])
    record.after(_WEEK + 1)
    record.store.put(files[0].key, b"as if it had not been deleted")
    (expired,) = record.after(_WEEK + 1)
    assert expired.tombstones == ()
    assert record.there(files) == [False]
    assert len(record.tombstones()) == 1


def test_files_that_no_entry_names_go_once_they_are_old(record: Record) -> None:
    record.retention_days = 3650
    kept = record.keep([make_minute(0)])
    orphan = make_file(CAMERA, NOON_MS, b"of a worker that came second")
    record.store.put(orphan.key, b"x")
    days_since = (now_ms() - NOON_MS) / DAY_MS
    record.after(days_since)
    assert record.there([orphan]) == [True]
    (expired,) = record.after(days_since + ORPHAN_AFTER_MS / DAY_MS + 1)
    assert expired.orphans == (orphan.key,)
    assert record.there([orphan, *kept]) == [False, True]


def test_a_chain_without_files_is_passed_over_until_it_grows_again(record: Record) -> None:
    record.keep([make_minute(0)])
    record.after(_WEEK + 1)
    assert record.store.size(emptied_key(DAY, CAMERA)) is None
    record.after(_WEEK + 3)
    assert record.store.size(emptied_key(DAY, CAMERA)) == 0
    late = record.keep([make_minute(5)])
    assert record.store.size(emptied_key(DAY, CAMERA)) is None
    record.after(_WEEK + 4)
    assert record.there(late) == [True]
    record.after(2 * _WEEK + 4)
    assert record.there(late) == [False]


def test_of_a_camera_that_nobody_knows_nothing_is_deleted(record: Record) -> None:
    files = record.keep([make_minute(0)])
    retention = Retention(record.store, record.chains, _SETTINGS, lambda _: None, lambda _: [])
    assert list(retention.run(NOON_MS + 5000 * DAY_MS)) == []
    assert record.there(files) == [True]


def test_of_a_broken_chain_nothing_is_deleted_and_of_the_days_beside_it_no_minute(record: Record) -> None:
    files = record.keep([make_minute(0), make_minute(1)])
    (segment,) = record.store.list("chain")
    record.store.put(segment.key, (record.store.get(segment.key) or b"").replace(b"60", b"61", 1))
    files += [*record.keep([make_minute(-1440)], "2025-11-24"), *record.keep([make_minute(1440)], "2025-11-26")]
    assert record.after(30) == []
    assert record.there(files) == [True, True, True, True]
    record.after(_SETTINGS.confirmed_days + 1)
    assert record.there(files) == [True, True, False, False]


def test_what_is_deleted_is_a_minute_and_its_tombstone_follows_it(record: Record) -> None:
    record.keep([make_minute(0)])
    record.after(30)
    facts = [type(one.entry.fact) for one in record.chains.read(CAMERA, DAY).entries]
    assert facts == [MinuteRecorded, FilesDeleted]


class Counted(ObjectStore):
    """A store that counts what it is asked."""

    lists = deletes = 0

    def list(self, prefix: str) -> Iterator[StoredObject]:
        self.lists += 1
        return super().list(prefix)

    def delete(self, *keys: str) -> None:
        self.deletes += 1
        super().delete(*keys)


def test_the_store_is_not_asked_for_each_file(folder_store: ObjectStore) -> None:
    record = Record(Counted(StoreSettings(url=folder_store.place)))
    files = record.keep([make_minute(number) for number in range(200)])
    assert isinstance(record.store, Counted)
    before = record.store.lists, record.store.deletes
    record.after(_WEEK + 1)
    assert not any(record.there(files))
    assert record.store.lists - before[0] < 20
    assert record.store.deletes - before[1] < 5
