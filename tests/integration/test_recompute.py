"""``tilik recompute`` from the topic and from ClickHouse gives what the worker wrote, and what others would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from click import Command
from click.testing import CliRunner

from schemas.camera_events import CAMERA_EVENT_CODEC, Decision, FrameDetections, FrameShed, make_event_id
from schemas.table import lasting_columns_of
from services.aggregate import recompute_store
from services.aggregate.episode_rows import EpisodeRow
from services.aggregate.event_rows import decision_row, detections_row
from services.aggregate.recompute_period import JUDGED_TABLES, Period, Suspended
from services.aggregate.recompute_store import StoredCamera
from services.aggregate.row_columns import RULESET
from services.aggregate.rows import ROW_TYPES
from services.cli.recompute import command as recompute_command
from services.cli.recompute.work import Judging
from services.cli.ruleset import command as ruleset_command
from services.cli.thresholds import command as thresholds_command
from services.runtime.clickhouse import connect
from services.runtime.kafka import OutgoingRecord
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from tests.integration.aggregate_scene import City, event_record, make_detections, shed
from tests.integration.aggregate_worker import TableRows, Workers, send, stored_rows, wait_until, wait_until_caught_up

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

FRAMES = 400
ENTRIES = """
cameras:
  - camera_id: {}
    name: Jalan
    kind: street
    place: {{kecamatan: Semarang Tengah, kelurahan: Sekayu, latitude: -6.98, longitude: 110.41}}
    source: {{kind: file, url: clip.avi}}
    zones:
      - {{zone_id: p, purpose: no_parking, polygon: [[0.5, 0.5], [1, 0.5], [1, 1], [0.5, 1]]}}
  - {{camera_id: {}, name: Jalan, kind: street, source: {{kind: file, url: clip.avi}},
     place: {{kecamatan: Semarang Tengah, kelurahan: Sekayu, latitude: -6.98, longitude: 110.41}}}}
"""


class Recomputing:
    """A database with a city's live rows, and the command line pointed at it."""

    def __init__(self, kafka: KafkaSettings, database: ClickHouseSettings, city: City, state: Path) -> None:
        self._kafka = kafka
        self._state = state
        self.database = database
        self.city = city

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run ``tilik recompute`` for the city's cameras in this process, and give what it says."""
        common = ["--bootstrap", self._kafka.bootstrap_servers, "--state", str(self._state)]
        common += [] if "--processes" in arguments else ["--processes", "1"]
        cameras = [] if "--camera" in arguments else ["--camera", f"{self.city.prefix}-*"]
        return self._invoke(recompute_command, [*arguments, *cameras, *common], code)

    def ruleset(self, *arguments: str, code: int = 0) -> str:
        """Run ``tilik ruleset`` in this process."""
        return self._invoke(ruleset_command, list(arguments), code)

    def thresholds(self, *arguments: str) -> str:
        """Run ``tilik thresholds`` in this process."""
        return self._invoke(thresholds_command, list(arguments), 0)

    def rows(self, ruleset: str) -> TableRows:
        """Give the judged rows of a ruleset, by table and key, the ruleset itself left out of both."""
        stored, found = stored_rows(self.database, self.city.prefix), TableRows()
        for row_type in ROW_TYPES:
            if row_type.TABLE in JUDGED_TABLES:
                at, column = row_type.KEY.index("ruleset"), lasting_columns_of(row_type).index("ruleset")
                found[row_type.TABLE] = {
                    key[:at] + key[at + 1 :]: row[:column] + row[column + 1 :]
                    for key, row in stored[row_type.TABLE].items()
                    if key[at] == ruleset
                }
        return found

    def count(self, condition: str) -> int:
        """Count in ClickHouse."""
        client = connect(self.database, self.database.database)
        found = client.query(f"SELECT count() FROM {condition}").result_rows
        client.close()
        return int(found[0][0])

    def _invoke(self, command: Command, arguments: list[str], code: int) -> str:
        environment = {"TILIK_AGGREGATE_CLICKHOUSE__DATABASE": self.database.database, "COLUMNS": "160"}
        place = ["--clickhouse", f"{self.database.host}:{self.database.port}"]
        result = CliRunner().invoke(command, [*arguments, *place], env=environment)
        assert result.exit_code == code, (result.output, result.exception)
        return result.output if code == 0 else f"{result.output}{result.exception}"


@pytest.fixture(scope="module")
def recomputing(kafka: KafkaSettings, clickhouse_port: int, tmp_path_factory: pytest.TempPathFactory) -> Recomputing:
    folder = tmp_path_factory.mktemp("recompute")
    database = ClickHouseSettings(port=clickhouse_port, database="recompute")
    workers = Workers(kafka, database, folder)
    city = City("again", 4)
    send(kafka, city.registry())
    send(kafka, list(with_frames_shed_before_they_were_judged(city.events(FRAMES))))
    try:
        worker = workers.start()
        wait_until(lambda: worker.get("/readyz")[0] == 200, 120, "readiness")
        wait_until_caught_up(kafka)
    finally:
        workers.end()
    return Recomputing(kafka, database, city, folder)


def with_frames_shed_before_they_were_judged(records: list[OutgoingRecord]) -> Iterator[OutgoingRecord]:
    """Put before some frames the event of a detector that had shed them: of it no raw row stays."""
    for number, record in enumerate(records):
        event = CAMERA_EVENT_CODEC.decode(record.value)
        if number % 70 == 3 and isinstance(event, FrameDetections):
            yield event_record(shed(event, "stale"))
        yield record


def test_from_the_raw_tables_and_from_the_topic_come_the_rows_that_the_worker_wrote(
    recomputing: Recomputing, tmp_path: Path
) -> None:
    recomputing.run("--from", "clickhouse", "--into", "clickhouse", "--ruleset", "again")
    live, again = recomputing.rows(RULESET), recomputing.rows("again")
    assert again == live
    assert len(live["camera_minutes"]) >= 4 * FRAMES // 60
    assert len(live["episodes"]) >= 4
    recomputing.run("--from", "kafka", "--out", str(tmp_path / "topic"), "--processes", "2")
    recomputing.run("--from", "clickhouse", "--out", str(tmp_path / "store"))
    assert sorted(path.stem for path in (tmp_path / "topic").iterdir()) == sorted(t.TABLE for t in ROW_TYPES)
    for table in JUDGED_TABLES:
        from_topic = (tmp_path / "topic" / f"{table}.jsonl").read_bytes()
        assert from_topic == (tmp_path / "store" / f"{table}.jsonl").read_bytes(), table
        assert len(from_topic.splitlines()) == len(live[table]), table


def test_other_rules_find_other_episodes_and_can_be_made_current(recomputing: Recomputing, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules: {parking: {grace_seconds: 3600}}\n")
    said = recomputing.run("--from", "clickhouse", "--into", "clickhouse", "--rules", str(rules), "--ruleset", "slow")
    assert "ruleset slow" in said
    found = msgspec.json.decode(recomputing.ruleset("compare", RULESET, "slow", "--json"))
    gone = [pair for pair in found["episodes"] if pair[1] is None]
    assert {pair[0][2] for pair in gone} == {"parking_case"}
    assert {pair[0][0] for pair in gone} == set(recomputing.city.camera_ids)
    assert all(day["minutes"].keys() == {"parking_minutes"} for day in found["days"])
    assert sum(day["sums"]["parking_cases"]["a"] for day in found["days"]) == len(gone)
    assert "parking cases" in recomputing.ruleset("compare", RULESET, "slow", "--episodes")
    recomputing.ruleset("use", "slow", "--reason", "a quieter street")
    assert recomputing.count("current_episodes WHERE ruleset = 'slow'") == recomputing.count(
        "episodes FINAL WHERE ruleset = 'slow'"
    )
    assert recomputing.count(f"current_episodes WHERE ruleset = '{RULESET}' AND episode_type = 'parking_case'") == 0
    again = ("--from", "clickhouse", "--into", "clickhouse", "--ruleset", "slow", "--replace")
    before = recomputing.rows("slow")
    said = recomputing.run(*again, code=1)
    assert "rows that --replace would delete are current" in said
    assert recomputing.rows("slow") == before
    recomputing.run(*again, "--current-too")
    assert recomputing.rows("slow") == recomputing.rows(RULESET) != before
    said = recomputing.ruleset("use", RULESET, "--reason", "as it was", code=2)
    assert "slow, current from 2025-06-15 22:06 WIB" in said
    assert recomputing.count("current_camera_minutes WHERE ruleset = 'slow'") > 0
    recomputing.ruleset("use", RULESET, "--reason", "as it was", "--yes")
    assert recomputing.count("current_camera_minutes WHERE ruleset = 'slow'") == 0


def test_a_ruleset_that_lacks_cameras_is_not_made_current_by_mistake(recomputing: Recomputing) -> None:
    first = recomputing.city.camera_ids[0]
    recomputing.run("--from", "clickhouse", "--into", "clickhouse", "--ruleset", "one", "--camera", first)
    said = recomputing.ruleset("use", "one", "--reason", "an attempt", code=1)
    assert f"one lacks 8 minutes of {recomputing.city.camera_ids[1]}" in said
    assert "--partial" in said
    assert recomputing.count("ruleset_choices WHERE ruleset = 'one'") == 0
    assert "one" in recomputing.ruleset("list")


def test_of_a_period_only_its_rows_are_written_after_a_warm_up(recomputing: Recomputing) -> None:
    period = ["--since", "2025-06-15T15:10Z", "--until", "2025-06-15T15:12Z", "--warm-up", "2min"]
    said = recomputing.run("--from", "clickhouse", "--into", "clickhouse", "--ruleset", "part", *period)
    assert "approximate" in said
    assert "open at 2025-06-15 22:08 WIB under the current rules: again-00 (parking case)" in said
    live, part = recomputing.rows(RULESET), recomputing.rows("part")
    minutes = {1_750_000_200_000, 1_750_000_260_000}
    for table in ("camera_minutes", "counter_minutes"):
        assert part[table] == {key: row for key, row in live[table].items() if key[1] in minutes}, table
    recomputing.run("--from", "kafka", "--into", "clickhouse", "--ruleset", "part-of-topic", *period)
    assert recomputing.rows("part-of-topic") == part


def test_thresholds_are_suggested_from_the_verdicts_in_clickhouse(recomputing: Recomputing) -> None:
    rows = stored_rows(recomputing.database, recomputing.city.prefix)[EpisodeRow.TABLE]
    live = [key for key in sorted(rows) if key[2] == RULESET]
    store = RowStore(recomputing.database)
    for number, (camera_id, episode_id, _) in enumerate(live):
        decision = Decision(
            event_id=make_event_id("verdict", episode_id),
            camera_id=camera_id,
            decided_at_ms=1_750_000_900_000,
            decided_by="petugas",
            decision="episode_confirmed" if number % 2 else "episode_rejected",
            reason="looked at it",
            episode_id=episode_id,
        )
        store.write([decision_row(decision, decision.decided_at_ms, 10_000 + number)])
    store.close()
    said = recomputing.thresholds("suggest", "--by", "all")
    assert "parking.grace_seconds *" in said
    assert "rules:" in said
    assert len(live) >= 4


def test_an_interrupted_run_goes_on_where_it_was_also_within_a_camera(
    recomputing: Recomputing, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("--from", "clickhouse", "--into", "clickhouse", "--ruleset", "resumed")
    suspended: list[str] = []
    suspend = Judging.suspend

    def interrupted(judging: Judging, camera_id: str) -> Suspended | None:
        suspended.append(camera_id)
        if len(suspended) > 6:
            raise KeyboardInterrupt
        return suspend(judging, camera_id)

    monkeypatch.setattr(recompute_store, "SPAN_FRAMES", 100)
    with monkeypatch.context() as patches:
        patches.setattr(Judging, "suspend", interrupted)
        recomputing.run(*arguments, code=1)
    assert suspended[0] != suspended[-1] == suspended[-2]
    assert "1 of 4 tasks are done" in recomputing.run(*arguments)
    assert recomputing.rows("resumed") == recomputing.rows(RULESET)
    said = recomputing.run(*arguments, code=1)
    assert "--replace" in said
    recomputing.run(*arguments, "--replace")
    assert recomputing.rows("resumed") == recomputing.rows(RULESET)


def test_a_file_goes_to_clickhouse_where_no_rows_of_its_cameras_bear_the_name(
    recomputing: Recomputing, tmp_path: Path
) -> None:
    camera_ids = recomputing.city.camera_ids[:2]
    entries = ENTRIES.format(*camera_ids)
    events, registry = tmp_path / "events.jsonl", tmp_path / "cameras.yaml"
    registry.write_text(entries)
    (tmp_path / "clip.avi").write_bytes(b"")
    frames = [make_detections(camera_id, n) for n in range(FRAMES) for camera_id in camera_ids]
    events.write_bytes(b"".join(CAMERA_EVENT_CODEC.encode(frame) + b"\n" for frame in frames))
    common = ("--from", str(events), "--cameras", str(registry), "--into", "clickhouse", "--ruleset", "of-a-file")
    recomputing.run(*common)
    found = recomputing.rows("of-a-file")
    assert {key[0] for key in found["camera_minutes"]} == set(camera_ids)
    events.write_bytes(b"".join(CAMERA_EVENT_CODEC.encode(frame) + b"\n" for frame in frames[: FRAMES // 2]))
    assert "--replace" in recomputing.run(*common, code=1)
    recomputing.run(*common, "--camera", camera_ids[0], "--replace")
    minutes, kept = recomputing.rows("of-a-file")["camera_minutes"], found["camera_minutes"]
    assert {key for key in minutes if key[0] == camera_ids[1]} == {key for key in kept if key[0] == camera_ids[1]}
    assert 0 < sum(key[0] == camera_ids[0] for key in minutes) < sum(key[0] == camera_ids[0] for key in kept)


def test_history_ends_with_the_first_frame_from_after_the_end(recomputing: Recomputing) -> None:
    camera_id, end_ms = recomputing.city.camera_ids[0], 1_750_000_200_000
    with closing(connect(recomputing.database, recomputing.database.database)) as client:
        stored = StoredCamera(client, camera_id, Period(), end_ms)
        found = [placed.offset for events in stored.spans() for placed in events]
        whole = [p for events in StoredCamera(client, camera_id, Period()).spans() for p in events]
    end = min(
        p.offset
        for p in whole
        if isinstance(p.event, FrameDetections | FrameShed) and p.event.frame.appended_at_ms >= end_ms
    )
    assert found == [placed.offset for placed in whole if placed.offset < end]
    assert 100 < len(found) < len(whole)


def test_a_camera_that_fails_is_named_and_the_others_are_whole(recomputing: Recomputing, tmp_path: Path) -> None:
    store = RowStore(recomputing.database)
    store.write([detections_row(make_detections(f"{recomputing.city.prefix}-ghost", 0), 0)])
    store.close()
    said = recomputing.run("--from", "clickhouse", "--into", "clickhouse", "--ruleset", "most", code=1)
    assert "again-ghost failed: the registry has no revision 1 of again-ghost" in said
    assert recomputing.rows("most") == recomputing.rows(RULESET)
    assert "4 of 5 tasks are done" in recomputing.run(
        "--from", "clickhouse", "--into", "clickhouse", "--ruleset", "most", code=1
    )


def test_where_detections_are_gone_rows_begin_with_what_is_kept(recomputing: Recomputing) -> None:
    camera_id, oldest_ms = recomputing.city.camera_ids[-1], 1_750_000_090_000
    client = connect(recomputing.database, recomputing.database.database)
    client.command(
        f"DELETE FROM detections WHERE camera_id = '{camera_id}' AND toUnixTimestamp64Milli(captured_at) < {oldest_ms}"
    )
    client.close()
    said = recomputing.run("--from", "clickhouse", "--into", "clickhouse", "--ruleset", "kept", "--camera", camera_id)
    assert "of 1 cameras detections are kept no more from the start" in said
    live, kept = recomputing.rows(RULESET)["counter_minutes"], recomputing.rows("kept")["counter_minutes"]
    assert kept == {key: row for key, row in live.items() if key[0] == camera_id and key[1] >= oldest_ms}
    assert len(kept) >= 4


def test_of_a_camera_whose_detections_are_all_gone_nothing_is_judged(recomputing: Recomputing) -> None:
    gone, whole = recomputing.city.camera_ids[1:3]
    client = connect(recomputing.database, recomputing.database.database)
    client.command(f"DELETE FROM detections WHERE camera_id = '{gone}'")
    client.close()
    cameras = ("--camera", gone, "--camera", whole)
    said = recomputing.run("--from", "clickhouse", "--into", "clickhouse", "--ruleset", "gone", *cameras)
    assert f"of {gone} no detections are kept any more: nothing was judged" in said
    live, found = recomputing.rows(RULESET)["camera_minutes"], recomputing.rows("gone")["camera_minutes"]
    assert found == {key: row for key, row in live.items() if key[0] == whole}
