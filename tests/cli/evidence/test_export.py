"""``tilik evidence export``, ``hold`` and ``retention`` on ClickHouse, Kafka and a record."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec import structs

from schemas.camera_events import Decision, FrameCoordinates, make_event_id
from schemas.episodes import CameraIncident, CounterEpisode, Crossing, EvidenceFrame
from schemas.recordings import day_of
from schemas.times import DAY_MS
from schemas.topics import FRAMES
from services.aggregate.episode_rows import episode_row
from services.aggregate.event_rows import decision_row, detections_row
from services.aggregate.migrate import choose_own_ruleset, known_migrations, migrate
from services.aggregate.registry_rows import camera_row
from services.aggregate.row_columns import RULESET
from services.cli.cameras import publish
from services.cli.evidence.archive import unpack
from services.cli.evidence.checking import check_package
from services.cli.evidence.command import command
from services.record.chain import Chains
from services.record.holds import holds_of
from services.record.index import rows_between
from services.record.index_rows import RecordedMinuteRow, rows_of
from services.record.index_tables import ensure_tables
from services.record.verdicts_of_episodes import verdicts_of
from services.runtime.clickhouse import connect
from services.runtime.errors import ConfigurationError, RetryableError
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from tests.aggregate.make_events import START_MS, make_camera, make_frame
from tests.cli.evidence.recorded_case import EPISODE, MINUTES, Case, make_case
from tests.record.facts import CAMERA, MINUTE_MS, NOON_MS

WHO = ("--by", "Sri Wahyuni", "--why", "laporan warga 112")


def _episode() -> CounterEpisode:
    frames = [EvidenceFrame(f"{n:032x}", NOON_MS, FrameCoordinates(FRAMES.name, 0, n, NOON_MS)) for n in (1, 2, 3)]
    return CounterEpisode(
        episode_id=EPISODE,
        camera_id=CAMERA,
        zone_id="queue-1",
        revision=3,
        ruleset="1",
        camera_revision=1,
        phase="ended",
        review="suspected",
        started_at_ms=NOON_MS + MINUTE_MS,
        last_seen_at_ms=NOON_MS + 2 * MINUTE_MS,
        ended_at_ms=NOON_MS + 2 * MINUTE_MS,
        ended_because="cleared",
        first=frames[0],
        best=frames[1],
        last=frames[2],
        why=(Crossing("staff_absence", 125.0, 120.0, "s"),),
        kind="unattended",
    )


def _incident(since_ms: int) -> CameraIncident:
    frame = EvidenceFrame("9" * 32, since_ms, FrameCoordinates(FRAMES.name, 0, 9, since_ms))
    return CameraIncident(
        episode_id="9" * 32,
        camera_id=CAMERA,
        zone_id=None,
        revision=1,
        ruleset=RULESET,
        camera_revision=1,
        phase="open",
        review="suspected",
        started_at_ms=since_ms,
        last_seen_at_ms=since_ms,
        first=frame,
        best=frame,
        last=frame,
        why=(Crossing("brightness", 12.0, 25.0, "of 255"),),
        kind="dark",
        quarantined=False,
    )


def _withdrawn_row(number: int) -> RecordedMinuteRow:
    return RecordedMinuteRow(
        camera_id=CAMERA,
        minute=NOON_MS + number * MINUTE_MS,
        form="public",
        object_key="minutes/x.mp4",
        bytes=1,
        sha256="0" * 64,
        frames=60,
        first_at=NOON_MS,
        last_at=NOON_MS,
        gap="",
        camera_revision=1,
        private_revision=1,
        withdrawn=True,
        simulated=False,
        version=1,
    )


@dataclass
class City:
    """A record, its database and registry, and the command line in front of them."""

    case: Case
    clickhouse: ClickHouseSettings
    bootstrap: str

    def run(self, name: str, *arguments: str) -> Result:
        """Run a subcommand."""
        places = ["--store", self.case.store.place, "--clickhouse", f"127.0.0.1:{self.clickhouse.port}"]
        if name == "retention":
            places += ["--bootstrap", self.bootstrap]
        return CliRunner().invoke(command, [name, *arguments, *places])


@pytest.fixture(scope="module")
def clickhouse(kafka: KafkaSettings, clickhouse_port: int) -> ClickHouseSettings:
    """A database and a registry with a confirmed episode of a camera."""
    settings = ClickHouseSettings(port=clickhouse_port, database="evidence_export")
    migrate(settings, known_migrations())
    camera = structs.replace(make_camera(camera_id=CAMERA), record=True, retention_days=7)
    decision = Decision(
        event_id=make_event_id("evidence export"),
        camera_id=CAMERA,
        decided_at_ms=NOON_MS + 60 * MINUTE_MS,
        decided_by="Sri Wahyuni",
        decision="episode_confirmed",
        reason="petugas tidak di tempat",
        episode_id=EPISODE,
    )
    frame = make_frame((NOON_MS - START_MS) / 1000 + 70, camera_id=CAMERA)
    rows = RowStore(settings)
    rows.write([episode_row(_episode(), 7), camera_row(camera), decision_row(decision, 0, 8), detections_row(frame, 9)])
    ensure_tables(settings)
    rows.write([_withdrawn_row(MINUTES - 1)])
    rows.close()
    publish(kafka, [camera])
    return settings


@pytest.fixture
def city(kafka: KafkaSettings, clickhouse: ClickHouseSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> City:
    """That episode with its record."""
    monkeypatch.setenv("TILIK_RECORD_KEYS__SIGNING_KEY_FILE", str(tmp_path / "signing.pem"))
    monkeypatch.setenv("TILIK_RECORD_KEYS__SEALING_DIR", str(tmp_path / "sealing"))
    monkeypatch.setenv("TILIK_AGGREGATE_CLICKHOUSE__DATABASE", clickhouse.database)
    return City(make_case(tmp_path), clickhouse, kafka.bootstrap_servers)


@pytest.mark.integration
def test_an_episode_becomes_one_file_that_is_whole(city: City, tmp_path: Path) -> None:
    out = tmp_path / "case.zip"
    answer = city.run("export", EPISODE[:6], "--out", str(out), *WHO)
    assert answer.exit_code == 0, answer.output
    assert f"2 frames, {MINUTES - 1} minutes, 8 entries" in answer.output
    assert "it was withdrawn: the camera was in quarantine" in answer.output
    manifest, findings = check_package(out.read_bytes(), city.case.key)
    assert findings.wrong == []
    assert manifest is not None
    assert (manifest.made_by, manifest.reason) == ("Sri Wahyuni", "laporan warga 112")
    contents = unpack(out.read_bytes()).contents
    assert {"rows/episodes.jsonl", "rows/decisions.jsonl", "rows/cameras.jsonl", "rows/detections.jsonl"} <= set(
        contents
    )
    assert "dibenarkan petugas" in contents["report.html"].decode()
    assert isinstance(city.run("export", EPISODE, "--out", str(out), *WHO).exception, ConfigurationError)


@pytest.mark.integration
def test_a_frame_of_a_camera_incident_is_not_exported_though_no_minute_was_withdrawn(
    city: City, clickhouse_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = ClickHouseSettings(port=clickhouse_port, database="evidence_of_a_dark_camera")
    migrate(settings, known_migrations())
    choose_own_ruleset(settings)
    with closing(RowStore(settings)) as rows:
        rows.write([episode_row(_episode(), 7), episode_row(_incident(NOON_MS + 2 * MINUTE_MS), 8)])
    monkeypatch.setenv("TILIK_AGGREGATE_CLICKHOUSE__DATABASE", settings.database)
    answer = city.run("export", EPISODE, "--out", str(tmp_path / "case.zip"), *WHO)
    assert answer.exit_code == 0, answer.output
    assert f"1 frames, {MINUTES} minutes" in answer.output
    assert answer.output.count("something was wrong with the camera's picture then") == 2


@pytest.mark.integration
def test_originals_are_exported_only_where_they_are_asked_for(city: City, tmp_path: Path) -> None:
    for out, options in ((tmp_path / "public.zip", ()), (tmp_path / "originals.zip", ("--originals",))):
        assert city.run("export", EPISODE, "--out", str(out), *WHO, *options).exit_code == 0
        assert (b"original video" in out.read_bytes()) == bool(options)
    with closing(connect(city.clickhouse, city.clickhouse.database)) as client:
        noted = client.query("SELECT who, action, camera_id, subject, why, detail FROM portal_audit").result_rows
    what = ("original_viewed", CAMERA, EPISODE, "laporan warga 112", "exported to originals.zip")
    assert noted == [("Sri Wahyuni", *what)]


@pytest.mark.integration
def test_an_episode_that_is_not_there_or_not_said_is_refused(city: City, tmp_path: Path) -> None:
    for said, told in (("ffffff", "there is no episode"), ("3fa", "32 hex digits"), ("'; DROP", "32 hex digits")):
        answer = city.run("export", said, "--out", str(tmp_path / "x.zip"), *WHO)
        assert isinstance(answer.exception, ConfigurationError)
        assert told in str(answer.exception)
    assert city.run("export", EPISODE, "--out", str(tmp_path / "x.zip")).exit_code == 2


@pytest.mark.integration
def test_a_hold_is_placed_and_ended(city: City) -> None:
    assert city.run("hold", EPISODE[:8], *WHO).exit_code == 0
    (hold,) = holds_of(city.case.store, CAMERA)
    assert (hold.from_ms, hold.until_ms) == (NOON_MS + MINUTE_MS, NOON_MS + 2 * MINUTE_MS)
    assert city.run("release", EPISODE[:8]).exit_code == 2
    assert city.run("release", EPISODE[:8], *WHO).exit_code == 0
    assert holds_of(city.case.store, CAMERA) == []
    assert "there is no hold" in str(city.run("release", EPISODE[:8], *WHO).exception), "and nobody noted that it ended"
    with closing(connect(city.clickhouse, city.clickhouse.database)) as client:
        which = "action LIKE 'hold%' ORDER BY at, action DESC"
        noted = client.query(f"SELECT who, action, subject, why FROM portal_audit WHERE {which}").result_rows
    assert noted == [(WHO[1], action, EPISODE, WHO[3]) for action in ("hold_placed", "hold_ended")]


@pytest.mark.integration
def test_retention_says_what_it_would_delete_asks_for_verdicts_and_takes_it_out_of_the_index(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(connect(city.clickhouse, city.clickhouse.database)) as client:
        judged = [(one.episode_id, one.verdict) for one in verdicts_of(client, CAMERA)]
    assert judged == [(EPISODE, "episode_confirmed")]
    monkeypatch.setattr("services.cli.evidence.expiring.now_ms", lambda: NOON_MS + 30 * DAY_MS)
    monkeypatch.setenv("TILIK_RECORD_RETENTION__AROUND_SECONDS", "0")
    before = [one.key for one in city.case.store.list("minutes")]
    refused = city.run("retention")
    assert isinstance(refused.exception, RetryableError), "nothing was recorded since, or the clock is wrong"
    answer = city.run("retention", "--dry-run", "--clock-is-right")
    assert answer.exit_code == 0, answer.output
    told = answer.stdout.splitlines()
    assert "original: minutes, original, kept 3 days" in told[0]
    assert told[-1] == "2 files, 0.0 MB would be deleted"
    assert [one.key for one in city.case.store.list("minutes")] == before
    entries = (one.entry for one in Chains(city.case.store).read(CAMERA, day_of(NOON_MS)).entries)
    originals = [row for row in rows_of(entries) if isinstance(row, RecordedMinuteRow) and row.form == "original"]
    with closing(RowStore(city.clickhouse)) as rows:
        rows.write(originals)
    assert city.run("retention", "--clock-is-right").stdout.splitlines()[-1] == "2 files, 0.0 MB were deleted"
    span = CAMERA, NOON_MS - DAY_MS, NOON_MS + DAY_MS
    named = {one.object_key for one in rows_between(city.clickhouse, RecordedMinuteRow, span)}
    gone = set(before) - {one.key for one in city.case.store.list("minutes")}
    assert {row.object_key for row in originals} - named == {key for key in gone if "/original/" in key} != set()
