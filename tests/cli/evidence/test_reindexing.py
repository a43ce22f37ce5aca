"""The index is made again from the chains as recorders, quarantines and retention left it, and nothing more is."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import pytest
from click.testing import CliRunner, Result
from clickhouse_connect.driver.client import Client
from msgspec import structs

from schemas.camera_events import FrameCoordinates
from schemas.episodes import CameraIncident, Crossing, EvidenceFrame
from schemas.recordings import ChainFact, FilesDeleted, IndexRange
from schemas.table import Row
from schemas.times import DAY_MS
from schemas.topics import FRAMES
from services.aggregate.episode_rows import episode_row
from services.aggregate.migrate import choose_own_ruleset, known_migrations, migrate
from services.aggregate.row_columns import RULESET
from services.cli.evidence.command import command
from services.record.chain import Chains
from services.record.filing import Filing
from services.record.index import Index, all_rows_between
from services.record.index_rows import ROW_TYPES, RecordedEvidenceRow, RecordedMinuteRow, rows_of
from services.record.indexed_deletion import IndexedChains
from services.record.key_settings import KeySettings
from services.record.minute_videos import MinuteVideos
from services.record.minutes import Missing
from services.record.object_keys import segment_key
from services.record.owned_partition import Withdrawal
from services.record.recording import Recording
from services.record.sealing import Sealer
from services.runtime.clickhouse import connect
from services.runtime.errors import ConfigurationError, RetryableError
from services.runtime.object_store import ObjectStore
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings
from tests.record.facts import CAMERA, DAY, MINUTE_MS, NOON_MS, make_evidence, make_minute
from tests.record.make_minutes import at_ms, make_closed

pytestmark = pytest.mark.integration

QUARANTINED = 4
"""The minute in which a quarantine was seen that began in the one before."""
SINCE_MS = NOON_MS + 3 * MINUTE_MS + 1_500


@dataclass
class City:
    """A camera's record as recorders write it, and its index."""

    store: ObjectStore
    settings: ClickHouseSettings
    client: Client

    def record(self, number: int, **changes: object) -> list[Row]:
        """Record three pictures of a minute, and give the rows for the index."""
        seconds = range(number * 60, number * 60 + 3)
        closed = make_closed(seconds, seconds)._replace(**changes)  # type: ignore[arg-type]
        recording = Recording(Filing(self.store, Sealer(KeySettings())), Chains(self.store, lambda: NOON_MS))
        made = MinuteVideos({"public": b"%d" % number} if closed.shown else {}, len(closed.shown), 0, 1)
        return recording.say(closed, made, recording.keep_files(closed, made)).rows

    def keep(self, *facts: ChainFact) -> list[Row]:
        """Say facts in the chain, and give the rows for the index."""
        return rows_of(one.entry for one in Chains(self.store, lambda: NOON_MS).append(CAMERA, DAY, facts))

    def delete(self, *entries: int) -> None:
        """Say that files of these entries are deleted, as retention does."""
        spans = tuple(IndexRange(one, one) for one in entries)
        fact = FilesDeleted(form="public", entries=spans, reason="retention", kept_days=7, decided_by="retention")
        IndexedChains(self.store, self.settings, lambda: NOON_MS).append(CAMERA, DAY, [fact])

    def index(self, rows: Iterable[Row]) -> None:
        """Write rows, as they are."""
        with closing(RowStore(self.settings)) as store:
            store.write(rows)

    def know(self, *incidents: CameraIncident) -> None:
        """Let ClickHouse know these incidents, and no other."""
        self.client.command("TRUNCATE TABLE episodes")
        with closing(RowStore(self.settings)) as rows:
            rows.write([episode_row(one, 1) for one in incidents])

    def index_and_withdraw(self, rows: list[Row]) -> None:
        """Write rows and mark minutes as a recorder does that sees the quarantine afterwards."""
        with closing(Index(self.settings)) as index:
            index.add(rows, lambda: None)
            index.write()
            assert index.withdraw(Withdrawal(CAMERA, SINCE_MS, NOON_MS + 5 * MINUTE_MS, NOON_MS + 5 * MINUTE_MS)) == 1

    def rows(self) -> list[tuple[object, ...]]:
        """Give what the index has, but for versions."""
        return [structs.astuple(structs.replace(row, version=0)) for row in self.versioned()]

    def versioned(self) -> list[RecordedMinuteRow | RecordedEvidenceRow]:
        """Give what the index has."""
        span = CAMERA, NOON_MS - DAY_MS, NOON_MS + DAY_MS
        minutes = all_rows_between(self.client, RecordedMinuteRow, span)
        frames = all_rows_between(self.client, RecordedEvidenceRow, span)
        return sorted([*minutes, *frames], key=lambda row: (row.TABLE, row.key()))

    def lose(self) -> None:
        """Empty the index."""
        for row_type in ROW_TYPES:
            self.client.command(f"TRUNCATE TABLE {row_type.TABLE}")

    def count(self) -> int:
        """Give how many rows lie there, also those that others have replaced."""
        counts = (self.client.query(f"SELECT count() FROM {one.TABLE}").result_rows for one in ROW_TYPES)
        return sum(int(rows[0][0]) for rows in counts)

    def reindex(self, *arguments: str) -> Result:
        """Run the command."""
        places = ["--store", self.store.place, "--clickhouse", f"127.0.0.1:{self.settings.port}"]
        return CliRunner().invoke(command, ["reindex", *arguments, *places])


@pytest.fixture(scope="module")
def settings(clickhouse_port: int) -> ClickHouseSettings:
    """A database in which aggregate writes."""
    settings = ClickHouseSettings(port=clickhouse_port, database="record_reindexed")
    migrate(settings, known_migrations())
    choose_own_ruleset(settings)
    return settings


@pytest.fixture(scope="module")
def client(settings: ClickHouseSettings) -> Iterator[Client]:
    with closing(connect(settings, settings.database)) as client:
        yield client


@pytest.fixture
def city(
    folder_store: ObjectStore, settings: ClickHouseSettings, client: Client, monkeypatch: pytest.MonkeyPatch
) -> City:
    """Minutes with gaps in and between them, a quarantine, frames, and what retention deleted of both."""
    monkeypatch.setenv("TILIK_AGGREGATE_CLICKHOUSE__DATABASE", settings.database)
    city = City(folder_store, settings, client)
    for table in (one.TABLE for one in ROW_TYPES):
        client.command(f"DROP TABLE IF EXISTS {table}")
    city.know(_quarantine(SINCE_MS))
    rows = [
        *city.record(0),
        *city.record(2, before="lost", withheld={121: "held"}, late=(Missing(at_ms(1), at_ms(59), "lost"),)),
        *city.record(3),
        *city.record(QUARANTINED, shown=[], withheld=dict.fromkeys(range(240, 243), "quarantined")),
        *city.keep(make_evidence("ab" * 16, b"frame"), make_evidence("cd" * 16, b"another")),
    ]
    city.index_and_withdraw(rows)
    city.delete(2, 7)
    return city


def _quarantine(since_ms: int, ended_ms: int = 0, name: str = "9") -> CameraIncident:
    frame = EvidenceFrame(name * 32, since_ms, FrameCoordinates(FRAMES.name, 0, 9, since_ms))
    return CameraIncident(
        episode_id=name * 32,
        camera_id=CAMERA,
        zone_id=None,
        revision=1,
        ruleset=RULESET,
        camera_revision=1,
        phase="ended" if ended_ms else "open",
        review="suspected",
        started_at_ms=since_ms,
        ended_at_ms=ended_ms,
        last_seen_at_ms=since_ms,
        first=frame,
        best=frame,
        last=frame,
        why=(Crossing("moved", 0.9, 0.5, "ratio"),),
        kind="shifted",
        quarantined=True,
    )


def test_an_index_that_was_lost_is_as_before_and_made_once(city: City) -> None:
    before = city.rows()
    told = [(row.gap, row.withdrawn) for row in city.versioned() if isinstance(row, RecordedMinuteRow)]
    assert told == [("", False), ("lost", False), ("deleted", False), ("", True), ("quarantined", False)]
    assert city.reindex().output.splitlines()[-1] == "0 of 7 rows of 1 chains were written", "nothing is lost yet"

    city.lose()
    lost = city.reindex("--dry-run")
    assert (lost.exit_code, city.count()) == (0, 0), lost.output
    assert lost.stdout.splitlines() == [
        f"{DAY} {CAMERA} recorded_minutes: 5 of 5 rows missing, 0 other than the chain says",
        f"{DAY} {CAMERA} recorded_evidence: 2 of 2 rows missing, 0 other than the chain says",
        "7 of 7 rows of 1 chains would be written",
    ]
    assert city.reindex().exit_code == 0
    assert city.rows() == before
    written = city.versioned()
    again = city.reindex("--json")
    assert json.loads(again.stdout) == {
        "chains": 1, "rows": 7, "missing": 0, "different": 0, "refused": 0, "dry_run": False
    }  # fmt: skip
    assert (city.versioned(), city.count()) == (written, 7)


def test_what_a_recorder_could_not_tell_before_it_was_killed_is_added_and_no_more(city: City) -> None:
    before = city.versioned()
    city.record(6)
    answer = city.reindex("--json", "--camera", CAMERA, "--from", DAY, "--to", DAY)
    assert answer.exit_code == 0, answer.output
    table, total = map(json.loads, answer.stdout.splitlines())
    where = {"camera_id": CAMERA, "day": DAY, "table": "recorded_minutes"}
    assert table == {**where, "rows": 7, "missing": 2, "different": 0}
    assert (total["rows"], total["missing"]) == (9, 2)
    added = [row for row in city.versioned() if row not in before]
    assert [(row.minute - NOON_MS, row.gap, row.withdrawn) for row in added if isinstance(row, RecordedMinuteRow)] == [
        (5 * MINUTE_MS, "no_frames", False),
        (6 * MINUTE_MS, "", True),
    ], "the quarantine goes on"


def test_what_an_older_copy_of_clickhouse_says_is_put_right(city: City) -> None:
    before = city.rows()
    rows = rows_of(one.entry for one in Chains(city.store).read(CAMERA, DAY).entries)
    city.lose()
    city.index(rows)
    assert city.rows() != before, "deleted files are named again, and nothing is withdrawn"
    answer = city.reindex()
    assert "0 of 5 rows missing, 2 other" in answer.output
    assert city.rows() == before
    newer = structs.replace(city.versioned()[-1], gap="failed", version=NOON_MS + 7)
    city.index([newer])
    assert "0 of 7 rows" in city.reindex().output, "a recorder that goes on has the last word"


def test_a_withdrawn_minute_stays_so_though_its_incident_is_gone(city: City) -> None:
    before, rows = city.rows(), city.versioned()
    city.know(_quarantine(NOON_MS + QUARANTINED * MINUTE_MS))
    city.lose()
    for row in rows:
        is_older = isinstance(row, RecordedMinuteRow) and row.withdrawn
        city.index([structs.replace(row, camera_revision=9, version=1) if is_older else row])
    assert "0 of 5 rows missing, 1 other" in city.reindex().output, "what it says else is of an older entry"
    assert city.rows() == before


def test_minutes_before_a_quarantine_of_which_clickhouse_knows_nothing_are_not_shown(city: City) -> None:
    for known in ([], [_quarantine(NOON_MS - 7 * DAY_MS, NOON_MS - 6 * DAY_MS)]):
        city.lose()
        city.know(*known)
        answer = city.reindex()
        assert answer.exit_code == 1
        assert f"{DAY} {CAMERA}: nothing of this day is written" in answer.output
        assert f"quarantine at {DAY} 12:04 of which ClickHouse has no incident" in answer.output
        assert city.count() == 0


def test_a_quarantine_that_was_released_while_nobody_judged_is_known(city: City) -> None:
    city.record(5, shown=[], withheld=dict.fromkeys(range(300, 303), "quarantined"))
    city.know(_quarantine(SINCE_MS, NOON_MS + QUARANTINED * MINUTE_MS + 30_000))
    assert city.reindex().exit_code == 0


def test_a_broken_chain_and_the_day_before_it_are_refused_and_the_rest_goes_on(city: City) -> None:
    before = city.rows()
    for day, number in (("2025-11-24", -1440), ("2025-11-26", 1440)):
        Chains(city.store, partial(int, NOON_MS)).append(CAMERA, day, [make_minute(number)])
    first = segment_key(CAMERA, DAY, 0)
    whole = city.store.get(first) or b""
    city.store.put(first, whole.replace(b'"frame_count":3', b'"frame_count":4', 1))
    city.lose()
    answer = city.reindex("--json")
    assert answer.exit_code == 1
    [day_before, refused, written, total] = map(json.loads, answer.stdout.splitlines())
    assert (written["day"], written["missing"], total["refused"]) == ("2025-11-26", 1, 2)
    assert (refused["day"], day_before["day"]) == (DAY, "2025-11-24")
    assert refused["fault"].startswith("its chain is broken at entry 0: the line is not what its hash says")
    assert day_before["fault"].startswith(f"the chain of {DAY} is broken at entry 0"), "it may tell of a quarantine"
    assert city.count() == 1
    city.store.put(first, whole)
    assert city.reindex("--from", DAY).exit_code == 0
    assert city.rows() == before


def test_a_file_that_retention_deletes_meanwhile_is_not_named(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(RowStore):
        deleted = False

        def write(self, rows: Iterable[Row]) -> dict[str, int]:
            if not Slow.deleted:
                Slow.deleted = True
                city.delete(0)  # its row is not in the index yet, so retention marks none
            return super().write(rows)

    city.lose()
    monkeypatch.setattr("services.record.reindexing.RowStore", Slow)
    assert city.reindex().exit_code == 0
    first = next(row for row in city.versioned() if isinstance(row, RecordedMinuteRow))
    assert (first.minute, first.object_key, first.gap) == (NOON_MS, "", "deleted")
    assert "0 of 7 rows" in city.reindex().output


def test_that_clickhouse_is_away_is_said_in_a_word(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setattr(city, "settings", city.settings.model_copy(update={"port": port}))
    answer = city.reindex()
    assert isinstance(answer.exception, RetryableError)
    assert str(answer.exception) == f"ClickHouse at 127.0.0.1:{port} can't be reached"


def test_a_camera_or_days_without_a_chain_are_told(city: City) -> None:
    for asked in (("--camera", "kamera-lain"), ("--from", "2025-11-26")):
        answer = city.reindex(*asked)
        assert isinstance(answer.exception, ConfigurationError)
        assert "has no chain" in str(answer.exception)
    assert city.reindex("--from", "2025-11-26", "--to", DAY).exit_code == 2
