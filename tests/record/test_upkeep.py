"""Upkeep makes roots and deletes, by the worker whose turn it is, and goes on after a failure."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from schemas.kept_periods import KEPT_PERIODS_CODEC, KEPT_PERIODS_KEY, KeptPeriods
from schemas.recordings import GapNoted, day_of, files_of
from schemas.times import DAY_MS
from services.record.chain import Chains
from services.record.confirmed_clock import ConfirmedClock
from services.record.key_settings import KeySettings
from services.record.metrics import RECORD_METRICS
from services.record.object_keys import emptied_key, hold_key
from services.record.retention import Retention
from services.record.retention_settings import RetentionSettings
from services.record.roots import end_of_day_ms, rooted_days
from services.record.signing import Signer
from services.record.upkeep import Upkeep
from services.record.verdicts_of_episodes import EpisodeVerdict
from services.runtime.clock import now_ms
from services.runtime.errors import ConfigurationError, RetryableError
from services.runtime.metrics import Metrics
from services.runtime.object_store import ObjectStore
from services.runtime.store_settings import StoreSettings
from tests.record.facts import CAMERA, DAY, MINUTE_MS, NOON_MS, make_minute
from tests.record.test_retention import make_camera


class Days:
    """A record whose days pass; ClickHouse may be away."""

    def __init__(self, store: ObjectStore, folder: Path, **retention: int) -> None:
        self.now = NOON_MS
        self.is_away = False
        self.is_mine = True
        self.asked = 0
        self.metrics = Metrics(RECORD_METRICS)
        self.clock = ConfirmedClock(lambda: self.now)
        self.chains = Chains(store, self.clock.of_kafka)
        self.upkeep = Upkeep(
            Retention(store, self.chains, RetentionSettings(**retention), lambda _: make_camera(7), self._episodes),
            KeySettings(signing_key_file=folder / "signing.pem"),
            lambda: self.is_mine,
            self.metrics,
            self.clock,
            self.chains,
        )
        minute = make_minute(0)
        store.put(files_of(minute)[0].key, b"some bytes")
        self.chains.append(CAMERA, DAY, [minute])

    def _episodes(self, _: str) -> list[EpisodeVerdict]:
        self.asked += 1
        if self.is_away:
            raise RetryableError("ClickHouse is away")
        return []

    def metric(self, name: str) -> float:
        """Give a metric that has no labels."""
        lines = self.metrics.exposition().decode().splitlines()
        (value,) = (line.split()[1] for line in lines if line.startswith(f"{name} "))
        return float(value)

    def pass_days(self, days: int) -> None:
        """Let days pass, note that the camera sends nothing, then have a round."""
        self.now += days * DAY_MS
        silent = GapNoted(from_ms=self.now - MINUTE_MS, until_ms=self.now, reason="no_frames")
        self.chains.append(CAMERA, day_of(self.now), [silent])
        self.upkeep.round()


def _live_through(store: ObjectStore, folder: Path) -> None:
    days = Days(store, folder)
    days.pass_days(0)
    assert rooted_days(store) == []
    assert (folder / "signing.pem").exists() == store.is_bucket
    days.pass_days(1)
    assert rooted_days(store) == [DAY]
    assert list(store.list("minutes"))
    days.pass_days(7)
    assert not list(store.list("minutes"))
    assert "tilik_record_deleted_total 1.0" in days.metrics.exposition().decode()
    assert rooted_days(store) == [DAY, "2025-11-26"]
    days.pass_days(2)
    assert rooted_days(store) == [DAY, "2025-11-26", "2025-12-03"]  # the last: on which the tombstone came
    assert [one.key for one in store.list("emptied")] == [emptied_key(day, CAMERA) for day in (DAY, "2025-11-26")]


def test_ended_days_are_rooted_and_files_that_are_due_go(folder_store: ObjectStore, tmp_path: Path) -> None:
    _live_through(folder_store, tmp_path)


@pytest.mark.integration
def test_days_are_rooted_and_files_go_on_s3_too(s3_server: StoreSettings, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="each host needs a copy"):
        Days(ObjectStore(s3_server.model_copy(update={"url": f"{s3_server.url}/no-key"})), tmp_path).pass_days(1)
    Signer.open(tmp_path / "signing.pem")
    _live_through(ObjectStore(s3_server.model_copy(update={"url": f"{s3_server.url}/upkeep"})), tmp_path)


def test_how_long_what_is_kept_is_said_beside_it_as_the_recorder_is_set(
    folder_store: ObjectStore, tmp_path: Path
) -> None:
    days = Days(folder_store, tmp_path)
    days.is_mine = False
    days.pass_days(0)
    assert folder_store.get(KEPT_PERIODS_KEY) is None
    days.is_mine = True
    days.pass_days(0)
    assert KEPT_PERIODS_CODEC.decode(folder_store.get(KEPT_PERIODS_KEY) or b"") == KeptPeriods()
    Days(folder_store, tmp_path, evidence_days=30).pass_days(0)
    assert KEPT_PERIODS_CODEC.decode(folder_store.get(KEPT_PERIODS_KEY) or b"") == KeptPeriods(evidence_days=30)


def test_a_clock_that_runs_far_ahead_neither_signs_nor_deletes(folder_store: ObjectStore, tmp_path: Path) -> None:
    days = Days(folder_store, tmp_path)
    days.now = now_ms()  # the store says when it took the entry, by a clock that is right
    with pytest.raises(RetryableError, match="clock is ahead"):
        days.pass_days(30)
    assert rooted_days(folder_store) == []
    assert list(folder_store.list("minutes"))
    days.now = now_ms()
    days.pass_days(0)
    assert rooted_days(folder_store) == [DAY]


def test_a_clock_that_jumped_while_files_were_written_by_it_deletes_nothing_early(
    folder_store: ObjectStore, tmp_path: Path
) -> None:
    days = Days(folder_store, tmp_path)
    for path in (tmp_path / "record").rglob("*.jsonl"):
        os.utime(path, ((NOON_MS + 30 * DAY_MS) / 1000,) * 2)
    days.now += 30 * DAY_MS
    with pytest.raises(RetryableError, match="2025-11-25 05:00 UTC, or this host's clock is ahead"):
        days.upkeep.round()  # it was just started, and has seen no frame
    days.clock.take(NOON_MS)
    days.upkeep.round()
    assert rooted_days(folder_store) == []
    assert list(folder_store.list("minutes"))


def test_what_failed_is_done_in_the_next_round_and_what_was_done_is_not(
    folder_store: ObjectStore, tmp_path: Path
) -> None:
    days = Days(folder_store, tmp_path)
    days.is_away = True
    with pytest.raises(RetryableError):
        days.pass_days(9)
    days.is_away = False
    days.upkeep.round()
    days.upkeep.round()
    assert days.asked == 2
    assert not list(folder_store.list("minutes"))


class LongDeletion(ObjectStore):
    """A store in which it takes six hours to delete a minute. ``roots`` are the days that had one before each."""

    days: Days
    roots: list[list[str]]

    def delete(self, *keys: str) -> None:
        super().delete(*keys)
        if any(key.startswith("minutes/") for key in keys):
            self.roots.append(rooted_days(self))
            self.days.now += 6 * 3_600_000


def test_deletion_that_takes_hours_does_not_hold_up_the_root_of_the_day(
    folder_store: ObjectStore, tmp_path: Path
) -> None:
    store = LongDeletion(StoreSettings(url=folder_store.place))
    store.roots, store.days = [], Days(store, tmp_path)
    days = store.days
    other = make_minute(0, camera_id="another-camera")
    store.put(files_of(other)[0].key, b"some bytes")
    days.chains.append("another-camera", DAY, [other])
    yesterday, days.now = "2025-12-02", NOON_MS + 7 * DAY_MS
    days.chains.append(CAMERA, yesterday, [GapNoted(from_ms=days.now, until_ms=days.now + 1, reason="lost")])
    days.now = end_of_day_ms(yesterday) + 2 * MINUTE_MS
    days.upkeep.round()
    assert store.roots == [[DAY], [DAY, yesterday]]
    assert days.metric("tilik_record_roots_due") == 0


def test_who_loses_its_turn_before_it_signs_says_nothing_of_roots(folder_store: ObjectStore, tmp_path: Path) -> None:
    days = Days(ObjectStore(StoreSettings(url=folder_store.place)), tmp_path)
    (tmp_path / "signing.pem").write_bytes(b"no key")
    with pytest.raises(ConfigurationError):
        days.pass_days(1)
    assert days.metric("tilik_record_roots_due") == 1
    days.is_mine = False
    days.upkeep.round()
    assert days.metric("tilik_record_roots_due") == 0


def test_a_chain_that_was_tampered_with_is_told_until_it_is_as_it_was(
    folder_store: ObjectStore, tmp_path: Path
) -> None:
    days = Days(folder_store, tmp_path)
    (segment,) = folder_store.list("chain")
    written = folder_store.get(segment.key) or b""
    folder_store.put(segment.key, written.replace(b'"frame_count":', b'"frame_count" :'))
    days.pass_days(1)
    assert days.metric("tilik_record_broken_chains") == 1
    folder_store.put(segment.key, written)
    days.upkeep.round()
    assert days.metric("tilik_record_broken_chains") == 0


def test_a_hold_that_can_not_be_read_is_told_and_tried_again_in_the_next_round(
    folder_store: ObjectStore, tmp_path: Path
) -> None:
    days = Days(folder_store, tmp_path)
    key = hold_key(CAMERA, "ab" * 16)
    folder_store.put(key, b"no hold")
    days.pass_days(9)
    days.upkeep.round()
    assert days.metric("tilik_record_holds_unreadable_total") == 2
    assert list(folder_store.list("minutes"))
    folder_store.delete(key)
    days.upkeep.round()
    days.upkeep.round()
    assert not list(folder_store.list("minutes"))
    assert days.metric("tilik_record_holds_unreadable_total") == 2
