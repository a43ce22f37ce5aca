"""What retention deletes leaves the index too: a row says that its file was deleted, and names none that is gone."""

from __future__ import annotations

import pytest

from schemas.recordings import ChainFact, files_of
from schemas.times import DAY_MS
from services.record.index import Index, rows_between
from services.record.index_rows import DELETED, RecordedEvidenceRow, RecordedMinuteRow, rows_of
from services.record.indexed_deletion import IndexedChains
from services.record.retention import Retention
from services.record.retention_settings import RetentionSettings
from services.record.verdicts_of_episodes import EpisodeVerdict
from services.runtime.clickhouse import connect
from services.runtime.errors import RetryableError
from services.runtime.object_store import ObjectStore
from services.runtime.settings import ClickHouseSettings
from tests.record.facts import CAMERA, DAY, NOON_MS, make_evidence, make_minute
from tests.record.test_retention import make_camera

pytestmark = pytest.mark.integration

LATER_MS = NOON_MS + 10 * DAY_MS
UNJUDGED = EpisodeVerdict(episode_id="ab" * 16, from_ms=NOON_MS, until_ms=NOON_MS, verdict="")


@pytest.fixture
def index(clickhouse_port: int) -> ClickHouseSettings:
    return ClickHouseSettings(port=clickhouse_port, database="record_deleted")


def retention(store: ObjectStore, index: ClickHouseSettings) -> Retention:
    chains = IndexedChains(store, index, lambda: LATER_MS)
    return Retention(store, chains, RetentionSettings(), lambda _: make_camera(7), lambda _: [UNJUDGED])


def test_rows_of_what_is_deleted_say_so_and_others_stay(folder_store: ObjectStore, index: ClickHouseSettings) -> None:
    facts: list[ChainFact] = [make_minute(0), make_minute(1), make_evidence(UNJUDGED.episode_id, b"frame")]
    linked = IndexedChains(folder_store, index, lambda: NOON_MS).append(CAMERA, DAY, facts)
    for file in (file for fact in facts for file in files_of(fact)):
        folder_store.put(file.key, b"some bytes")
    rows = rows_of(one.entry for one in linked)
    written = Index(index)
    written.add(rows, lambda: None)
    written.write()
    written.close()

    away = index.model_copy(update={"port": 1})
    with pytest.raises(RetryableError):
        list(retention(folder_store, away).run(LATER_MS))
    assert len(list(retention(folder_store, index).run(LATER_MS))) == 1, "it is done again, and then whole"

    span = CAMERA, NOON_MS - DAY_MS, NOON_MS + DAY_MS
    assert rows_between(index, RecordedMinuteRow, span) == []
    frames = rows_between(index, RecordedEvidenceRow, span)
    assert [one.object_key for one in frames] == [
        row.object_key for row in rows if isinstance(row, RecordedEvidenceRow)
    ]
    client = connect(index, index.database)
    told = client.query("SELECT gap, object_key, sha256, frames FROM recorded_minutes FINAL").result_rows
    client.close()
    assert [tuple(one) for one in told] == [(DELETED, "", "", 60)] * 2
