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
from services.record.recording import Recording
from services.record.sealing import Sealer
from services.record.settings import RecordSettings
from services.record.tasks import GivenUpError, Tasks
from services.runtime.metrics import Metrics
from services.runtime.object_store import ObjectStore
from services.runtime.records_at import RecordsAt
from tests.record.make_minutes import make_asked, make_closed
from tests.webhooks.make_episodes import make_flood


@pytest.fixture
def tasks(folder_store: ObjectStore, tmp_path: Path) -> Iterator[Tasks]:
    settings = RecordSettings(encoders=1)
    filing, chains = Filing(folder_store, Sealer(KeySettings(sealing_dir=tmp_path))), Chains(folder_store)
    evidence = Evidence(filing, chains, RecordsAt(settings.kafka, "test"))
    tasks = Tasks(settings, Recording(filing, chains), evidence, Metrics(RECORD_METRICS), threading.Event())
    yield tasks
    tasks.close()


def test_frames_of_an_episode_do_not_wait_behind_minutes(tasks: Tasks) -> None:
    may_end = threading.Event()

    def wait_until_told() -> bool:
        may_end.wait()
        return False

    minutes = [tasks.store_minute(make_closed(range(3), []), make_asked(), wait_until_told) for _ in range(3)]
    try:
        copied = tasks.copy_evidence(make_flood(), {}, lambda: False)
        assert isinstance(copied.exception(timeout=30), GivenUpError)
        assert not any(minute.done() for minute in minutes)
    finally:
        may_end.set()
