"""What is done on threads does not wait for what it has nothing to do with."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.record.chain import Chains
from services.record.evidence import Evidence
from services.record.filing import Filing
from services.record.key_settings import KeySettings
from services.record.metrics import RECORD_METRICS
from services.record.minute_videos import Asked
from services.record.recording import Recording
from services.record.sealing import Sealer
from services.record.settings import RecordSettings
from services.record.tasks import GivenUpError, Tasks
from services.runtime.camera_registry import CameraRevisions
from services.runtime.metrics import Metrics
from services.runtime.object_store import ObjectStore
from services.runtime.records_at import RecordsAt
from services.runtime.store_settings import StoreSettings
from tests.object_stores import AwayStore
from tests.record.make_minutes import make_asked, make_closed
from tests.webhooks.make_episodes import make_flood


@pytest.fixture
def tasks(folder_store: ObjectStore, tmp_path: Path) -> Iterator[Tasks]:
    tasks = make_tasks(folder_store, tmp_path)
    yield tasks
    tasks.close()


def make_tasks(store: ObjectStore, folder: Path) -> Tasks:
    """Give tasks with one encoder, that try again at once."""
    settings = RecordSettings(encoders=1, backoff_first_seconds=0.05)
    filing, chains = Filing(store, Sealer(KeySettings(sealing_dir=folder))), Chains(store)
    evidence = Evidence(filing, chains, RecordsAt(settings.kafka, "test"), CameraRevisions())
    return Tasks(settings, Recording(filing, chains), evidence, Metrics(RECORD_METRICS), threading.Event())


@pytest.mark.parametrize("is_away_first", [True, False])
def test_what_a_camera_asks_of_a_minute_is_asked_at_each_attempt_to_store_it(
    folder_store: ObjectStore, tmp_path: Path, is_away_first: bool
) -> None:
    store = AwayStore(StoreSettings(url=folder_store.place))
    store.is_away = is_away_first
    asked_while_away: list[bool] = []

    def ask() -> Asked:
        asked_while_away.append(store.is_away)
        if not store.was_asked.is_set():
            store.is_away = True  # before the files are there
        return make_asked()

    tasks = make_tasks(store, tmp_path)
    try:
        stored = tasks.store_minute(make_closed(range(3), range(3)), ask, lambda: True)
        assert store.was_asked.wait(30)
        store.is_away = False
        assert len(stored.result(timeout=30).facts) == 1
    finally:
        tasks.close()
    if is_away_first:
        assert asked_while_away == [False]
    else:
        assert len(asked_while_away) > 1


def test_frames_of_an_episode_do_not_wait_behind_minutes(tasks: Tasks) -> None:
    may_end = threading.Event()

    def wait_until_told() -> bool:
        may_end.wait()
        return False

    minutes = [tasks.store_minute(make_closed(range(3), []), make_asked, wait_until_told) for _ in range(3)]
    try:
        copied = tasks.copy_evidence(make_flood(), dict, lambda: False)
        assert isinstance(copied.exception(timeout=30), GivenUpError)
        assert not any(minute.done() for minute in minutes)
    finally:
        may_end.set()
